"""配额与限速: how often and how much, as state machines that are told the time.

``Quota`` counts calls and rows in fixed windows that begin at the grant's start. ``RateLimit`` is
the generic cell rate algorithm (ITU-T I.371, virtual scheduling): a burst, then an even rate; its
whole state is one moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Quota", "QuotaReason", "QuotaUse", "RateLimit"]


class QuotaReason(StrEnum):
    """Which limit is used up (超限原因)."""

    CALLS = "CALLS"
    ROWS = "ROWS"
    CLOCK = "CLOCK"

    @property
    def text(self) -> Text:
        """Label (说明)."""
        return _LABELS[self]


_LABELS = {
    QuotaReason.CALLS: Text("本周期的调用次数已用完。", "The calls of this period are used up."),
    QuotaReason.ROWS: Text("本周期的数据条数已用完。", "The rows of this period are used up."),
    QuotaReason.CLOCK: Text("系统时间倒退，暂停受理。", "The clock went back; nothing is accepted."),
}


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """Calls and rows used in one window (已用量)."""

    window: int = 0
    calls: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits in each ``period`` (配额); ``None`` sets none."""

    period: timedelta
    calls: int | None = None
    rows: int | None = None
    rows_per_call: int | None = None

    def __post_init__(self) -> None:
        limits = (self.calls, self.rows, self.rows_per_call)
        if self.period <= timedelta() or any(limit is not None and limit < 0 for limit in limits):
            raise ValueError("a quota needs a positive period and limits that are not negative")

    def at(self, use: QuotaUse, start: datetime, now: datetime) -> QuotaUse:
        """Use in the window of ``now``: empty in a new window, as it was when time went back."""
        window = (now - start) // self.period
        return QuotaUse(window) if window > use.window else use

    def charge(self, use: QuotaUse, start: datetime, now: datetime) -> QuotaUse | QuotaReason:
        """Use after one more call, or why there is none (计一次调用)."""
        if (now - start) // self.period < use.window:
            return QuotaReason.CLOCK
        use = self.at(use, start, now)
        if self.calls is not None and use.calls >= self.calls:
            return QuotaReason.CALLS
        if self.rows is not None and use.rows >= self.rows:
            return QuotaReason.ROWS
        return replace(use, calls=use.calls + 1)

    def rows_left(self, use: QuotaUse) -> int | None:
        """Rows that the present call may still deliver (剩余条数); ``None`` without a limit."""
        left = None if self.rows is None else max(self.rows - use.rows, 0)
        if self.rows_per_call is None:
            return left
        return self.rows_per_call if left is None else min(left, self.rows_per_call)

    def delivered(self, use: QuotaUse, rows: int, start: datetime, now: datetime) -> QuotaUse:
        """Use after rows were delivered (计入条数); they count in the window they are delivered in."""
        if rows < 0:
            raise ValueError("rows must not be negative")
        use = self.at(use, start, now)
        return replace(use, rows=use.rows + rows)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One call each ``interval`` on average, ``burst`` of them at once at most (限速)."""

    interval: timedelta
    burst: int

    def __post_init__(self) -> None:
        if self.interval <= timedelta() or self.burst < 1:
            raise ValueError("a rate limit needs a positive interval and a burst of at least one")

    def take(self, due: datetime | None, now: datetime) -> tuple[bool, datetime | None]:
        """Whether a call at ``now`` conforms, and the new state (the theoretical arrival time)."""
        expected = now if due is None else max(due, now)
        if expected - now > self.interval * (self.burst - 1):
            return False, due
        return True, expected + self.interval

    def wait(self, due: datetime | None, now: datetime) -> timedelta:
        """How long until the next call conforms (需等待); for the header Retry-After."""
        if due is None:
            return timedelta()
        return max(due - now - self.interval * (self.burst - 1), timedelta())
