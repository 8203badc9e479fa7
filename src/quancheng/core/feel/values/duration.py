"""The two durations of FEEL: exact time in nanoseconds, and calendar months."""

from __future__ import annotations

import re
from dataclasses import dataclass

NANOS = 1_000_000_000
DAY = 86_400 * NANOS
# Java's and XML Schema's processors stop near here; beyond lies only mischief.
MAX_SECONDS = 2**63
MAX_MONTHS = 12 * 10**10

_DAYS_TIME = re.compile(
    r"(-?)P(?:(\d{1,20})D)?(?:T(?:(\d{1,20})H)?(?:(\d{1,20})M)?(?:(\d{1,20})(?:\.(\d*))?S)?)?", re.ASCII
)
_YEARS_MONTHS = re.compile(r"(-?)P(?:(\d{1,20})Y)?(?:(\d{1,20})M)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class DaysTimeDuration:
    """``days and time duration``: a whole number of nanoseconds."""

    nanos: int

    @staticmethod
    def parse(text: str) -> DaysTimeDuration | None:
        """Read ``P1DT2H3M4.5S``; None when it is not one."""
        match = _DAYS_TIME.fullmatch(text)
        if match is None or text.endswith(("P", "T")):
            return None
        sign, days, hours, minutes, seconds, fraction = match.groups()
        whole = int(days or 0) * 86_400 + int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        nanos = whole * NANOS + int(((fraction or "") + "0" * 9)[:9])
        return days_time(-nanos if sign else nanos)

    def parts(self) -> tuple[int, int, int, int, int]:
        """(days, hours, minutes, seconds, nanoseconds), each with the sign of the whole."""
        sign = -1 if self.nanos < 0 else 1
        seconds, nanos = divmod(abs(self.nanos), NANOS)
        return (
            sign * (seconds // 86_400),
            sign * (seconds // 3600 % 24),
            sign * (seconds // 60 % 60),
            sign * (seconds % 60),
            sign * nanos,
        )

    def __str__(self) -> str:
        days, hours, minutes, seconds, nanos = (abs(part) for part in self.parts())
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if seconds or nanos:
            time += f"{seconds}" + (f".{nanos:09}".rstrip("0") if nanos else "") + "S"
        body = (f"{days}D" if days else "") + (f"T{time}" if time else "")
        return ("-" if self.nanos < 0 else "") + "P" + (body or "T0S")


@dataclass(frozen=True, slots=True, order=True)
class YearsMonthsDuration:
    """``years and months duration``: a whole number of months."""

    months: int

    @staticmethod
    def parse(text: str) -> YearsMonthsDuration | None:
        """Read ``P1Y2M``; None when it is not one."""
        match = _YEARS_MONTHS.fullmatch(text)
        if match is None or text.endswith("P"):
            return None
        sign, years, months = match.groups()
        total = int(years or 0) * 12 + int(months or 0)
        return years_months(-total if sign else total)

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (body or "0M")


Duration = DaysTimeDuration | YearsMonthsDuration


def days_time(nanos: int) -> DaysTimeDuration | None:
    """A duration, or None when it is out of range."""
    return DaysTimeDuration(nanos) if abs(nanos) <= MAX_SECONDS * NANOS else None


def years_months(months: int) -> YearsMonthsDuration | None:
    """A duration, or None when it is out of range."""
    return YearsMonthsDuration(months) if abs(months) <= MAX_MONTHS else None


def parse_duration(text: str) -> Duration | None:
    """Either duration of its ISO 8601 text."""
    return YearsMonthsDuration.parse(text) or DaysTimeDuration.parse(text)
