"""滚动窗口: rain sums over event time, and when they crossed a threshold.

Everything here is a function of the slot amounts: data that come late or out of order change the
answer to what it would have been, had they come in time, and :func:`compare` says what changed.
A missing slot adds nothing, so a sum is a lower bound: it may cross a threshold, but it may end an
episode only when enough of the window was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Change",
    "Crossing",
    "Hysteresis",
    "RainWindows",
    "Revision",
    "SlotRain",
    "Threshold",
    "WindowSum",
    "compare",
    "crossings",
    "crossings_naive",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_ZERO = Decimal(0)


class Change(StrEnum):
    """写入结果: what adding an amount did."""

    NEW = "new"
    SAME = "same"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class SlotRain:
    """时段雨量: rain of the slot that ends at ``at``."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class WindowSum:
    """窗口累计: rain of a window ending at ``at``, slots present of slots expected."""

    at: datetime
    minutes: int
    amount: Decimal
    present: int
    expected: int

    @property
    def coverage(self) -> Decimal:
        """到报率: the share of slots that have data."""
        return Decimal(self.present) / self.expected


@dataclass(frozen=True, slots=True)
class Threshold:
    """阈值: at least ``amount`` within ``window_minutes``; rows of dated data, never constants."""

    id: str
    level: str
    window_minutes: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """回差: an episode ends below ``clear_ratio`` of the amount, ``clear_coverage`` present."""

    clear_ratio: Decimal
    clear_coverage: Decimal

    def __post_init__(self) -> None:
        if not (0 < self.clear_ratio <= 1 and 0 <= self.clear_coverage <= 1):
            raise ValueError(f"ratios must lie between 0 and 1: {self}")


@dataclass(frozen=True, slots=True)
class Crossing:
    """越限: the first time in an episode that a window reached its threshold, with its evidence."""

    threshold: Threshold
    at: datetime
    amount: Decimal
    coverage: Decimal
    readings: tuple[SlotRain, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """修正: crossings that late data raised, withdrew or (as both) moved."""

    raised: tuple[Crossing, ...]
    withdrawn: tuple[Crossing, ...]


class RainWindows:
    """One stream's rain by slot (one gauge); slots end on whole multiples of the step."""

    __slots__ = ("_slots", "_step", "_step_minutes")

    def __init__(self, step_minutes: int = 5) -> None:
        if step_minutes < 1:
            raise ValueError("a step is at least one minute")
        self._step_minutes = step_minutes
        self._step = step_minutes * _MINUTE
        self._slots: dict[int, Decimal] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, at: datetime, amount: Decimal) -> Change:
        """Set the amount of the slot that ends at ``at``; the same again changes nothing."""
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"rain is not negative: {amount}")
        slot = self.slot(at)
        before = self._slots.get(slot)
        self._slots[slot] = amount
        if before is None:
            return Change.NEW
        return Change.SAME if before == amount else Change.CORRECTED

    def slot(self, at: datetime) -> int:
        """The number of the slot that ends at ``at``; a time between slot ends is refused."""
        number, rest = divmod(at - _EPOCH, self._step)
        if rest:
            raise ValueError(f"{at} is not the end of a slot of {self._step_minutes} minutes")
        return number

    def ends(self) -> tuple[datetime, ...]:
        """The slot ends that have data, in order."""
        return tuple(self._time(slot) for slot in sorted(self._slots))

    def _time(self, slot: int) -> datetime:
        return _EPOCH + slot * self._step

    def width(self, minutes: int) -> int:
        """How many slots a window of so many minutes has."""
        count, rest = divmod(minutes, self._step_minutes)
        if rest or count < 1:
            raise ValueError(f"{minutes} minutes are not a number of slots")
        return count

    def ending(self, at: datetime, minutes: int) -> WindowSum:
        """The sum of the window of ``minutes`` that ends at ``at``."""
        last, width = self.slot(at), self.width(minutes)
        found = [self._slots[slot] for slot in range(last - width + 1, last + 1) if slot in self._slots]
        return WindowSum(at, minutes, sum(found, _ZERO), len(found), width)

    def readings(self, at: datetime, minutes: int) -> tuple[SlotRain, ...]:
        """The slots with data in the window of ``minutes`` that ends at ``at``, in order."""
        last, width = self.slot(at), self.width(minutes)
        slots = range(last - width + 1, last + 1)
        return tuple(SlotRain(self._time(s), self._slots[s]) for s in slots if s in self._slots)

    def rolling(self, minutes: int, until: datetime | None = None) -> tuple[WindowSum, ...]:
        """Every window from the first slot with data to ``until`` (else the last), in order."""
        width = self.width(minutes)
        if not self._slots:
            return ()
        first = min(self._slots)
        last = max(self._slots) if until is None else self.slot(until)
        found, amount, present = [], _ZERO, 0
        for slot in range(first, last + 1):
            if slot in self._slots:
                amount += self._slots[slot]
                present += 1
            gone = slot - width
            if gone in self._slots:
                amount -= self._slots[gone]
                present -= 1
            found.append(WindowSum(self._time(slot), minutes, amount, present, width))
        return tuple(found)

    def maximum(self, minutes: int) -> WindowSum | None:
        """The largest window of ``minutes``, the earliest of equals; ``None`` without data."""
        return max(self.rolling(minutes), key=lambda w: w.amount, default=None)

    def prune(self, before: datetime) -> int:
        """Forget slots that end at or before ``before``; return how many."""
        limit = (before - _EPOCH) // self._step
        old = [slot for slot in self._slots if slot <= limit]
        for slot in old:
            del self._slots[slot]
        return len(old)


def crossings(
    windows: RainWindows,
    thresholds: Iterable[Threshold],
    hysteresis: Hysteresis,
    until: datetime | None = None,
) -> tuple[Crossing, ...]:
    """Every crossing, once an episode, ordered by time and then by the thresholds' order."""
    found: list[Crossing] = []
    sums: dict[int, tuple[WindowSum, ...]] = {}
    for threshold in thresholds:
        minutes = threshold.window_minutes
        if minutes not in sums:
            sums[minutes] = windows.rolling(minutes, until)
        for total in _episodes(sums[minutes], threshold, hysteresis):
            readings = windows.readings(total.at, minutes)
            found.append(Crossing(threshold, total.at, total.amount, total.coverage, readings))
    return tuple(sorted(found, key=lambda crossing: crossing.at))


def _episodes(sums: Sequence[WindowSum], threshold: Threshold, hysteresis: Hysteresis) -> Iterable[WindowSum]:
    clear = threshold.amount * hysteresis.clear_ratio
    active = False
    for total in sums:
        if not active and total.amount >= threshold.amount:
            active = True
            yield total
        elif active and total.amount < clear and total.coverage >= hysteresis.clear_coverage:
            active = False


def crossings_naive(
    amounts: Mapping[datetime, Decimal],
    thresholds: Iterable[Threshold],
    hysteresis: Hysteresis,
    step_minutes: int = 5,
) -> tuple[tuple[str, datetime, Decimal], ...]:
    """The slow evaluator that tests trust: every sum anew, written from the definition."""
    step = step_minutes * _MINUTE
    found = []
    for threshold in thresholds:
        at = min(amounts, default=_EPOCH)
        width = threshold.window_minutes // step_minutes
        active = False
        while amounts and at <= max(amounts):
            inside = [amounts[at - k * step] for k in range(width) if at - k * step in amounts]
            total = sum(inside, _ZERO)
            enough = Decimal(len(inside)) / width >= hysteresis.clear_coverage
            if not active and total >= threshold.amount:
                active = True
                found.append((threshold.id, at, total))
            elif active and enough and total < threshold.amount * hysteresis.clear_ratio:
                active = False
            at += step
    return tuple(sorted(found, key=lambda row: row[1]))


def compare(before: Iterable[Crossing], after: Iterable[Crossing]) -> Revision:
    """What a re-evaluation changed; the same threshold and time is the same crossing."""
    old = {(c.threshold.id, c.at): c for c in before}
    new = {(c.threshold.id, c.at): c for c in after}
    return Revision(
        raised=tuple(c for key, c in new.items() if key not in old),
        withdrawn=tuple(c for key, c in old.items() if key not in new),
    )
