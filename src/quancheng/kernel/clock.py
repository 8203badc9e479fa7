"""The only clock of the platform. Real by default, virtual during drills and tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
"""Local time of the city; dates in law are local dates."""


class VirtualClock:
    """A clock that stands still until moved; time never runs backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        return self._now

    def advance(self, delta: timedelta) -> datetime:
        """Move forward by ``delta``; raises ValueError when negative."""
        return self.set(self._now + delta)

    def set(self, moment: datetime) -> datetime:
        """Move to ``moment``; raises ValueError when it lies in the past."""
        moment = _aware(moment)
        if moment < self._now:
            raise ValueError("a clock cannot run backwards 时钟不能倒走")
        self._now = moment
        return moment


_virtual: ContextVar[VirtualClock | None] = ContextVar("quancheng_virtual_clock", default=None)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    virtual = _virtual.get()
    return virtual.now().astimezone(UTC) if virtual else datetime.now(UTC)


def today() -> date:
    """The current local date of the city."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The city's date at a moment: a moment's own ``date()`` is that of UTC, a day behind until eight in the morning."""
    return moment.astimezone(LOCAL).date()


def is_virtual() -> bool:
    """True inside a drill or test that runs on its own time."""
    return _virtual.get() is not None


@contextmanager
def running(clock: VirtualClock) -> Iterator[VirtualClock]:
    """Everything inside sees ``clock``."""
    token = _virtual.set(clock)
    try:
        yield clock
    finally:
        _virtual.reset(token)


@contextmanager
def at(moment: datetime) -> Iterator[VirtualClock]:
    """Everything inside happens at ``moment``."""
    with running(VirtualClock(moment)) as clock:
        yield clock


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place here 时间必须带时区")
    return moment
