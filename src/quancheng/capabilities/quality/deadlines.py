"""期限: when a repair is due, from dated parameters and the working calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from quancheng.core.calendar import CalendarNotCovered, WorkingCalendar
from quancheng.core.rules.model import thaw
from quancheng.kernel import clock, rulebook
from quancheng.kernel.calendar import working_calendar


def repair_due(severity: str, at: datetime) -> datetime:
    """When an order of this severity is due (整改期限): the end of its last working day."""
    table: Any = thaw(rulebook.find("quality.repair_days", on=_day(at)).value)
    return _end_of(at, int(table[severity]))


def doubt_due(at: datetime) -> datetime:
    """When a doubt has to be answered (校核答复期限)."""
    return _end_of(at, rulebook.find("quality.doubt_days", on=_day(at)).integer())


def escalation_due(due: datetime) -> datetime:
    """When an order that was due goes to the bureau (报送时间)."""
    return _end_of(due, rulebook.find("quality.escalate_days", on=_day(due)).integer())


def local(at: datetime) -> datetime:
    """The city's own clock without a zone, as tables and rules speak of time (本地时间)."""
    return at.astimezone(clock.LOCAL).replace(tzinfo=None)


def month_of(at: datetime) -> str:
    """``2026-11`` (月份)."""
    return f"{at.astimezone(clock.LOCAL):%Y-%m}"


def bounds(month: str) -> tuple[datetime, datetime]:
    """Begin and end of a month ``YYYY-MM`` (月份起止). Raises ``ValueError``."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    return tuple(datetime.combine(each, time.min, clock.LOCAL) for each in (first, after))  # type: ignore[return-value]


def _day(at: datetime) -> date:
    return at.astimezone(clock.LOCAL).date()


def _end_of(at: datetime, days: int) -> datetime:
    day = add_working_days(_day(at), days, working_calendar())
    return datetime.combine(day, time(23, 59, 59), clock.LOCAL)


def add_working_days(start: date, days: int, calendar: WorkingCalendar) -> date:
    """The ``days``-th working day after ``start`` (顺延工作日); ordinary weeks where no notice is known yet."""
    day = start
    while days > 0:
        day += timedelta(1)
        days -= _works(day, calendar)
    return day


def _works(day: date, calendar: WorkingCalendar) -> bool:
    try:
        return calendar.is_working_day(day)
    except CalendarNotCovered:
        return day.weekday() in calendar.week
