"""Protobuf 线格式: just enough of it to read and write one message (encoding spec, proto2).

Field values come as they are on the wire: an integer for varints and fixed widths, bytes for the
rest. Groups, which the message does not use, are refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..refusal import FrameRefused, Reason

__all__ = ["BYTES", "FIXED32", "FIXED64", "VARINT", "field", "fields", "varint"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST = 10
_U64 = (1 << 64) - 1


def _varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at ``at`` and the place behind it."""
    value = shift = 0
    for place in range(at, min(at + _LONGEST, end)):
        byte = raw[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _U64:
                break
            return value, place + 1
        shift += 7
    raise FrameRefused(Reason.TRUNCATED if end - at < _LONGEST else Reason.VALUE, f"varint at {at}")


def fields(raw: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int, int, int, int]]:
    """Every field of a message: number, wire type, value (of numbers), start and end (of bytes)."""
    at, end = start, len(raw) if stop is None else stop
    while at < end:
        byte = raw[at]
        if byte < 0x80:
            key, at = byte, at + 1
        else:
            key, at = _varint(raw, at, end)
        number, kind = key >> 3, key & 7
        if not number:
            raise FrameRefused(Reason.FIELD, f"field 0 at {at}")
        value, first, last = 0, at, at
        if kind == VARINT:
            value, at = _varint(raw, at, end)
        elif kind == BYTES:
            size, first = _varint(raw, at, end)
            last = at = first + size
        elif kind in (FIXED32, FIXED64):
            last = at = first + (4 if kind == FIXED32 else 8)
            value = int.from_bytes(raw[first:last], "little")
        else:
            raise FrameRefused(Reason.FIELD, f"wire type {kind} at {at}")
        if at > end:
            raise FrameRefused(Reason.TRUNCATED, f"field {number} ends at {at} of {end}")
        yield number, kind, value, first, last


def varint(value: int) -> bytes:
    """Write a number of up to 64 bits."""
    if not 0 <= value <= _U64:
        raise FrameRefused(Reason.VALUE, f"{value}")
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def field(number: int, kind: int, value: int | bytes) -> bytes:
    """Write one field: bytes with their length, numbers by their wire type."""
    key = varint(number << 3 | kind)
    if isinstance(value, bytes):
        return key + (varint(len(value)) if kind == BYTES else b"") + value
    return key + varint(value)
