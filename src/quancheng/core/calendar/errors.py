"""What can go wrong with calendars and legal clocks, in Chinese and English."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from quancheng.core.text import Text

__all__ = [
    "CalendarError",
    "CalendarFormatError",
    "CalendarNotCovered",
    "ClockError",
    "ClockReason",
]


class CalendarError(Exception):
    """Base of all errors here (日历错误); ``text`` is for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text.en


class CalendarNotCovered(CalendarError, LookupError):
    """No holiday arrangement is known for this day's year (日历未覆盖): no answer is given."""

    def __init__(self, day: date) -> None:
        super().__init__(
            Text(
                f"{day.year}年的节假日安排尚未录入，无法计算{day}是否为工作日。"
                "请在日历数据中补充国务院办公厅当年的通知。",
                f"The holiday arrangement of {day.year} is not known, so whether {day} is a "
                "working day cannot be told. Add the State Council's notice to the calendar data.",
            )
        )
        self.day = day


class CalendarFormatError(CalendarError, ValueError):
    """Calendar data that cannot be read (日历数据有误)."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(Text(f"{place} 无法读取：{detail}", f"{place} cannot be read: {detail}"))
        self.place = place
        self.detail = detail


class ClockReason(StrEnum):
    """Why a step of a legal clock was refused (期限操作被拒原因)."""

    FINISHED = "FINISHED"
    ALREADY_SUSPENDED = "ALREADY_SUSPENDED"
    NOT_SUSPENDED = "NOT_SUSPENDED"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    OVERDUE = "OVERDUE"
    DAYS = "DAYS"
    REASON_MISSING = "REASON_MISSING"
    EXTENSIONS_USED_UP = "EXTENSIONS_USED_UP"


_CLOCK_TEXTS = {
    ClockReason.FINISHED: Text("该期限已办结，不能再变更。", "This clock has been stopped for good."),
    ClockReason.ALREADY_SUSPENDED: Text(
        "期限已处于中止状态，请先恢复。", "The clock is suspended already; resume it first."
    ),
    ClockReason.NOT_SUSPENDED: Text(
        "期限没有中止，无需恢复。", "The clock is not suspended, so there is nothing to resume."
    ),
    ClockReason.OUT_OF_ORDER: Text(
        "日期早于起算日或上一次变更，请检查日期。",
        "The day is before the start or before the last change; check the date.",
    ),
    ClockReason.OVERDUE: Text(
        "期限已经届满，不能再中止或延长。",
        "The time limit has passed; it can no longer be suspended or extended.",
    ),
    ClockReason.DAYS: Text("天数必须是正整数。", "The number of days must be positive."),
    ClockReason.REASON_MISSING: Text("请写明理由。", "Give the reason."),
    ClockReason.EXTENSIONS_USED_UP: Text("延长次数已用完。", "No further extension is allowed."),
}


class ClockError(CalendarError):
    """A step that the legal clock does not allow (期限操作不允许)."""

    def __init__(self, reason: ClockReason) -> None:
        super().__init__(_CLOCK_TEXTS[reason])
        self.reason = reason
