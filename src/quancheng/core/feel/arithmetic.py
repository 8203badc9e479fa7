"""``+ - * / **`` and negation over numbers, strings, dates, times and durations (10.3.2.3)."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .limits import Environment
from .values.duration import DAY, NANOS, DaysTimeDuration, YearsMonthsDuration, days_time, years_months
from .values.kinds import type_name
from .values.number import CONTEXT
from .values.temporal import (
    Date,
    DateTime,
    Time,
    add_months,
    date_of_days,
    moment_of_local,
    time_of_nanos,
)
from .values.zone import offset_at_utc

# Products of nanoseconds need more digits than a FEEL number has.
_WIDE = decimal.Context(prec=80, rounding=decimal.ROUND_DOWN, Emin=-9999, Emax=9999)


def whole(value: Decimal) -> int | None:
    """The integer part; None when it is absurdly large."""
    return int(value) if value.adjusted() < 40 else None


def scale_whole(amount: int, factor: Decimal, divide: bool) -> int | None:
    """``amount`` times or divided by ``factor``, towards zero."""
    if divide and not factor:
        return None
    scaled = _WIDE.divide(Decimal(amount), factor) if divide else _WIDE.multiply(Decimal(amount), factor)
    return whole(scaled)


def _add_numbers(a: Decimal, b: Decimal) -> Any:
    return CONTEXT.add(a, b)


def _subtract_numbers(a: Decimal, b: Decimal) -> Any:
    return CONTEXT.subtract(a, b)


def _multiply_numbers(a: Decimal, b: Decimal) -> Any:
    return CONTEXT.multiply(a, b)


def _divide_numbers(a: Decimal, b: Decimal) -> Any:
    return CONTEXT.divide(a, b)


def _power(a: Decimal, b: Decimal) -> Any:
    return Decimal(1) if not b else CONTEXT.power(a, b)


def shift_moment(moment: DateTime, nanos: int) -> DateTime | None:
    """``nanos`` later on the line of time: across a change of summer time the clock face jumps."""
    zone = moment.time.zone
    if not isinstance(zone, str):
        return moment_of_local(moment.local + nanos, zone)
    instant = moment.universal + nanos
    utc = moment_of_local(instant, 0)
    if utc is None:
        return None
    day = utc.date
    offset = offset_at_utc(zone, day.year, day.month, day.day, utc.time.seconds)
    return moment_of_local(instant + offset * NANOS, zone)


def _moment_months(moment: DateTime, months: int) -> DateTime | None:
    day = add_months(moment.date, months)
    return None if day is None else DateTime(day, moment.time)


def _shift_date(day: Date, nanos: int) -> Date | None:
    return date_of_days((day.days * DAY + nanos) // DAY)


def _moment_minus_moment(a: DateTime, b: DateTime) -> DaysTimeDuration | None:
    if (a.time.zone is None) != (b.time.zone is None):
        return None
    return days_time(a.universal - b.universal)


def _midnight(day: Date) -> DateTime:
    return DateTime(day, Time(0, 0, 0, 0, 0))


def _time_minus_time(a: Time, b: Time) -> DaysTimeDuration | None:
    return None if (a.zone is None) != (b.zone is None) else days_time(a.universal - b.universal)


def _both(table: dict[tuple[type, type], Callable[[Any, Any], Any]]) -> Table:
    """The same rules with the operands the other way round as well."""

    def flip(rule: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda a, b: rule(b, a)

    turned = {(b, a): flip(rule) for (a, b), rule in table.items() if a is not b}
    return {**turned, **table}


Table = dict[tuple[type, type], Callable[[Any, Any], Any]]
_DT, _YM = DaysTimeDuration, YearsMonthsDuration

ADD: Table = {
    (Decimal, Decimal): _add_numbers,
    (str, str): lambda a, b: a + b,
    (_YM, _YM): lambda a, b: years_months(a.months + b.months),
    (_DT, _DT): lambda a, b: days_time(a.nanos + b.nanos),
    **_both(
        {
            (DateTime, _YM): lambda a, b: _moment_months(a, b.months),
            (DateTime, _DT): lambda a, b: shift_moment(a, b.nanos),
            (Date, _YM): lambda a, b: add_months(a, b.months),
            (Date, _DT): lambda a, b: _shift_date(a, b.nanos),
            (Time, _DT): lambda a, b: time_of_nanos(a.nanos + b.nanos, a.zone),
        }
    ),
}
SUBTRACT: Table = {
    (Decimal, Decimal): _subtract_numbers,
    (_YM, _YM): lambda a, b: years_months(a.months - b.months),
    (_DT, _DT): lambda a, b: days_time(a.nanos - b.nanos),
    (DateTime, DateTime): _moment_minus_moment,
    (DateTime, Date): lambda a, b: _moment_minus_moment(a, _midnight(b)),
    (Date, DateTime): lambda a, b: _moment_minus_moment(_midnight(a), b),
    (Date, Date): lambda a, b: days_time((a.days - b.days) * DAY),
    (Time, Time): _time_minus_time,
    (DateTime, _YM): lambda a, b: _moment_months(a, -b.months),
    (DateTime, _DT): lambda a, b: shift_moment(a, -b.nanos),
    (Date, _YM): lambda a, b: add_months(a, -b.months),
    (Date, _DT): lambda a, b: _shift_date(a, -b.nanos),
    (Time, _DT): lambda a, b: time_of_nanos(a.nanos - b.nanos, a.zone),
}


def _scaled_months(a: YearsMonthsDuration, b: Decimal, divide: bool) -> YearsMonthsDuration | None:
    months = scale_whole(a.months, b, divide)
    return None if months is None else years_months(months)


def _scaled_time(a: DaysTimeDuration, b: Decimal, divide: bool) -> DaysTimeDuration | None:
    nanos = scale_whole(a.nanos, b, divide)
    return None if nanos is None else days_time(nanos)


MULTIPLY: Table = {
    (Decimal, Decimal): _multiply_numbers,
    **_both(
        {
            (_YM, Decimal): lambda a, b: _scaled_months(a, b, False),
            (_DT, Decimal): lambda a, b: _scaled_time(a, b, False),
        }
    ),
}
DIVIDE: Table = {
    (Decimal, Decimal): _divide_numbers,
    (_YM, Decimal): lambda a, b: _scaled_months(a, b, True),
    (_DT, Decimal): lambda a, b: _scaled_time(a, b, True),
    (_YM, _YM): lambda a, b: CONTEXT.divide(Decimal(a.months), Decimal(b.months)),
    (_DT, _DT): lambda a, b: CONTEXT.divide(Decimal(a.nanos), Decimal(b.nanos)),
}
POWER: Table = {(Decimal, Decimal): _power}
TABLES: dict[str, Table] = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE, "**": POWER}


def operate(operator: str, a: Any, b: Any, env: Environment) -> Any:
    """``a operator b``; null and a warning when it makes no sense or leaves the range."""
    rule = TABLES[operator].get((type(a), type(b)))
    if rule is None:
        env.warn(
            f"{type_name(a)} 与 {type_name(b)} 之间不能用“{operator}”",
            f"{type_name(a)} {operator} {type_name(b)} is not defined",
        )
        return None
    try:
        result = rule(a, b)
    except (ArithmeticError, ValueError):
        result = None
    if result is None:
        env.warn(
            f"“{operator}”的结果不存在或超出范围", f"the result of {operator} is undefined or out of range"
        )
    elif type(result) is str:
        env.check_text(len(result))
    return result


def negate(value: Any, env: Environment) -> Any:
    """``-value``."""
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if isinstance(value, DaysTimeDuration):
        return DaysTimeDuration(-value.nanos)
    if isinstance(value, YearsMonthsDuration):
        return YearsMonthsDuration(-value.months)
    env.warn(f"{type_name(value)} 不能取负", f"{type_name(value)} cannot be negated")
    return None
