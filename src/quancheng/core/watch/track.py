"""数据流记忆: the newest readings of one stream in time order, and what arrives there."""

from __future__ import annotations

from bisect import bisect_left
from enum import IntEnum
from math import isfinite
from typing import TYPE_CHECKING

from quancheng.core.watch.spec import BIGGEST

if TYPE_CHECKING:
    from quancheng.core.watch.found import Found
    from quancheng.core.watch.machine import Machine

__all__ = ["Change", "Track", "measured"]


class Change(IntEnum):
    """观测变更: as the observation log numbers them."""

    NEW = 0
    CHANGED = 1
    DELETED = 2


def measured(value: float) -> bool:
    """Whether a value is a number rules look at."""
    return isfinite(value) and abs(value) <= BIGGEST


class Track:
    """数据流记忆: at most ``memory`` readings, and the machines of the rules that look at them."""

    __slots__ = ("machines", "memory", "stream", "times", "values")

    def __init__(self, stream: int, memory: int) -> None:
        self.stream, self.memory = stream, memory
        self.times: list[int] = []
        self.values: list[float] = []
        self.machines: list[Machine] = []

    @property
    def full(self) -> bool:
        """Whether older readings have been forgotten."""
        return len(self.times) >= self.memory

    def value_at(self, at: int) -> float | None:
        """The remembered value of a time."""
        place = bisect_left(self.times, at)
        return self.values[place] if place < len(self.times) and self.times[place] == at else None

    def arrive(self, at: int, value: float, change: int, found: Found) -> None:
        """A reading arrives; rules that look at it say what they find."""
        from quancheng.core.watch.machine import awake

        if change != Change.DELETED and (not self.times or at > self.times[-1]):
            self.times.append(at)
            self.values.append(value)
            if len(self.times) > self.memory:
                del self.times[0], self.values[0]
            for machine in self.machines:
                if awake(machine.rule, at):
                    machine.step(self, found)
            return
        placed, before = self._place(at, value, change, found)
        if placed:
            for machine in self.machines:
                if awake(machine.rule, at):
                    machine.replay(self, at, before, found)

    def _place(self, at: int, value: float, change: int, found: Found) -> tuple[bool, float | None]:
        """Put in, replace or remove; whether anything changed, and the value before."""
        place = bisect_left(self.times, at)
        before = self.value_at(at)
        if before is not None:
            if change == Change.DELETED:
                del self.times[place], self.values[place]
                return True, before
            self.values[place] = value
            return before != value, before
        if change == Change.DELETED or (place == 0 and self.full):
            if place == 0 and self.full:
                found.stale.append((self.stream, at))
            return False, None
        self.times.insert(place, at)
        self.values.insert(place, value)
        if len(self.times) > self.memory:
            del self.times[0], self.values[0]
        return True, None
