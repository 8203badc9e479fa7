"""What kind a value is, and when two values are equal or ordered (DMN 1.5, 10.3.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .duration import DaysTimeDuration, YearsMonthsDuration
from .function import Function
from .range import Range
from .temporal import Date, DateTime, Time

KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    Decimal: "number",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    Range: "range",
    list: "list",
    dict: "context",
}


def type_name(value: Any) -> str:
    """The FEEL name of the kind of ``value``."""
    kind = KINDS.get(type(value))
    if kind is not None:
        return kind
    return "function" if isinstance(value, Function) else "unknown"


def _zones_differ(a: Time, b: Time) -> bool:
    """One has a zone and the other has none: they cannot be put on one clock."""
    return (a.zone is None) != (b.zone is None)


# Pairs of collections already found equal: values may share parts, and without memory a small
# value could take exponential time.
Seen = set[tuple[int, int]]


def _equal_lists(a: list[Any], b: list[Any], seen: Seen) -> bool:
    return len(a) == len(b) and all(_same(x, y, seen) is True for x, y in zip(a, b, strict=True))


def _equal_contexts(a: dict[str, Any], b: dict[str, Any], seen: Seen) -> bool:
    return a.keys() == b.keys() and all(_same(value, b[key], seen) is True for key, value in a.items())


def _equal_ranges(a: Range, b: Range) -> bool:
    flags = (a.start_included, a.end_included, a.excluding) == (
        b.start_included,
        b.end_included,
        b.excluding,
    )
    return flags and equal(a.start, b.start) is True and equal(a.end, b.end) is True


def _equal_times(a: Time, b: Time) -> bool:
    return not _zones_differ(a, b) and a.universal == b.universal


def _equal_moments(a: DateTime, b: DateTime) -> bool:
    return not _zones_differ(a.time, b.time) and a.universal == b.universal


_EQUAL: dict[type, Callable[[Any, Any], bool]] = {
    Range: _equal_ranges,
    Time: _equal_times,
    DateTime: _equal_moments,
}


def equal(a: Any, b: Any) -> bool | None:
    """FEEL ``=``: None when the two are of different kinds."""
    kind = type(a)
    if kind is type(b):
        if kind is Decimal or kind is str or kind is bool:
            return bool(a == b)
        return _same(a, b, set())
    if a is None or b is None:
        return False
    return a is b if isinstance(a, Function) and isinstance(b, Function) else None


def _same(a: Any, b: Any, seen: Seen) -> bool | None:
    if type(a) is not type(b):
        return equal(a, b)
    if not isinstance(a, list | dict):
        rule = _EQUAL.get(type(a))
        return bool(a == b) if rule is None else rule(a, b)
    pair = (id(a), id(b))
    if a is b or pair in seen:
        return True
    same = _equal_lists(a, b, seen) if isinstance(a, list) else _equal_contexts(a, b, seen)
    if same:
        seen.add(pair)
    return same


def _order(a: Any, b: Any) -> int:
    return 1 if a > b else -1 if a < b else 0


def _order_dates(a: Date, b: Date) -> int:
    return _order((a.year, a.month, a.day), (b.year, b.month, b.day))


def _order_times(a: Time, b: Time) -> int | None:
    return None if _zones_differ(a, b) else _order(a.universal, b.universal)


def _order_moments(a: DateTime, b: DateTime) -> int | None:
    return None if _zones_differ(a.time, b.time) else _order(a.universal, b.universal)


_ORDER: dict[type, Callable[[Any, Any], int | None]] = {
    Decimal: _order,
    str: _order,
    Date: _order_dates,
    Time: _order_times,
    DateTime: _order_moments,
    DaysTimeDuration: _order,
    YearsMonthsDuration: _order,
}


def compare(a: Any, b: Any) -> int | None:
    """-1, 0 or 1; None when the two have no order."""
    kind = type(a)
    if kind is not type(b):
        return None
    rule = _ORDER.get(kind)
    return None if rule is None else rule(a, b)


def ordered(value: Any) -> bool:
    """Whether values of this kind have an order."""
    return type(value) in _ORDER


def contains(interval: Range, value: Any) -> bool | None:
    """Whether ``value`` lies in the range; None when they cannot be compared."""
    if interval.excluding:
        same = equal(value, interval.start)
        return None if same is None else not same
    for bound, included, sign in (
        (interval.start, interval.start_included, -1),
        (interval.end, interval.end_included, 1),
    ):
        if bound is None:
            continue
        order = compare(value, bound)
        if order is None:
            return None
        if order == sign or (order == 0 and not included):
            return False
    return True
