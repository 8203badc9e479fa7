"""法定期限: a legal time limit in working days that can be suspended, resumed and extended.

《行政许可法》第四十二条 (20 working days, once longer by 10 with a reason told to the applicant),
第四十五条 (the time of hearings, inspections and expert reviews is not counted), 第八十二条
(working days).
The numbers themselves are data and come from the matter's parameters.

How days count:
- the day the clock starts is not counted (《民法典》第二百零一条);
- a suspension covers the day it begins and all days before the day of resumption, which counts
  again; suspended and resumed on one day costs nothing;
- the day on which the last working day is reached is the due day, and still in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from quancheng.core.calendar.errors import ClockError, ClockReason
from quancheng.core.calendar.working import WorkingCalendar
from quancheng.core.text import Text

__all__ = ["ClockStatus", "Extension", "LegalClock", "Suspension"]

_DAY = timedelta(days=1)


class ClockStatus(StrEnum):
    """Where a clock stands on a day (期限状态)."""

    NOT_STARTED = "NOT_STARTED"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    OVERDUE = "OVERDUE"
    FINISHED_IN_TIME = "FINISHED_IN_TIME"
    FINISHED_LATE = "FINISHED_LATE"

    @property
    def text(self) -> Text:
        """Label (状态名称)."""
        return _LABELS[self]


_LABELS = {
    ClockStatus.NOT_STARTED: Text("未起算", "not started"),
    ClockStatus.RUNNING: Text("计时中", "running"),
    ClockStatus.SUSPENDED: Text("已中止", "suspended"),
    ClockStatus.OVERDUE: Text("已超期", "overdue"),
    ClockStatus.FINISHED_IN_TIME: Text("按期办结", "finished in time"),
    ClockStatus.FINISHED_LATE: Text("超期办结", "finished late"),
}


@dataclass(frozen=True, slots=True)
class Suspension:
    """Days that do not count (中止): from ``start`` up to before ``end``; open while ``None``."""

    start: date
    reason: str
    end: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a day does not count (是否中止期间)."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Extension:
    """Further working days, granted on a day for a reason (延长)."""

    on: date
    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class LegalClock:
    """State of one time limit (法定期限). A value: every step returns a new clock.

    ``extensions_allowed`` of ``None`` sets no limit; it comes from the matter's parameters.
    """

    started: date
    limit: int
    suspensions: tuple[Suspension, ...] = ()
    extensions: tuple[Extension, ...] = ()
    finished: date | None = None
    extensions_allowed: int | None = None

    def __post_init__(self) -> None:
        if self.limit <= 0:
            raise ClockError(ClockReason.DAYS)

    @property
    def total(self) -> int:
        """Limit with all extensions, in working days (总期限)."""
        return self.limit + sum(extension.days for extension in self.extensions)

    @property
    def suspended(self) -> bool:
        """Whether a suspension is open (是否中止中)."""
        return bool(self.suspensions) and self.suspensions[-1].end is None

    def suspend(self, on: date, reason: str, calendar: WorkingCalendar) -> LegalClock:
        """Stop counting from ``on`` (中止). Not after the limit has passed: nothing heals that."""
        self._may_change(on, reason)
        if self.suspended:
            raise ClockError(ClockReason.ALREADY_SUSPENDED)
        self._not_overdue(on, calendar)
        return replace(self, suspensions=(*self.suspensions, Suspension(on, reason)))

    def resume(self, on: date) -> LegalClock:
        """Count again from ``on``, that day included (恢复)."""
        self._may_change(on)
        if not self.suspended:
            raise ClockError(ClockReason.NOT_SUSPENDED)
        return replace(self, suspensions=self._closed(on))

    def extend(self, on: date, days: int, reason: str, calendar: WorkingCalendar) -> LegalClock:
        """Add working days (延长), also while suspended; not after the limit has passed."""
        self._may_change(on, reason)
        if days <= 0:
            raise ClockError(ClockReason.DAYS)
        if self.extensions_allowed is not None and len(self.extensions) >= self.extensions_allowed:
            raise ClockError(ClockReason.EXTENSIONS_USED_UP)
        self._not_overdue(on, calendar)
        return replace(self, extensions=(*self.extensions, Extension(on, days, reason)))

    def finish(self, on: date) -> LegalClock:
        """Stop for good (办结); ends an open suspension, as when an application is withdrawn."""
        self._may_change(on)
        closed = self._closed(on) if self.suspended else self.suspensions
        return replace(self, finished=on, suspensions=closed)

    def due(self, calendar: WorkingCalendar) -> date | None:
        """The last day in time (到期日); ``None`` while suspended, as it is not known then."""
        if self.suspended:
            return None
        day, left = self.started, self.total
        while left:
            day += _DAY
            left -= self._counts(day, calendar)
        return day

    def used(self, on: date, calendar: WorkingCalendar) -> int:
        """Working days counted up to and with a day, or the day it finished (已用工作日)."""
        last = on if self.finished is None else min(on, self.finished)
        days = (last - self.started).days
        return sum(self._counts(self.started + timedelta(n), calendar) for n in range(1, days + 1))

    def remaining(self, on: date, calendar: WorkingCalendar) -> int:
        """Working days left after a day; negative when overdue (剩余工作日)."""
        clock = self.as_of(on)
        return clock.total - clock.used(on, calendar)

    def status(self, on: date, calendar: WorkingCalendar) -> ClockStatus:
        """Where the clock stands on a day, by what had happened up to that day (状态)."""
        if on < self.started:
            return ClockStatus.NOT_STARTED
        clock = self.as_of(on)
        late = clock.remaining(on, calendar) < 0
        if clock.finished is not None:
            return ClockStatus.FINISHED_LATE if late else ClockStatus.FINISHED_IN_TIME
        if clock.suspended:
            return ClockStatus.SUSPENDED
        return ClockStatus.OVERDUE if late else ClockStatus.RUNNING

    def as_of(self, on: date) -> LegalClock:
        """The clock as it stood at the end of a day, later steps undone (当日状态)."""
        return replace(
            self,
            suspensions=tuple(
                item if item.end is None or item.end <= on else replace(item, end=None)
                for item in self.suspensions
                if item.start <= on
            ),
            extensions=tuple(item for item in self.extensions if item.on <= on),
            finished=self.finished if self.finished is None or self.finished <= on else None,
        )

    def _counts(self, day: date, calendar: WorkingCalendar) -> bool:
        return not any(item.covers(day) for item in self.suspensions) and calendar.is_working_day(day)

    def _closed(self, on: date) -> tuple[Suspension, ...]:
        return (*self.suspensions[:-1], replace(self.suspensions[-1], end=on))

    def _last_change(self) -> date:
        changes = [self.started, *(item.on for item in self.extensions)]
        changes += [item.end or item.start for item in self.suspensions]
        return max(changes)

    def _may_change(self, on: date, reason: str = "none needed") -> None:
        if self.finished is not None:
            raise ClockError(ClockReason.FINISHED)
        if on < self._last_change():
            raise ClockError(ClockReason.OUT_OF_ORDER)
        if not reason.strip():
            raise ClockError(ClockReason.REASON_MISSING)

    def _not_overdue(self, on: date, calendar: WorkingCalendar) -> None:
        due = self.due(calendar)
        if due is not None and on > due:
            raise ClockError(ClockReason.OVERDUE)
