"""设计雨型: a five-minute storm whose worst windows are exactly the recorded ones.

The peak hour takes its shape from given weights; each wider window adds, outside the narrower one,
the difference of the two recorded amounts, fading away from the peak; what is left of the storm's
total lies outside the widest. Amounts are whole multiples of the resolution, shared by largest
remainder, so that every sum is exact. The result is checked by looking at every window: facts that
no such storm can meet raise :class:`StormError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import exp

from .storm import Storm, StormError

__all__ = ["Hyetograph", "hyetograph", "share"]


@dataclass(frozen=True, slots=True)
class Hyetograph:
    """雨量过程线: amounts of consecutive slots; ``first`` is the end of the first slot."""

    first: datetime
    step: timedelta
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """The storm's total."""
        return sum(self.amounts, Decimal(0))

    def slots(self) -> tuple[tuple[datetime, Decimal], ...]:
        """Each slot's end and amount."""
        return tuple((self.first + k * self.step, a) for k, a in enumerate(self.amounts))

    def maximum(self, duration: timedelta) -> Decimal:
        """The largest sum over any window of a duration."""
        width = duration // self.step
        last = max(len(self.amounts) - width, 0)
        return max(sum(self.amounts[k : k + width], Decimal(0)) for k in range(last + 1))


def share(total: int, weights: Sequence[float]) -> list[int]:
    """Share a whole number by weights, by largest remainder, the earlier of equals first."""
    whole = sum(weights)
    if total < 0 or not weights or whole <= 0 or min(weights) < 0:
        raise StormError(f"cannot share {total} among {len(weights)} weights")
    exact = [total * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda k: (parts[k] - exact[k], k))
    for k in order[: total - sum(parts)]:
        parts[k] += 1
    return parts


def _units(amount: Decimal, resolution: Decimal) -> int:
    units, rest = divmod(amount, resolution)
    if rest:
        raise StormError(f"{amount} is not a multiple of {resolution}")
    return int(units)


def hyetograph(storm: Storm) -> Hyetograph:
    """Build the reference gauge's storm from its facts."""
    first = storm.reference_start + storm.step
    count = (storm.end - storm.reference_start) // storm.step
    units = [0] * count
    inner = range(0)
    placed = 0
    for window in storm.windows:
        start = (window.start - storm.reference_start) // storm.step
        outer = range(start, start + window.minutes * timedelta(minutes=1) // storm.step)
        if outer.start < 0 or outer.stop > count or (inner and not _holds(outer, inner)):
            raise StormError(f"the window of {window.minutes} minutes does not hold the one before")
        amount = _units(window.amount, storm.resolution)
        ring = [slot for slot in outer if slot not in inner]
        if inner:
            weights = _fading(ring, inner, window.fade_slots)
        else:
            weights = list(storm.peak_weights)
            if len(weights) != len(ring):
                raise StormError(f"the peak needs {len(ring)} weights, not {len(weights)}")
        for slot, part in zip(ring, share(amount - placed, weights), strict=True):
            units[slot] = part
        inner, placed = outer, amount
    rest = [slot for slot in range(count) if slot not in inner]
    left = _units(storm.total, storm.resolution) - placed
    if rest:
        fading = _fading(rest, inner, storm.tail_fade_slots)
        for slot, part in zip(rest, share(left, fading), strict=True):
            units[slot] = part
    amounts = tuple(unit * storm.resolution for unit in units)
    return _checked(Hyetograph(first, storm.step, amounts), storm)


def _holds(outer: range, inner: range) -> bool:
    return outer.start <= inner.start and inner.stop <= outer.stop


def _fading(ring: Sequence[int], inner: range, fade_slots: float) -> list[float]:
    """Weights that fall by 1/e every ``fade_slots`` away from the inner window."""
    away = [max(inner.start - slot, slot - inner.stop + 1) for slot in ring]
    return [exp(-distance / fade_slots) for distance in away]


def _checked(found: Hyetograph, storm: Storm) -> Hyetograph:
    for window in storm.windows:
        highest = found.maximum(timedelta(minutes=window.minutes))
        if highest != window.amount:
            raise StormError(f"{window.minutes} minutes reach {highest}, not {window.amount}")
    if found.total != storm.total:
        raise StormError(f"the total is {found.total}, not {storm.total}")
    return found
