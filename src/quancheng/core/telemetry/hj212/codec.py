"""HJ 212 编解码: ``##`` length data segment CRC CR LF, both ways; nothing guessed, nothing repaired.

HJ 212-2017 §6.3 (2025 the same with version bits 000010, RF and encryption; 2005 without Flag).
The length counts the bytes of the data segment. Frames over 1,024 bytes break §6.3.2 but are sent by
loggers in the field and carry a checksum like any other: they are read, never written.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..framing import Splitter
from ..refusal import FrameRefused, Reason
from .crc import crc16
from .frame import Frame, Groups, Item
from .sm4 import decrypted, hidden
from .tables import Version

__all__ = ["SEGMENT_LIMIT", "FrameBuffer", "decode", "encode", "wire"]

MARK, TAIL = b"##", b"\r\n"
SEGMENT_LIMIT = 1024
_HEAD, _CRC = 6, 4
_LONGEST = 9999
_REGION = "CP=&&"
_FIELDS = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
_SHAPES = {
    "QN": re.compile(r"\d{14,20}"),
    "ST": re.compile(r"[0-9A-Z]{2}"),
    "CN": re.compile(r"\d{4}"),
    "PW": re.compile(r"[!-%'-:<>-~]{0,16}"),
    "MN": re.compile(r"[0-9A-Za-z_.-]{5,32}"),
    "Flag": re.compile(r"\d{1,3}"),
    "PNUM": re.compile(r"\d{1,8}"),
    "PNO": re.compile(r"\d{1,8}"),
    "RF": re.compile(r"1"),
}
_KEY_LIMIT = 64
_REGION_TEXT = re.compile(r"[^&\x00-\x1f\x7f]*")
_TEXT = re.compile(r"[^=,;&\x00-\x1f\x7f]{0,400}")
_OTHER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")


def decode(raw: bytes, key: bytes | None = None) -> Frame:
    """Read exactly one frame; ``key`` is the device's SM4 key (2025). Raises FrameRefused."""
    size = _length(raw)
    if len(raw) != size:
        reason = Reason.TRUNCATED if len(raw) < size else Reason.LENGTH
        raise FrameRefused(reason, f"{len(raw)} of {size} bytes")
    if raw[-2:] != TAIL:
        raise FrameRefused(Reason.START, f"ends with {raw[-2:].hex()}")
    segment, check = raw[_HEAD : -_CRC - 2], raw[-_CRC - 2 : -2]
    if re.fullmatch(rb"[0-9A-Fa-f]{4}", check) is None:
        raise FrameRefused(Reason.CHECKSUM, repr(check))
    return _segment(_text(_checked(segment, int(check, 16), key)))


def _checked(segment: bytes, check: int, key: bytes | None) -> bytes:
    """The plain segment that has the checksum: as it came, or decrypted."""
    secret = hidden(segment)
    if not secret and crc16(segment) == check:
        return segment
    if key is not None and crc16(plain := decrypted(segment, key)) == check:
        return plain
    if secret and key is None:
        raise FrameRefused(Reason.SIGNATURE, "data region is encrypted and no key is known")
    raise FrameRefused(Reason.CHECKSUM, f"{check:04X} for {crc16(segment):04X}")


def _length(raw: bytes | bytearray) -> int:
    """The size of the whole frame as its head says."""
    if raw[:2] != MARK:
        raise FrameRefused(Reason.START, bytes(raw[:2]).hex())
    digits = bytes(raw[2:_HEAD])
    if not digits.isdigit():
        raise FrameRefused(Reason.LENGTH, repr(digits))
    if len(digits) < _CRC:
        raise FrameRefused(Reason.TRUNCATED, f"{len(raw)} bytes")
    return _HEAD + int(digits) + _CRC + 2


def _text(segment: bytes) -> str:
    """Text of a data segment: ASCII, or Chinese as UTF-8 (2025) or GB 18030 (older loggers)."""
    for name in ("utf-8", "gb18030"):
        try:
            return segment.decode(name)
        except UnicodeDecodeError:
            continue
    raise FrameRefused(Reason.SYNTAX, "data segment is not text")


def _segment(text: str) -> Frame:
    head, found, tail = text.partition(_REGION)
    if not found or not tail.endswith("&&"):
        raise FrameRefused(Reason.SYNTAX, "no data region CP=&&…&&")
    fields: dict[str, str] = {}
    for part in head.removesuffix(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in fields:
            raise FrameRefused(Reason.SYNTAX, part[:40])
        _check_field(name, value)
        fields[name] = value
    if missing := {"ST", "CN", "PW", "MN"} - fields.keys():
        raise FrameRefused(Reason.FIELD, " ".join(sorted(missing)))
    return _frame(fields, _groups(tail[:-2]))


def _check_field(name: str, value: str) -> None:
    shape = _SHAPES.get(name)
    good = shape.fullmatch(value) if shape else _OTHER.fullmatch(name) and _TEXT.fullmatch(value)
    if not good or (shape and not value.isascii()):
        raise FrameRefused(Reason.FIELD, f"{name}={value[:40]}")


def _frame(fields: dict[str, str], groups: Groups) -> Frame:
    flag = int(fields.get("Flag", "0"))
    try:
        version = Version(flag >> 2)
    except ValueError as error:
        raise FrameRefused(Reason.FIELD, f"Flag={flag}") from error
    packets = _packets(fields, split=bool(flag & 2))
    return Frame(
        st=fields["ST"],
        cn=fields["CN"],
        pw=fields["PW"],
        mn=fields["MN"],
        groups=groups,
        qn=fields.get("QN", ""),
        version=version,
        answer=bool(flag & 1),
        packets=packets,
        late="RF" in fields,
        flagged="Flag" in fields,
        others=tuple((name, value) for name, value in fields.items() if name not in _FIELDS),
    )


def _packets(fields: dict[str, str], *, split: bool) -> tuple[int, int] | None:
    """PNUM and PNO; they stand there if and only if Flag has its bit D (表5)."""
    if not split:
        if fields.keys() & {"PNUM", "PNO"}:
            raise FrameRefused(Reason.FIELD, "PNUM or PNO without bit D of Flag")
        return None
    try:
        total, number = int(fields["PNUM"]), int(fields["PNO"])
    except KeyError as error:
        raise FrameRefused(Reason.FIELD, "bit D of Flag without PNUM and PNO") from error
    if not 1 <= number <= total:
        raise FrameRefused(Reason.FIELD, f"packet {number} of {total}")
    return total, number


def _groups(region: str) -> Groups:
    if not _REGION_TEXT.fullmatch(region):
        raise FrameRefused(Reason.SYNTAX, "& or control characters in the data region")
    found = []
    for part in region.split(";"):
        items = tuple(_item(item) for item in part.split(",") if item)
        if items:
            found.append(items)
    return tuple(found)


def _item(text: str) -> Item:
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or "=" in value or not 0 < len(name) <= _KEY_LIMIT or len(name.split()) != 1:
        raise FrameRefused(Reason.SYNTAX, text[:40])
    return name, value.strip()


def encode(frame: Frame, *, trusted: bool = False) -> bytes:
    """Write a frame; refuses whatever :func:`decode` would not read back as the same value.

    ``trusted`` leaves that proof out: for answers, all of whose fields come from a frame that was read.
    """
    segment = wire(frame)
    if len(segment) > SEGMENT_LIMIT:
        raise FrameRefused(Reason.LIMIT, f"{len(segment)} bytes: split it into packets")
    raw = b"%b%04d%b%04X%b" % (MARK, len(segment), segment, crc16(segment), TAIL)
    if not trusted and decode(raw) != replace(frame, groups=tuple(group for group in frame.groups if group)):
        raise FrameRefused(Reason.VALUE, "fields that cannot be written")
    return raw


def wire(frame: Frame) -> bytes:
    """The data segment of a frame as bytes, without head, checksum and tail."""
    parts = [f"QN={frame.qn}"] if frame.qn else []
    parts += [f"ST={frame.st}", f"CN={frame.cn}", f"PW={frame.pw}", f"MN={frame.mn}"]
    if frame.flagged:
        parts.append(f"Flag={frame.flag}")
    if frame.packets is not None:
        parts += [f"PNUM={frame.packets[0]}", f"PNO={frame.packets[1]}"]
    if frame.late:
        parts.append("RF=1")
    parts += [f"{name}={value}" for name, value in frame.others]
    region = ";".join(",".join(f"{name}={value}" for name, value in group) for group in frame.groups)
    return ";".join([*parts, f"{_REGION}{region}&&"]).encode()


class _Framing:
    """How the splitter finds HJ 212 frames."""

    mark = MARK
    limit = _HEAD + _LONGEST + _CRC + 2

    def __init__(self, key: bytes | None) -> None:
        self._key = key

    def measure(self, held: bytearray) -> int | None:
        """Six bytes tell the size."""
        return None if len(held) < _HEAD and bytes(held[2:]).isdigit() | (len(held) == 2) else _length(held)

    def decode(self, raw: bytes) -> Frame:
        """One frame, decrypted where the key is known."""
        return decode(raw, self._key)


class FrameBuffer(Splitter[Frame]):
    """Feed bytes of one line, take frames and bad frames in order."""

    __slots__ = ()

    def __init__(self, key: bytes | None = None) -> None:
        super().__init__(_Framing(key))
