"""Properties of dates, times, durations and ranges (DMN 1.5, table 65)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .values.duration import NANOS, DaysTimeDuration, YearsMonthsDuration
from .values.range import Range
from .values.temporal import Date, DateTime, Time


def _offset(seconds: int | None) -> DaysTimeDuration | None:
    return None if seconds is None else DaysTimeDuration(seconds * NANOS)


def _seconds(value: Time) -> Decimal:
    return Decimal(value.second) + Decimal(value.nano).scaleb(-9) if value.nano else Decimal(value.second)


def _zone_name(value: Time) -> str | None:
    return value.zone if isinstance(value.zone, str) else None


_DATE: dict[str, Callable[[Date], Any]] = {
    "year": lambda d: Decimal(d.year),
    "month": lambda d: Decimal(d.month),
    "day": lambda d: Decimal(d.day),
    "weekday": lambda d: Decimal(d.weekday),
}
_TIME: dict[str, Callable[[Time], Any]] = {
    "hour": lambda t: Decimal(t.hour),
    "minute": lambda t: Decimal(t.minute),
    "second": _seconds,
    "time offset": lambda t: _offset(t.offset),
    "timezone": _zone_name,
}


def _months(sign_of: int, amount: int) -> Decimal:
    return Decimal(-amount if sign_of < 0 else amount)


_YEARS_MONTHS: dict[str, Callable[[YearsMonthsDuration], Any]] = {
    "years": lambda d: _months(d.months, abs(d.months) // 12),
    "months": lambda d: _months(d.months, abs(d.months) % 12),
}
_DAYS_TIME: dict[str, Callable[[DaysTimeDuration], Any]] = {
    "days": lambda d: Decimal(d.parts()[0]),
    "hours": lambda d: Decimal(d.parts()[1]),
    "minutes": lambda d: Decimal(d.parts()[2]),
    "seconds": lambda d: Decimal(d.parts()[3]) + Decimal(d.parts()[4]).scaleb(-9),
}
_RANGE: dict[str, Callable[[Range], Any]] = {
    "start": lambda r: r.start,
    "end": lambda r: r.end,
    "start included": lambda r: r.start_included,
    "end included": lambda r: r.end_included,
}


def _on_date(rule: Callable[[Date], Any]) -> Callable[[DateTime], Any]:
    return lambda moment: rule(moment.date)


def _on_time(rule: Callable[[Time], Any]) -> Callable[[DateTime], Any]:
    return lambda moment: rule(moment.time)


_DATE_TIME: dict[str, Callable[[DateTime], Any]] = {
    **{name: _on_date(rule) for name, rule in _DATE.items()},
    **{name: _on_time(rule) for name, rule in _TIME.items()},
    "time offset": lambda moment: _offset(moment.offset),
}

_PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: _DATE,
    Time: _TIME,
    DateTime: _DATE_TIME,
    YearsMonthsDuration: _YEARS_MONTHS,
    DaysTimeDuration: _DAYS_TIME,
    Range: _RANGE,
}


def property_of(value: Any, name: str) -> tuple[bool, Any]:
    """(known, value) of a property."""
    rule = _PROPERTIES.get(type(value), {}).get(name)
    return (False, None) if rule is None else (True, rule(value))
