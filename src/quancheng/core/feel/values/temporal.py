"""Dates and times of FEEL: years to ±999,999,999, nanoseconds, offsets and IANA zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from .calendar import days_in_month, from_days, to_days, valid_date
from .duration import DAY, NANOS
from .zone import REFERENCE, Zone, format_zone, offset_at, parse_zone

_DATE = re.compile(r"(-?)(\d{4}|[1-9]\d{4,8})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,40}))?(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar date; build unchecked values with :func:`make_date`."""

    year: int
    month: int
    day: int

    @staticmethod
    def parse(text: str) -> Date | None:
        """Read ``2026-11-22`` (XML Schema dates without zone); None when it is not one."""
        match = _DATE.fullmatch(text)
        if match is None:
            return None
        sign, year, month, day = match.groups()
        return make_date(-int(year) if sign else int(year), int(month), int(day))

    @staticmethod
    def of(value: date) -> Date:
        """From Python's date."""
        return Date(value.year, value.month, value.day)

    @property
    def days(self) -> int:
        """Days since 1970-01-01."""
        return to_days(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 = Monday to 7 = Sunday."""
        return (self.days + 3) % 7 + 1

    def to_python(self) -> date:
        """Python's date; ValueError outside the years 1 to 9999."""
        return date(self.year, self.month, self.day)

    def __str__(self) -> str:
        return f"{'-' if self.year < 0 else ''}{abs(self.year):04}-{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day, to the nanosecond, with or without zone."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    zone: Zone = None

    @staticmethod
    def parse(text: str) -> Time | None:
        """Read ``08:30:00``, ``08:30:00.5Z``, ``08:30:00+08:00`` or ``08:30:00@Asia/Shanghai``."""
        found = _read_time(text)
        return found[0] if found else None

    @staticmethod
    def of(value: time) -> Time:
        """From Python's time; only fixed offsets are known without a date."""
        offset = value.utcoffset()
        zone = None if offset is None else int(offset.total_seconds())
        return Time(value.hour, value.minute, value.second, value.microsecond * 1000, zone)

    @property
    def seconds(self) -> int:
        """Whole seconds since midnight."""
        return self.hour * 3600 + self.minute * 60 + self.second

    @property
    def nanos(self) -> int:
        """Nanoseconds since midnight, local."""
        return self.seconds * NANOS + self.nano

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC; a named zone counts with its standard offset."""
        return offset_at(self.zone, REFERENCE.year, REFERENCE.month, REFERENCE.day, self.seconds)

    @property
    def universal(self) -> int:
        """Nanoseconds since midnight in UTC (may be negative)."""
        return self.nanos - (self.offset or 0) * NANOS

    def __str__(self) -> str:
        fraction = f".{self.nano:09}".rstrip("0") if self.nano else ""
        return f"{self.hour:02}:{self.minute:02}:{self.second:02}{fraction}{format_zone(self.zone)}"


@dataclass(frozen=True, slots=True)
class DateTime:
    """``date and time``."""

    date: Date
    time: Time

    @staticmethod
    def parse(text: str) -> DateTime | None:
        """Read ``2026-11-22T08:30:00+08:00``; ``24:00:00`` is the next midnight."""
        head, separator, tail = text.partition("T")
        day, found = Date.parse(head), _read_time(tail)
        if not separator or day is None or found is None:
            return None
        moment, carry = found
        if carry:
            year, month, day_of_month = from_days(day.days + 1)
            day = make_date(year, month, day_of_month)
        return None if day is None else DateTime(day, moment)

    @staticmethod
    def of(value: datetime) -> DateTime:
        """From Python's datetime; a ZoneInfo keeps its name, other zones become offsets."""
        zone: Zone = getattr(value.tzinfo, "key", None)
        offset = value.utcoffset()
        if zone is None and offset is not None:
            zone = int(offset.total_seconds())
        clock = Time(value.hour, value.minute, value.second, value.microsecond * 1000, zone)
        return DateTime(Date.of(value), clock)

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC at this very moment."""
        day = self.date
        return offset_at(self.time.zone, day.year, day.month, day.day, self.time.seconds)

    @property
    def local(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 on the local clock."""
        return self.date.days * DAY + self.time.nanos

    @property
    def universal(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; local time counts as UTC when there is no zone."""
        return self.local - (self.offset or 0) * NANOS

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


def make_date(year: int, month: int, day: int) -> Date | None:
    """A date, or None when there is no such day."""
    return Date(year, month, day) if valid_date(year, month, day) else None


def make_time(hour: int, minute: int, second: int, nano: int = 0, zone: Zone = None) -> Time | None:
    """A time, or None when there is no such time."""
    good = 0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59 and 0 <= nano < NANOS
    return Time(hour, minute, second, nano, zone) if good else None


def time_of_nanos(nanos: int, zone: Zone) -> Time:
    """The time of day ``nanos`` after midnight, round the clock."""
    seconds, nano = divmod(nanos % DAY, NANOS)
    return Time(seconds // 3600, seconds // 60 % 60, seconds % 60, nano, zone)


def moment_of_local(local: int, zone: Zone) -> DateTime | None:
    """The local moment ``local`` nanoseconds after 1970; None when out of range."""
    days, rest = divmod(local, DAY)
    day = date_of_days(days)
    return None if day is None else DateTime(day, time_of_nanos(rest, zone))


def date_of_days(days: int) -> Date | None:
    """The date of a day number; None when out of range."""
    return make_date(*from_days(days))


def add_months(day: Date, months: int) -> Date | None:
    """The same day ``months`` later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return make_date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def _read_time(text: str) -> tuple[Time, bool] | None:
    """The time and whether it was 24:00:00, the midnight that belongs to the next day."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction, suffix = match.groups()
    understood, zone = parse_zone(suffix)
    if not understood:
        return None
    nano = int(((fraction or "") + "0" * 9)[:9])
    if (hour, minute, second, nano) == ("24", "00", "00", 0):
        return Time(0, 0, 0, 0, zone), True
    made = make_time(int(hour), int(minute), int(second), nano, zone)
    return None if made is None else (made, False)
