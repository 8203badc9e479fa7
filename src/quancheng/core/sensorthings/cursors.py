"""翻页位置: where the next page begins, as a text for addresses (``$skiptoken``; OData 4.0 part 1 § 11.2.5.7).

The keys of the last row shown, and its id: the next page is what comes after them in the same order.
Rows written meanwhile move no old row from one page to another, and no page costs more than the first.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from dataclasses import dataclass

import msgspec

from quancheng.core.sensorthings.faults import BadQuery

Key = str | int | float | bool | None
MAXIMUM_TEXT = 1_500
"""Longest token written; longer keys leave ``$skip`` to do it."""
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: its values of the order's keys, and its id."""

    keys: tuple[Key, ...]
    id: int


def write(cursor: Cursor, order: str) -> str | None:
    """The token of a cursor in an order (the text of ``$orderby``); None when it cannot be said."""
    if not all(_fit(key) for key in cursor.keys):
        return None
    raw = msgspec.json.encode([_sum(order), cursor.id, *cursor.keys])
    text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return text if len(text) <= MAXIMUM_TEXT else None


def read(token: str, order: str) -> Cursor:
    """The cursor of a token. Raises BadQuery for what is none, or of another order."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found = msgspec.json.decode(raw, type=list[Key])
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as wrong:
        raise _wrong() from wrong
    if len(found) < 2 or found[0] != _sum(order) or len(token) > MAXIMUM_TEXT:
        raise _wrong()
    id, keys = found[1], tuple(found[2:])
    if not isinstance(id, int) or isinstance(id, bool) or not 0 <= id < _INT64 or not all(map(_fit, keys)):
        raise _wrong()
    return Cursor(keys, id)


def _wrong() -> BadQuery:
    return BadQuery("$skiptoken 须原样取自下一页链接。", "$skiptoken must be as it stands in a next link.")


def _fit(key: object) -> bool:
    match key:
        case bool() | None:
            return True
        case int():
            return abs(key) < _INT64
        case float():
            return math.isfinite(key)
        case str():
            return "\x00" not in key
    return False


def _sum(order: str) -> int:
    return zlib.crc32(order.encode("utf-8", "surrogatepass"))
