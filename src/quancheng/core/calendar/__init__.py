"""工作日历与法定期限: working days with make-up days, working minutes, legal clocks."""

from quancheng.core.calendar.clock import ClockStatus, Extension, LegalClock, Suspension
from quancheng.core.calendar.errors import (
    CalendarError,
    CalendarFormatError,
    CalendarNotCovered,
    ClockError,
    ClockReason,
)
from quancheng.core.calendar.holidays import DayEntry, DayKind, HolidayTable, Notice
from quancheng.core.calendar.working import STANDARD_HOURS, STANDARD_WEEK, WorkingCalendar

__all__ = [
    "STANDARD_HOURS",
    "STANDARD_WEEK",
    "CalendarError",
    "CalendarFormatError",
    "CalendarNotCovered",
    "ClockError",
    "ClockReason",
    "ClockStatus",
    "DayEntry",
    "DayKind",
    "Extension",
    "HolidayTable",
    "LegalClock",
    "Notice",
    "Suspension",
    "WorkingCalendar",
]
