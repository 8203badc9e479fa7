"""值: what expressions are about besides JSON: moments, days, times of day, durations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quancheng.core.sensorthings.times import Interval


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A moment, microseconds UTC, and the offset it was written with."""

    time: int
    offset: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Date:
    """Days since the epoch."""

    days: int


@dataclass(frozen=True, slots=True, order=True)
class TimeOfDay:
    """Microseconds since midnight."""

    time: int


@dataclass(frozen=True, slots=True, order=True)
class Length:
    """A duration, microseconds."""

    time: int


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def before(one: Interval, two: Interval) -> bool:
    """Whether the first is over when the second begins; the end of a true interval is not in it."""
    if one.start == one.end and two.start == two.end:
        return one.end < two.start
    if one.start == one.end:
        return one.end < two.start
    return one.end <= two.start
