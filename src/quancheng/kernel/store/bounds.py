"""Least and greatest values of a file's sort columns, as JSON, and what they rule out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Bounds = dict[str, list[Any]]
Where = Mapping[str, Any]
"""Conditions by column, all to hold: a value; a list or set of values; a pair (from, before)."""


def measure(data: pa.Table, columns: Sequence[str]) -> Bounds:
    """Bounds of columns whose type orders and whose values JSON can say."""
    found: Bounds = {}
    for name in columns:
        column = data.column(name)
        if not _orders(column.type):
            continue
        extremes = pc.min_max(column).as_py()
        low, high = _say(extremes["min"]), _say(extremes["max"])
        if low is not None and high is not None:
            found[name] = [low, high]
    return found


def merge(parts: Sequence[Bounds]) -> Bounds:
    """Bounds of several files together; only columns that all of them measured."""
    common = set.intersection(*(set(part) for part in parts)) if parts else set()
    return {
        name: [min(part[name][0] for part in parts), max(part[name][1] for part in parts)]
        for name in sorted(common)
    }


def may_hold(bounds: Bounds, where: Where) -> bool:
    """False only when no row of the file can meet the conditions."""
    return all(_may_meet(bounds[name], wanted) for name, wanted in where.items() if name in bounds)


def expression(where: Where) -> pc.Expression | None:
    """The same conditions, exactly, for Arrow."""
    result: pc.Expression | None = None
    for name, wanted in where.items():
        term = _term(pc.field(name), wanted)
        result = term if result is None else result & term
    return result


def _term(field: pc.Expression, wanted: Any) -> pc.Expression:
    if isinstance(wanted, tuple):
        low, before = _pair(wanted)
        term: pc.Expression = field.is_valid()
        if low is not None:
            term = term & (field >= low)
        if before is not None:
            term = term & (field < before)
        return term
    if isinstance(wanted, list | set | frozenset):
        return field.isin(list(wanted))
    return field.is_null() if wanted is None else field == wanted


def _may_meet(extremes: Sequence[Any], wanted: Any) -> bool:
    low, high = extremes
    if isinstance(wanted, tuple):
        start, before = (_say(part) for part in _pair(wanted))
        return (start is None or high >= start) and (before is None or low < before)
    if isinstance(wanted, list | set | frozenset):
        return any(_may_meet(extremes, value) for value in wanted)
    said = _say(wanted)
    return said is None or low <= said <= high


def _pair(wanted: tuple[Any, ...]) -> tuple[Any, Any]:
    if len(wanted) != 2:
        raise ValueError("a range is a pair (from, before) 范围应为(起，止)两项")
    return wanted[0], wanted[1]


def _orders(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_date(kind)
        or (pa.types.is_timestamp(kind) and kind.tz is not None)
    )


def _say(value: Any) -> Any:
    """A JSON value that orders as ``value`` does, or None when there is none."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone 时间必须带时区")
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float | str) else None
