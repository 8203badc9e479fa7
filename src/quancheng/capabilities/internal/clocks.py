"""办理时限: working days by dated parameters, on the city's calendar.

A due day in a year whose holidays are not yet published is computed by week days.
"""

from __future__ import annotations

from datetime import date, timedelta

from quancheng.core.calendar import CalendarNotCovered, WorkingCalendar
from quancheng.kernel import rulebook
from quancheng.kernel.calendar import working_calendar

__all__ = ["days_of", "due_after", "remaining"]


def _works(calendar: WorkingCalendar, day: date) -> bool:
    try:
        return calendar.is_working_day(day)
    except CalendarNotCovered:
        return day.weekday() in calendar.week


def days_of(rule: str, on: date) -> int:
    """Working days of a step by its dated parameter."""
    return rulebook.find(rule, on=on, region=rulebook.city_region()).integer()


def due_after(start: date, days: int) -> date:
    """The last day of ``days`` working days that begin the day after ``start``."""
    calendar, day, left = working_calendar(), start, days
    while left > 0:
        day += timedelta(1)
        left -= _works(calendar, day)
    return day


def remaining(due: date, today: date) -> int:
    """Working days left until a due day; negative when it has passed."""
    calendar, sign = working_calendar(), 1 if due >= today else -1
    first, last = (today, due) if sign > 0 else (due, today)
    count = sum(_works(calendar, first + timedelta(n)) for n in range(1, min((last - first).days, 400) + 1))
    return sign * count
