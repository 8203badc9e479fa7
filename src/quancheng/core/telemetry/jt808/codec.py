"""JT/T 808 编解码 (§4.4): flag, escaped header and body and check, flag; both ways.

The check is the XOR of all bytes: it finds every flipped bit and every odd number of errors in a bit
column, but two equal flips in one column cancel and of random damage one frame in 256 passes.
Escapes, length, BCD and the content of bodies are therefore checked as well.
"""

from __future__ import annotations

from ..bcd import pack_bcd, unpack_bcd
from ..framing import Splitter
from ..refusal import FrameRefused, Reason
from .frame import Frame, Packet

__all__ = ["BODY_LIMIT", "FrameBuffer", "decode", "encode"]

FLAG = 0x7E
_ESCAPE = 0x7D
_MARK = bytes((FLAG,))
BODY_LIMIT = 1023
_SHORT, _LONG = 6, 10
_SPLIT, _VERSIONED = 1 << 13, 1 << 14
_CIPHER = 0b111 << 10
_LEAST = 13


def decode(raw: bytes) -> Frame:
    """Read exactly one frame from flag to flag. Raises FrameRefused."""
    if raw[:1] != _MARK:
        raise FrameRefused(Reason.START, raw[:2].hex())
    if len(raw) < 2 or raw[-1] != FLAG:
        raise FrameRefused(Reason.TRUNCATED, f"{len(raw)} bytes")
    plain = _unescaped(raw[1:-1])
    if len(plain) < _LEAST:
        raise FrameRefused(Reason.TRUNCATED, f"{len(plain)} bytes")
    if _xor(plain):
        raise FrameRefused(Reason.CHECKSUM, f"{plain[-1]:02X}")
    return _frame(plain[:-1])


def _xor(data: bytes) -> int:
    """XOR of all bytes: halves of the number they make are folded together until one byte is left."""
    number, size = int.from_bytes(data), len(data)
    while size > 1:
        size = (size + 1) // 2
        number = (number >> 8 * size) ^ (number & ((1 << 8 * size) - 1))
    return number


def _unescaped(raw: bytes) -> bytes:
    if FLAG in raw:
        raise FrameRefused(Reason.LENGTH, "a flag inside")
    if _ESCAPE not in raw:
        return raw
    first, *rest = raw.split(b"\x7d")
    parts = [first]
    for part in rest:
        if part[:1] not in (b"\x01", b"\x02"):
            raise FrameRefused(Reason.SYNTAX, f"escape 7D{part[:1].hex()}")
        parts += (b"\x7d" if part[0] == 1 else b"\x7e", part[1:])
    return b"".join(parts)


def _frame(plain: bytes) -> Frame:
    attributes = plain[2] << 8 | plain[3]
    version, at, size = None, 4, _SHORT
    if attributes & _VERSIONED:
        version, at, size = plain[4], 5, _LONG
    end = at + size + 2 + (4 if attributes & _SPLIT else 0)
    length = attributes & BODY_LIMIT
    if len(plain) != end + length:
        raise FrameRefused(Reason.LENGTH, f"{len(plain) - end} bytes of body, {length} said")
    if attributes & _CIPHER:
        raise FrameRefused(Reason.FORMAT, "encrypted body")
    if attributes & 1 << 15:
        raise FrameRefused(Reason.FIELD, f"attributes {attributes:04X}")
    packet = None
    if attributes & _SPLIT:
        packet = Packet(plain[end - 4] << 8 | plain[end - 3], plain[end - 2] << 8 | plain[end - 1])
        if not 1 <= packet.number <= packet.total:
            raise FrameRefused(Reason.SEQUENCE, f"packet {packet.number} of {packet.total}")
    return Frame(
        message=plain[0] << 8 | plain[1],
        phone=unpack_bcd(plain[at : at + size]),
        serial=plain[at + size] << 8 | plain[at + size + 1],
        body=plain[end:],
        version=version,
        packet=packet,
    )


def encode(frame: Frame) -> bytes:
    """Write a frame; refuses whatever :func:`decode` would not read back as the same value."""
    if len(frame.body) > BODY_LIMIT:
        raise FrameRefused(Reason.LIMIT, f"{len(frame.body)} bytes of body: split it")
    attributes = len(frame.body)
    try:
        head = frame.message.to_bytes(2)
        if frame.version is not None:
            attributes |= _VERSIONED
        if frame.packet is not None:
            attributes |= _SPLIT
        head += attributes.to_bytes(2)
        if frame.version is not None:
            head += frame.version.to_bytes(1)
        head += pack_bcd(frame.phone, _SHORT if frame.version is None else _LONG) + frame.serial.to_bytes(2)
        if frame.packet is not None:
            head += frame.packet.total.to_bytes(2) + frame.packet.number.to_bytes(2)
    except OverflowError as error:
        raise FrameRefused(Reason.VALUE, str(error)) from error
    if frame.packet is not None and not 1 <= frame.packet.number <= frame.packet.total:
        raise FrameRefused(Reason.SEQUENCE, f"packet {frame.packet.number} of {frame.packet.total}")
    if len(frame.phone) != 2 * (_SHORT if frame.version is None else _LONG):
        raise FrameRefused(Reason.ADDRESS, frame.phone)
    plain = head + frame.body
    plain += bytes((_xor(plain),))
    return _MARK + plain.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + _MARK


class _Framing:
    """How the splitter finds JT/T 808 frames: from flag to flag, at most twice the longest message."""

    mark = _MARK
    limit = 2 * (17 + 4 + BODY_LIMIT + 1) + 2

    def measure(self, held: bytearray) -> int | None:
        """The next flag ends the frame. Two flags together are the end of one and the start of the next."""
        end = held.find(_MARK, 1, self.limit)
        if end == 1:
            raise FrameRefused(Reason.START, "an empty frame")
        if end > 0:
            return end + 1
        if len(held) >= self.limit:
            raise FrameRefused(Reason.LENGTH, "no end flag")
        return None

    def decode(self, raw: bytes) -> Frame:
        """One frame."""
        return decode(raw)


class FrameBuffer(Splitter[Frame]):
    """Feed bytes of one line, take frames and bad frames in order."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_Framing())
