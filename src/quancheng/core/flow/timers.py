"""ISO 8601 dates, durations and repeating intervals, as far as timers need them.

Literal text in a timer is ISO 8601 as BPMN shows it; anything else is FEEL, whose value may be
temporal or ISO text. Years and months move in the calendar (31 January + P1M = last of February).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

__all__ = ["Cycle", "Duration", "instant", "parse_cycle", "parse_duration"]

_DURATION: Final = re.compile(
    r"([+-]?)P(?=[\dT])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_REPEAT: Final = re.compile(r"R(-1|\d*)", re.ASCII)
FOREVER: Final = -1


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: months of the calendar and an exact rest."""

    months: int
    rest: timedelta

    def after(self, start: datetime) -> datetime:
        """``start`` plus this; :class:`ValueError` beyond the calendar."""
        try:
            return _add_months(start, self.months) + self.rest
        except OverflowError:
            raise ValueError("beyond the calendar") from None


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating interval: how often (−1: for ever), from when, how far apart."""

    times: int
    start: datetime | None
    every: Duration


def _add_months(start: datetime, months: int) -> datetime:
    if not months:
        return start
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise ValueError("beyond the calendar")
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


@lru_cache(maxsize=256)
def parse_duration(text: str) -> Duration:
    """Read ``P3D``, ``PT1H30M``, ``P1Y2M`` …; :class:`ValueError` otherwise."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not an ISO 8601 duration: {text!r}")
    sign = -1 if match[1] == "-" else 1
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[1:7])
    seconds = Decimal(match[8] or 0)
    try:
        rest = timedelta(days=weeks * 7 + days, hours=hours, minutes=minutes) + timedelta(
            microseconds=int(seconds * 1_000_000)
        )
    except OverflowError:
        raise ValueError(f"too long a duration: {text!r}") from None
    return Duration(sign * (years * 12 + months), sign * rest)


def instant(text: str, like: datetime) -> datetime:
    """Read an ISO date or date-time; where it has no zone it has that of ``like``."""
    plain = text.strip()
    found: datetime
    if "T" not in plain:
        found = datetime.combine(date.fromisoformat(plain), time())
    else:
        found = datetime.fromisoformat(plain.split("@")[0])
    return found if found.tzinfo or like.tzinfo is None else found.replace(tzinfo=like.tzinfo)


def parse_cycle(text: str, like: datetime) -> Cycle:
    """Read ``R3/PT10H``, ``R/2026-01-01T00:00:00Z/P1D``, ``R2/P1D/<end>`` or a bare duration."""
    parts = text.strip().split("/")
    times = FOREVER
    if parts[0].startswith("R"):
        match = _REPEAT.fullmatch(parts.pop(0))
        if match is None:
            raise ValueError(f"not a repetition: {text!r}")
        times = int(match[1]) if match[1] not in ("", "-1") else FOREVER
    if len(parts) == 1:
        return _positive(Cycle(times, None, parse_duration(parts[0])))
    if len(parts) != 2:
        raise ValueError(f"not a repeating interval: {text!r}")
    first, second = parts
    if first.startswith("P"):  # duration and end: counted back from the end
        every = parse_duration(first)
        end = instant(second, like)
        back = Duration(-every.months * max(times, 1), -every.rest * max(times, 1))
        return _positive(Cycle(times, back.after(end) + every.rest, every))
    start = instant(first, like)
    if second.startswith("P"):
        return _positive(Cycle(times, start, parse_duration(second)))
    return _positive(Cycle(times, start, Duration(0, instant(second, like) - start)))


def _positive(cycle: Cycle) -> Cycle:
    if cycle.every.months <= 0 and cycle.every.rest <= timedelta(0):
        raise ValueError("a repetition needs an interval longer than nothing")
    if cycle.times == 0:
        raise ValueError("a repetition of no times")
    return cycle
