"""Legal clocks: examples, refused steps, and a state machine against a day-by-day model."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from quancheng.core.calendar import ClockError, ClockReason, ClockStatus, LegalClock
from tests.core.calendar.test_working import CALENDAR

MONDAY = date(2025, 6, 9)


def day(offset: int) -> date:
    return MONDAY + timedelta(offset)


def reason_of(call) -> ClockReason:  # type: ignore[no-untyped-def]
    with pytest.raises(ClockError) as caught:
        call()
    assert caught.value.text.zh
    assert str(caught.value) == caught.value.text.en
    return caught.value.reason


def test_plain_limit() -> None:
    clock = LegalClock(MONDAY, 5)
    assert clock.due(CALENDAR) == day(7)
    assert clock.remaining(MONDAY, CALENDAR) == 5
    assert clock.remaining(day(-3), CALENDAR) == 5
    assert clock.remaining(day(7), CALENDAR) == 0
    assert clock.remaining(day(8), CALENDAR) == -1
    assert clock.status(day(-1), CALENDAR) is ClockStatus.NOT_STARTED
    assert clock.status(day(7), CALENDAR) is ClockStatus.RUNNING
    assert clock.status(day(8), CALENDAR) is ClockStatus.OVERDUE
    assert clock.finish(day(7)).status(day(30), CALENDAR) is ClockStatus.FINISHED_IN_TIME
    assert clock.finish(day(8)).status(day(30), CALENDAR) is ClockStatus.FINISHED_LATE
    assert clock.finish(day(8)).status(day(7), CALENDAR) is ClockStatus.RUNNING
    assert {status.text.zh for status in ClockStatus} >= {"计时中", "已超期"}


def test_suspension_and_extension() -> None:
    paused = LegalClock(MONDAY, 5).suspend(day(2), "等待补正", CALENDAR)
    assert paused.due(CALENDAR) is None
    assert paused.suspended
    assert paused.status(day(20), CALENDAR) is ClockStatus.SUSPENDED
    assert paused.remaining(day(20), CALENDAR) == 4
    again = paused.resume(day(4))
    assert again.due(CALENDAR) == day(9)
    longer = again.extend(day(9), 3, "情况复杂", CALENDAR)
    assert longer.total == 8
    assert longer.due(CALENDAR) == day(14)
    assert longer.status(day(3), CALENDAR) is ClockStatus.SUSPENDED
    assert longer.as_of(day(1)) == LegalClock(MONDAY, 5)
    assert longer.as_of(day(30)) == longer
    nothing = LegalClock(MONDAY, 5).suspend(day(2), "x", CALENDAR).resume(day(2))
    assert nothing.due(CALENDAR) == day(7)
    withdrawn = paused.finish(day(10))
    assert not withdrawn.suspended
    assert withdrawn.status(day(40), CALENDAR) is ClockStatus.FINISHED_IN_TIME
    assert paused.extend(day(3), 1, "x", CALENDAR).total == 6


def test_refused_steps() -> None:
    clock = LegalClock(MONDAY, 5, extensions_allowed=1)
    paused = clock.suspend(day(2), "x", CALENDAR)
    longer = clock.extend(day(1), 5, "x", CALENDAR)
    done = clock.finish(day(3))
    assert reason_of(lambda: LegalClock(MONDAY, 0)) is ClockReason.DAYS
    assert reason_of(lambda: clock.resume(day(1))) is ClockReason.NOT_SUSPENDED
    assert reason_of(lambda: paused.resume(day(1))) is ClockReason.OUT_OF_ORDER
    assert reason_of(lambda: longer.finish(day(0))) is ClockReason.OUT_OF_ORDER
    assert reason_of(lambda: clock.finish(day(-1))) is ClockReason.OUT_OF_ORDER
    assert reason_of(lambda: paused.suspend(day(3), "x", CALENDAR)) is ClockReason.ALREADY_SUSPENDED
    assert reason_of(lambda: clock.suspend(day(8), "x", CALENDAR)) is ClockReason.OVERDUE
    assert reason_of(lambda: clock.extend(day(8), 1, "x", CALENDAR)) is ClockReason.OVERDUE
    assert reason_of(lambda: clock.extend(day(1), 0, "x", CALENDAR)) is ClockReason.DAYS
    assert reason_of(lambda: clock.suspend(day(1), " ", CALENDAR)) is ClockReason.REASON_MISSING
    assert reason_of(lambda: longer.extend(day(2), 1, "x", CALENDAR)) is ClockReason.EXTENSIONS_USED_UP
    assert reason_of(lambda: done.finish(day(4))) is ClockReason.FINISHED
    assert reason_of(lambda: done.suspend(day(4), "x", CALENDAR)) is ClockReason.FINISHED


class ClockMachine(RuleBasedStateMachine):
    """A model that walks day by day and notes for each day whether it counted."""

    @initialize(start=st.dates(date(2024, 1, 1), date(2025, 6, 30)), limit=st.integers(1, 20))
    def begin(self, start: date, limit: int) -> None:
        self.clock = LegalClock(start, limit)
        self.today, self.left = start, limit
        self.paused = self.done = False
        self.counted_today = False
        self.history: list[tuple[date, int]] = []

    @rule(days=st.integers(1, 6))
    def walk(self, days: int) -> None:
        for _ in range(days):
            self.history.append((self.today, self.left))
            self.today += timedelta(1)
            counts = not self.paused and not self.done and CALENDAR.is_working_day(self.today)
            self.counted_today = counts
            self.left -= counts

    @precondition(lambda self: not self.done and not self.paused and self.left >= 0)
    @rule()
    def suspend(self) -> None:
        due = self.clock.due(CALENDAR)
        assert due is not None
        if self.today <= due:
            self.clock = self.clock.suspend(self.today, "x", CALENDAR)
            self.paused = True
            self.left += self.counted_today  # the day a suspension begins does not count
            self.counted_today = False
        else:
            with pytest.raises(ClockError):
                self.clock.suspend(self.today, "x", CALENDAR)

    @precondition(lambda self: self.paused and not self.done)
    @rule()
    def resume(self) -> None:
        self.clock = self.clock.resume(self.today)
        self.paused = False
        self.counted_today = self.today > self.clock.started and CALENDAR.is_working_day(self.today)
        self.left -= self.counted_today

    @precondition(lambda self: not self.done)
    @rule(days=st.integers(1, 5))
    def extend(self, days: int) -> None:
        try:
            self.clock = self.clock.extend(self.today, days, "x", CALENDAR)
        except ClockError as error:
            if error.reason is not ClockReason.OVERDUE:
                raise
        else:
            self.left += days

    @precondition(lambda self: not self.done and not self.paused)
    @rule()
    def finish(self) -> None:
        self.clock = self.clock.finish(self.today)
        self.done = True

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "clock"):
            return
        assert self.clock.remaining(self.today, CALENDAR) == self.left
        status = self.clock.status(self.today, CALENDAR)
        assert (status is ClockStatus.SUSPENDED) == self.paused
        assert (status in {ClockStatus.OVERDUE, ClockStatus.FINISHED_LATE}) == (self.left < 0)
        due = self.clock.due(CALENDAR)
        assert (due is None) == self.paused
        if due is not None and not self.done:
            assert self.clock.used(due, CALENDAR) == self.clock.total
            assert CALENDAR.is_working_day(due)
            assert (self.left < 0) == (
                self.today > due and CALENDAR.working_days_between(due, self.today) > 0
            )
        for past, left in self.history[:-6]:
            assert self.clock.remaining(past, CALENDAR) == left


TestClockMachine = ClockMachine.TestCase
TestClockMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
