"""办理时限: the legal clock of a case as JSON, and its due day by the city's calendar.

The clock promises the shorter of legal and promised days. A due day that falls into a year whose
holidays are not yet published is computed by week days and marked provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from quancheng.core.calendar import CalendarNotCovered, Extension, LegalClock, Suspension, WorkingCalendar

__all__ = ["Reading", "due_of", "from_dict", "reading", "to_dict"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock shows on a day (时限读数)."""

    due: date | None
    remaining: int | None
    suspended: bool
    provisional: bool
    finished: date | None
    limit: int


def to_dict(clock: LegalClock) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "started": clock.started.isoformat(),
        "limit": clock.limit,
        "suspensions": [
            {
                "start": one.start.isoformat(),
                "reason": one.reason,
                "end": one.end.isoformat() if one.end else None,
            }
            for one in clock.suspensions
        ],
        "extensions": [
            {"on": one.on.isoformat(), "days": one.days, "reason": one.reason} for one in clock.extensions
        ],
        "finished": clock.finished.isoformat() if clock.finished else None,
    }


def from_dict(data: Mapping[str, Any]) -> LegalClock:
    """The clock as it was kept."""
    return LegalClock(
        started=date.fromisoformat(data["started"]),
        limit=data["limit"],
        suspensions=tuple(
            Suspension(date.fromisoformat(one["start"]), one["reason"], _day(one.get("end")))
            for one in data.get("suspensions", ())
        ),
        extensions=tuple(
            Extension(date.fromisoformat(one["on"]), one["days"], one["reason"])
            for one in data.get("extensions", ())
        ),
        finished=_day(data.get("finished")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


class _Lenient:
    """The calendar, with week days standing in for years not yet published."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self.guessed = False

    def is_working_day(self, day: date) -> bool:
        try:
            return self._calendar.is_working_day(day)
        except CalendarNotCovered:
            self.guessed = True
            return day.weekday() in self._calendar.week


def suspend(clock: LegalClock, on: date, reason: str, calendar: WorkingCalendar) -> LegalClock:
    """Stop counting while the applicant corrects. An overdue clock is not healed: it runs on."""
    lenient: Any = _Lenient(calendar)
    due = clock.due(lenient)
    if due is not None and on > due:
        return clock
    return clock.suspend(on, reason, lenient)


def resume(clock: LegalClock, on: date) -> LegalClock:
    """Count again, if it was stopped."""
    return clock.resume(on) if clock.suspended else clock


def due_of(clock: LegalClock, calendar: WorkingCalendar) -> tuple[date | None, bool]:
    """The due day and whether it is provisional; None while suspended."""
    lenient: Any = _Lenient(calendar)
    due = clock.due(lenient)
    return due, lenient.guessed


def reading(clock: LegalClock, on: date, calendar: WorkingCalendar) -> Reading:
    """What to show on a day."""
    lenient: Any = _Lenient(calendar)
    due = clock.due(lenient)
    remaining = None if clock.suspended else clock.remaining(on, lenient)
    return Reading(due, remaining, clock.suspended, lenient.guessed, clock.finished, clock.total)


def add_working_days(start: date, days: int, calendar: WorkingCalendar) -> date:
    """The ``days``-th working day after ``start``."""
    lenient, day = _Lenient(calendar), start
    while days > 0:
        day += timedelta(1)
        days -= lenient.is_working_day(day)
    return day
