"""取值: fields, times, base64 and nested values out of pushed JSON, strictly typed."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from quancheng.core.text import Text

from ..refusal import FrameRefused, Reason

__all__ = ["compact_time", "field", "leaves", "milliseconds", "text", "unpack64"]

_FIRST, _LAST = 946_684_800_000, 4_102_444_800_000
_DEEPEST = 4
_MOST = 1_000
_COMPACT = "%Y%m%dT%H%M%SZ"


def field(document: Any, *path: str) -> dict[str, Any]:
    """The object at a path of keys; anything else there is refused."""
    found = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise FrameRefused(Reason.FIELD, ".".join(path) or "not an object")
    return found


def text(document: dict[str, Any], key: str) -> str:
    """A text, or a number that stands for one; "" where there is none ("undefined" is none)."""
    found = document.get(key)
    if found is None or found == "undefined":
        return ""
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise FrameRefused(Reason.FIELD, f"{key}: {found!r:.40}")
    return str(found)[:200]


def milliseconds(value: Any, where: str) -> int | None:
    """µs since 1970 UTC of a time in milliseconds; ``None`` where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not _FIRST <= value < _LAST:
        raise FrameRefused(Reason.TIME, f"{where}: {value!r:.40}")
    return value * 1000


def compact_time(value: Any, where: str) -> int | None:
    """µs since 1970 UTC of ``20151212T121212Z`` or ``2015-12-12T12:12:12.000Z``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise FrameRefused(Reason.TIME, f"{where}: {value!r:.40}")
    try:
        if "-" in value:
            when = datetime.fromisoformat(value)
        else:
            when = datetime.strptime(value, _COMPACT).replace(tzinfo=UTC)
        if when.tzinfo is None:
            raise ValueError(value)
        found = round(when.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise FrameRefused(Reason.TIME, f"{where}: {value[:40]}") from error
    return milliseconds(found // 1000, where) and found


def unpack64(value: Any, where: str) -> bytes:
    """The bytes of a base64 text, strictly."""
    if not isinstance(value, str):
        raise FrameRefused(Reason.FIELD, f"{where}: {value!r:.40}")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameRefused(Reason.SYNTAX, f"{where}: base64") from error


def leaves(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, float | str | bool | None]]:
    """Every value inside, named ``a.b`` and ``a.0``; at most a thousand, four levels deep."""
    if isinstance(value, dict | list):
        if depth >= _DEEPEST or len(value) > _MOST:
            raise FrameRefused(Reason.LIMIT, name[:80])
        rows = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in rows:
            yield from leaves(inner, f"{name}.{key}" if name else f"{key}", depth + 1)
        return
    if not name:
        raise FrameRefused(Reason.FIELD, Text(f"{value!r:.40} 没有名称", f"{value!r:.40} without a name"))
    yield name, _scalar(value, name)


def _scalar(value: Any, name: str) -> float | str | bool | None:
    if value is None or isinstance(value, bool | str):
        return value
    try:
        number = float(value)
    except (TypeError, OverflowError) as error:
        raise FrameRefused(Reason.VALUE, name[:80]) from error
    if not math.isfinite(number):
        raise FrameRefused(Reason.VALUE, name[:80])
    return number
