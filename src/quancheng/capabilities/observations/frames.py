"""日志帧: a batch as bytes and back; pure.

Layout (little-endian), aligned to 8 bytes so that columns are read in place::

    magic 4 | columns u32 | payload length u32 | rows u32 | number u64 | CRC-32 of payload u32 | CRC-32 of these 28 bytes u32
    payload: the columns named by the bit field, in the order of ``_COLUMNS``, each padded to 8 bytes

A column that says nothing (all zero, all none) is left out. ``number`` counts the frames of a file.
CRC-32 is ISO 3309 as zlib computes it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from quancheng.capabilities.observations.values import NONE, Batch, Words

MAGIC = b"QCO1"
_HEAD = struct.Struct("<4sIIIQI")
_CRC = struct.Struct("<I")
HEADER = _HEAD.size + _CRC.size
_IDS_IN_A_ROW = 1 << 31
_Column = tuple[str, Any, Any]
_COLUMNS: tuple[_Column, ...] = (
    ("stream", np.int64, None),
    ("time", np.int64, None),
    ("number", np.float64, None),
    ("id", np.int64, 0),
    ("time_end", np.int64, NONE),
    ("result_time", np.int64, NONE),
    ("feature", np.int64, NONE),
    ("rev", np.int64, 0),
    ("quality", np.uint16, 0),
    ("kind", np.uint8, 0),
)
_WORDS = ("text", "extra")


class Torn(Exception):
    """The bytes end before the frame does."""


class Broken(Exception):
    """These bytes are no frame, or one that was altered."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame read: its batch, and where the next begins."""

    batch: Batch
    number: int
    end: int


def encode(batch: Batch, number: int = 0) -> bytearray:
    """The frame of a batch; :func:`renumber` may change its number later."""
    payload: list[bytes] = []
    mask = 0
    for bit, (name, kind, absent) in enumerate(_COLUMNS):
        column = getattr(batch, name)
        if name == "id" and len(column) and _in_a_row(column):
            mask |= _IDS_IN_A_ROW
            payload.append(_CRC_PAD.pack(int(column[0])))
            continue
        if absent is not None and bool((column == absent).all()):
            continue
        mask |= 1 << bit
        payload.append(_padded(np.ascontiguousarray(column, kind).tobytes()))
    for bit, name in enumerate(_WORDS, start=len(_COLUMNS)):
        words: Words | None = getattr(batch, name)
        if words is not None:
            mask |= 1 << bit
            said = [(place, word) for place, word in enumerate(words) if word is not None]
            blob = msgspec.json.encode(said)
            payload.append(_padded(struct.pack("<Q", len(blob)) + blob))
    body = b"".join(payload)
    frame = bytearray(HEADER)
    _put_head(frame, mask, len(body), len(batch), number, zlib.crc32(body))
    frame += body
    return frame


_CRC_PAD = struct.Struct("<q")


def renumber(frame: bytearray, number: int) -> None:
    """Give a frame its number in the file it is written to."""
    _, mask, length, rows, _, crc = _HEAD.unpack_from(frame)
    _put_head(frame, mask, length, rows, number, crc)


def decode(data: memoryview, start: int = 0) -> Frame:
    """The frame that begins at ``start``; columns are views of ``data`` and must not be written.

    Raises Torn when more bytes are needed, Broken when these are no whole frame.
    """
    if len(data) - start < HEADER:
        raise Torn
    magic, mask, length, rows, number, crc = _HEAD.unpack_from(data, start)
    (head_crc,) = _CRC.unpack_from(data, start + _HEAD.size)
    if magic != MAGIC or zlib.crc32(data[start : start + _HEAD.size]) != head_crc:
        raise Broken
    begin, end = start + HEADER, start + HEADER + length
    if end > len(data):
        raise Torn
    body = data[begin:end]
    if zlib.crc32(body) != crc:
        raise Broken
    try:
        return Frame(_batch(body, mask, rows), number, end)
    except (ValueError, struct.error, msgspec.DecodeError, IndexError) as error:
        raise Broken from error  # a writer of another release; its sum is right, its content is not ours


def resume(data: memoryview, start: int) -> int | None:
    """Where the next whole frame after damage begins, or None."""
    raw = bytes(data[start:])
    place = raw.find(MAGIC)
    while place >= 0:
        try:
            decode(data, start + place)
        except (Torn, Broken):
            place = raw.find(MAGIC, place + 1)
        else:
            return start + place
    return None


def _batch(body: memoryview, mask: int, rows: int) -> Batch:
    found: dict[str, Any] = {}
    at = 0
    for bit, (name, kind, absent) in enumerate(_COLUMNS):
        if name == "id" and mask & _IDS_IN_A_ROW:
            first = _CRC_PAD.unpack_from(body, at)[0]
            found[name] = np.arange(first, first + rows, dtype=np.int64)
            at += 8
        elif mask & (1 << bit):
            column = np.frombuffer(body, kind, rows, at)
            found[name] = column
            at += _up(column.nbytes)
        else:
            found[name] = np.full(rows, 0 if absent is None else absent, kind)
    for bit, name in enumerate(_WORDS, start=len(_COLUMNS)):
        found[name] = None
        if mask & (1 << bit):
            (length,) = struct.unpack_from("<Q", body, at)
            found[name] = _words(msgspec.json.decode(body[at + 8 : at + 8 + length]), rows)
            at += _up(8 + length)
    return Batch(**found)


def _words(said: Sequence[tuple[int, str]], rows: int) -> Words:
    column = np.full(rows, None, object)
    for place, word in said:
        column[place] = word
    return column


def _put_head(frame: bytearray, mask: int, length: int, rows: int, number: int, crc: int) -> None:
    _HEAD.pack_into(frame, 0, MAGIC, mask, length, rows, number, crc)
    _CRC.pack_into(frame, _HEAD.size, zlib.crc32(memoryview(frame)[: _HEAD.size]))


def _in_a_row(column: Any) -> bool:
    return bool(column[-1] - column[0] == len(column) - 1 and (np.diff(column) == 1).all())


def _up(length: int) -> int:
    return (length + 7) & ~7


def _padded(data: bytes) -> bytes:
    return data + bytes(_up(len(data)) - len(data))
