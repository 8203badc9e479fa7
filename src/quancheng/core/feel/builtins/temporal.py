"""Functions that make and ask dates, times and durations."""

from __future__ import annotations

from decimal import Decimal

from ..limits import Environment
from ..values.calendar import to_days
from ..values.duration import NANOS, DaysTimeDuration, Duration, YearsMonthsDuration, parse_duration
from ..values.temporal import Date, DateTime, Time, make_date, make_time
from ..values.zone import MAX_OFFSET
from .registry import builtin

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTHS.split())


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("date", "from: string/date/moment")
def _date(env: Environment, value: str | Date | DateTime) -> Date | None:
    return Date.parse(value) if isinstance(value, str) else _day(value)


@builtin("date", "year: number, month: number, day: number")
def _date_parts(env: Environment, year: Decimal, month: Decimal, day: Decimal) -> Date | None:
    if any(abs(part) > 10**9 for part in (year, month, day)):
        return None
    return make_date(int(year), int(month), int(day))


@builtin("date and time", "date: date/moment, time: time")
def _combine(env: Environment, day: Date | DateTime, time: Time) -> DateTime:
    return DateTime(_day(day), time)


@builtin("date and time", "from: string/moment/date")
def _moment(env: Environment, value: str | Date | DateTime) -> DateTime | None:
    if isinstance(value, DateTime):
        return value
    if isinstance(value, Date):
        return DateTime(value, Time(0, 0, 0, 0, 0))
    day = Date.parse(value)
    return DateTime.parse(value) if day is None else DateTime(day, Time(0, 0, 0))


@builtin("time", "from: string/time/moment/date")
def _time(env: Environment, value: str | Time | Date | DateTime) -> Time | None:
    if isinstance(value, str):
        return Time.parse(value)
    if isinstance(value, DateTime):
        return value.time
    return Time(0, 0, 0, 0, 0) if isinstance(value, Date) else value


@builtin("time", "hour: number, minute: number, second: number, offset?: days|null")
def _time_parts(
    env: Environment,
    hour: Decimal,
    minute: Decimal,
    second: Decimal,
    offset: DaysTimeDuration | None = None,
) -> Time | None:
    if any(abs(part) > 100 for part in (hour, minute, second)):
        return None
    zone = None if offset is None else offset.nanos // NANOS
    if zone is not None and abs(zone) > MAX_OFFSET:
        return None
    nanos = int(second * NANOS)
    return make_time(int(hour), int(minute), nanos // NANOS, nanos % NANOS, zone)


@builtin("duration", "from: string/days/months")
def _duration(env: Environment, value: str | Duration) -> Duration | None:
    return parse_duration(value) if isinstance(value, str) else value


@builtin("years and months duration", "from: date/moment, to: date/moment")
def _years_months(env: Environment, start: Date | DateTime, end: Date | DateTime) -> YearsMonthsDuration:
    """Whole months from one day to the other; times of day do not count."""
    a, b = _day(start), _day(end)
    months = (b.year - a.year) * 12 + b.month - a.month
    if months > 0 and b.day < a.day:
        months -= 1
    elif months < 0 and b.day > a.day:
        months += 1
    return YearsMonthsDuration(months)


@builtin("now", "")
def _now(env: Environment) -> DateTime | None:
    return None if env.now is None else DateTime.of(env.now)


@builtin("today", "")
def _today(env: Environment) -> Date | None:
    return None if env.now is None else Date.of(env.now)


@builtin("day of year", "date: date/moment")
def _day_of_year(env: Environment, value: Date | DateTime) -> Decimal:
    day = _day(value)
    return Decimal(day.days - to_days(day.year, 1, 1) + 1)


@builtin("day of week", "date: date/moment")
def _day_of_week(env: Environment, value: Date | DateTime) -> str:
    return WEEKDAYS[_day(value).weekday - 1]


@builtin("month of year", "date: date/moment")
def _month_of_year(env: Environment, value: Date | DateTime) -> str:
    return MONTHS[_day(value).month - 1]


@builtin("week of year", "date: date/moment")
def _week_of_year(env: Environment, value: Date | DateTime) -> Decimal:
    """ISO 8601: the week belongs to the year of its Thursday."""
    day = _day(value)
    thursday = day.days + 4 - day.weekday
    year = day.year
    if thursday < to_days(year, 1, 1):
        year -= 1
    elif thursday >= to_days(year + 1, 1, 1):
        year += 1
    return Decimal((thursday - to_days(year, 1, 1)) // 7 + 1)
