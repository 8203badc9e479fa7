"""判定结果: what evaluation says: an episode began, an episode ended, a reading came too late to judge here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Ending", "Firing", "Found", "Reading3"]

Reading3 = tuple[int, int, float]
"""Stream, time (µs), value."""


@dataclass(frozen=True, slots=True)
class Firing:
    """触发: an episode of a rule at a stream began at its own event time ``at``.

    ``value`` is the signal in its unit, ``limit`` what it was held against, ``readings`` those it was
    made of that are still in memory. ``late``: found when a late reading was put in its place.
    """

    rule: int
    stream: int
    at: int
    value: float
    limit: float
    readings: tuple[Reading3, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """结束: the episode that began at ``began`` ended; equal times mean later data took it back."""

    rule: int
    stream: int
    began: int
    at: int


@dataclass(slots=True)
class Found:
    """一批的结果: in the order in which each (rule, stream) found it.

    ``stale``: readings older than everything in memory of their stream; memory cannot place them, the
    store can.
    """

    firings: list[Firing] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    stale: list[tuple[int, int]] = field(default_factory=list)

    def extend(self, other: Found) -> None:
        """Add what another batch found."""
        self.firings.extend(other.firings)
        self.endings.extend(other.endings)
        self.stale.extend(other.stale)


def last_readings(
    stream: int, times: Sequence[int], values: Sequence[float], after: int, upto: int
) -> tuple[Reading3, ...]:
    """Readings with ``after < time <= upto``."""
    return tuple((stream, t, v) for t, v in zip(times, values, strict=True) if after < t <= upto)
