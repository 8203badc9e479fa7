"""工作日历: working days and working minutes.

Counting follows 《民法典》第二百条至第二百零四条: the day of the event is not counted
(第二百零一条) and a period does not end on a day off (第二百零三条). 《行政许可法》第八十二条:
periods of administrative licences are working days, without statutory holidays.

Times are naive local times (Asia/Shanghai in China, which has no daylight saving).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from quancheng.core.calendar.holidays import DayKind, HolidayTable

__all__ = ["STANDARD_HOURS", "STANDARD_WEEK", "WorkingCalendar"]

STANDARD_WEEK: frozenset[int] = frozenset({0, 1, 2, 3, 4})
"""Monday to Friday: 《国务院关于职工工作时间的规定》第七条."""

STANDARD_HOURS: tuple[tuple[time, time], ...] = (
    (time(9), time(12)),
    (time(13, 30), time(17)),
)
"""A customary office day; a city's profile gives its own."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """A holiday table with a weekly pattern (Monday is 0) and office hours (工作日历)."""

    table: HolidayTable
    week: frozenset[int] = STANDARD_WEEK
    hours: tuple[tuple[time, time], ...] = STANDARD_HOURS

    def __post_init__(self) -> None:
        if not self.week or not self.week <= frozenset(range(7)):
            raise ValueError("the week needs at least one working day of 0 (Monday) to 6")
        edges = [edge for interval in self.hours for edge in interval]
        ordered = all(left < right for left, right in pairwise(edges))
        if not edges or not ordered or any(edge.tzinfo for edge in edges):
            raise ValueError("hours must be ordered, separate intervals of naive times")

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day (是否工作日). Raises ``CalendarNotCovered``."""
        entry = self.table.entry(day)
        return day.weekday() in self.week if entry is None else entry.kind is DayKind.WORKDAY

    def next_working_day(self, day: date) -> date:
        """The day itself if offices work, else the next one that they do (顺延至工作日)."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def add_working_days(self, start: date, days: int) -> date:
        """The ``days``-th working day after ``start``, which is not counted (加工作日).

        Negative counts go back. Zero gives ``start`` or, on a day off, the next working day.
        """
        if days == 0:
            return self.next_working_day(start)
        step = _DAY if days > 0 else -_DAY
        day, left = start, abs(days)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end`` (工作日数).

        With ``end`` before ``start``: minus the working days from ``end`` up to before ``start``,
        so ``working_days_between(s, add_working_days(s, n)) == n`` for every n but 0.
        """
        if end < start:
            return -sum(map(self.is_working_day, _days(end, start - _DAY)))
        return sum(map(self.is_working_day, _days(start + _DAY, end)))

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """The moment when that many working minutes have passed since ``start`` (加工作分钟).

        Time outside office hours does not count. A period that is used up at the end of an
        interval ends there, not at the start of the next. Zero gives ``start`` itself.
        """
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        _naive(start)
        left, day, moment = timedelta(minutes=minutes), start.date(), start
        while left:
            for begin, end in self._open(day):
                from_here = max(begin, start)
                if from_here < end:
                    moment = min(end, from_here + left)
                    left -= moment - from_here
                if not left:
                    break
            day += _DAY
        return moment

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """Whole working minutes from ``start`` to ``end``; negative backwards (工作分钟数)."""
        _naive(start)
        _naive(end)
        if end < start:
            return -self.working_minutes_between(end, start)
        total = timedelta()
        for day in _days(start.date(), end.date()):
            for begin, close in self._open(day):
                total += max(min(close, end) - max(begin, start), timedelta())
        return total // timedelta(minutes=1)

    def is_working_moment(self, moment: datetime) -> bool:
        """Whether offices are open; the end of an interval is closed time (是否工作时间)."""
        _naive(moment)
        return any(begin <= moment < end for begin, end in self._open(moment.date()))

    def _open(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        return [(datetime.combine(day, a), datetime.combine(day, b)) for a, b in self.hours]


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(offset)


def _naive(moment: datetime) -> None:
    if moment.tzinfo is not None:
        raise ValueError("give a naive local time; convert zones before")
