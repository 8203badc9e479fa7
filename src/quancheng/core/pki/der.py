"""Is it DER? (X.690 section 10 and 11.) asn1crypto reads BER too; what is signed has one form only."""

from __future__ import annotations

from quancheng.core.pki.errors import PkiError, PkiReason

__all__ = ["check_der", "part"]

DEEPEST = 40
_BOOLEAN, _INTEGER, _BIT_STRING = 0x01, 0x02, 0x03
_CONSTRUCTED_ONLY = {0x10, 0x11}
"""SEQUENCE and SET; every other universal type is primitive in DER."""


def check_der(data: bytes) -> None:
    """Nothing when these bytes are exactly one DER value. Raises PkiError (FORM).

    Checked are tags, lengths, and the contents of BOOLEAN, INTEGER and the unused bits of BIT STRING;
    the order of SET OF and omitted defaults need the types and are not.
    """
    if _value(data, 0, len(data), 0) != len(data):
        raise _wrong("something behind the value")


def part(data: bytes, *path: int) -> bytes:
    """The bytes of a part of a DER that was checked, by positions: ``part(der, 0, 1)`` is the second of the first.

    What was signed is taken from the wire by this, never from a value encoded again. Raises PkiError (FORM).
    """
    for position in path:
        at, size = _length(data, 1, len(data))
        stop, found = at + size, -1
        if not data[0] & 0x20:
            raise _wrong("no parts")
        while at < stop:
            start, (inner, length) = at, _length(data, at + 1, stop)
            at, found = inner + length, found + 1
            if found == position:
                data = data[start:at]
                break
        else:
            raise _wrong(f"no part {position}")
    return data


def _wrong(said: str) -> PkiError:
    return PkiError(PkiReason.FORM, f"not DER: {said}")


def _value(data: bytes, start: int, end: int, depth: int) -> int:
    """Check one value; where the next begins."""
    if depth > DEEPEST:
        raise _wrong("too deep")
    if end - start < 2:
        raise _wrong("cut short")
    tag = data[start]
    if tag & 0x1F == 0x1F:
        raise _wrong("a long tag")
    at, size = _length(data, start + 1, end)
    stop = at + size
    if stop > end:
        raise _wrong("longer than what holds it")
    if tag & 0x20:
        _constructed(data, tag, at, stop, depth)
    else:
        _primitive(tag, data[at:stop])
    return stop


def _constructed(data: bytes, tag: int, at: int, stop: int, depth: int) -> None:
    if tag < 0x40 and tag & 0x1F not in _CONSTRUCTED_ONLY:
        raise _wrong(f"tag {tag:02x} in pieces")
    while at < stop:
        at = _value(data, at, stop, depth + 1)


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the contents begin, and how many they are."""
    first = data[at]
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    if not 0 < count <= 4 or at + 1 + count > end:
        raise _wrong("length")
    size = int.from_bytes(data[at + 1 : at + 1 + count], "big")
    if size < 0x80 or size < 1 << 8 * (count - 1):
        raise _wrong("a length longer than need be")
    return at + 1 + count, size


def _primitive(tag: int, body: bytes) -> None:
    if tag < 0x40 and tag in _CONSTRUCTED_ONLY:
        raise _wrong(f"tag {tag:02x} without parts")
    if tag == _BOOLEAN and body not in (b"\x00", b"\xff"):
        raise _wrong("BOOLEAN")
    if tag == _INTEGER and (
        not body or (len(body) > 1 and body[0] in (0, 0xFF) and body[0] >> 7 == body[1] >> 7)
    ):
        raise _wrong("INTEGER")
    if tag == _BIT_STRING and not _bits(body):
        raise _wrong("BIT STRING")


def _bits(body: bytes) -> bool:
    """Unused bits are fewer than eight, zero, and belong to a last byte (section 11.2.1)."""
    if not body or body[0] > 7:
        return False
    return not body[0] or (len(body) > 1 and not body[-1] & ((1 << body[0]) - 1))
