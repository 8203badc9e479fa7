"""窗口计算: sums of many streams at once, exact in thousandths, and the episodes above a threshold.

:mod:`quancheng.core.telemetry.windows` says what a crossing is, one stream at a time; this says the
same of all streams together in numpy (a test compares both on random rain).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

SLOT_SECONDS = 300
SCALE = 1000
Ints = NDArray[np.int64]
Readings = Mapping[int, int]
"""Epoch second → value in thousandths."""


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The time of an epoch second."""
    return datetime.fromtimestamp(seconds, UTC)


def thousandths(value: Decimal) -> int:
    """A value as a whole number of thousandths."""
    return int(value * SCALE)


def decimal(value: int) -> Decimal:
    """Thousandths as a decimal."""
    return Decimal(value) / SCALE


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """回差: when an episode has ended."""

    ratio: Decimal
    coverage: Decimal
    margin: Decimal
    """For readings themselves (levels): how far back past the threshold."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch at or above a threshold: where it began, its amount there and its end if known."""

    row: int
    start: int
    end: int | None
    amount: int
    coverage: float
    at_edge: bool = False
    """It began where the known data begin, so it may be older."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rain of streams (rows) by slot (columns), with prefix sums."""

    first: int
    amounts: Ints
    counts: Ints

    @property
    def slots(self) -> int:
        return int(self.amounts.shape[1]) - 1

    def time(self, column: int) -> int:
        """Epoch second at which the slot of a column ends."""
        return (self.first + column) * SLOT_SECONDS


def grid(streams: Sequence[Readings], first: int, last: int) -> Grid:
    """Prefix sums of the slots ``first`` … ``last`` of each stream."""
    width = last - first + 1
    values = np.zeros((len(streams), width + 1), dtype=np.int64)
    present = np.zeros((len(streams), width + 1), dtype=np.int64)
    for row, readings in enumerate(streams):
        count = len(readings)
        columns = np.fromiter(readings.keys(), dtype=np.int64, count=count) // SLOT_SECONDS - first
        found = np.fromiter(readings.values(), dtype=np.int64, count=count)
        inside = (columns >= 0) & (columns < width)
        values[row, columns[inside] + 1] = found[inside]
        present[row, columns[inside] + 1] = 1
    return Grid(first, np.cumsum(values, axis=1), np.cumsum(present, axis=1))


def sums(made: Grid, minutes: int) -> tuple[Ints, Ints, int]:
    """Rolling sums and counts of every window, and the slots a window has."""
    width = minutes * 60 // SLOT_SECONDS
    index = np.arange(1, made.slots + 1)
    before = np.maximum(index - width, 0)
    return (
        made.amounts[:, index] - made.amounts[:, before],
        made.counts[:, index] - made.counts[:, before],
        width,
    )


def window_episodes(made: Grid, minutes: int, thresholds: Ints, hysteresis: Hysteresis) -> list[Episode]:
    """Episodes of all rows: from the first window at the threshold to the first surely below it."""
    total, count, width = sums(made, minutes)
    above = total >= thresholds[:, None]
    rows = np.flatnonzero(above.any(axis=1))
    if not rows.size:
        return []
    total, count, above = total[rows], count[rows], above[rows]
    ratio, cover = int(hysteresis.ratio * SCALE), int(hysteresis.coverage * SCALE)
    clear = (total * SCALE < thresholds[rows, None] * ratio) & (count * SCALE >= width * cover)
    return [
        Episode(
            int(rows[row]),
            start,
            end,
            int(total[row, start]),
            float(count[row, start] / width),
            start < width,
        )
        for row, start, end in _walk(np.ascontiguousarray(above.T), np.ascontiguousarray(clear.T))
    ]


def _walk(above: NDArray[np.bool_], clear: NDArray[np.bool_]) -> list[tuple[int, int, int | None]]:
    """Start and end column of the episodes of each row; all rows step through time together."""
    active = np.zeros(above.shape[1], dtype=np.bool_)
    open_at: dict[int, int] = {}
    found: list[tuple[int, int, int | None]] = []
    for column in range(above.shape[0]):
        started = above[column] & ~active
        ended = active & clear[column]
        if started.any():
            open_at.update((int(row), column) for row in np.flatnonzero(started))
        if ended.any():
            found += [(int(row), open_at.pop(int(row)), column) for row in np.flatnonzero(ended)]
        active = (active | started) & ~ended
    return found + [(row, start, None) for row, start in open_at.items()]


def reading_episodes(
    row: int, readings: Readings, threshold: int, margin: int, *, below: bool, since: int
) -> list[Episode]:
    """Episodes of single readings (levels); ``start`` and ``end`` are epoch seconds."""
    sign = -1 if below else 1
    found: list[Episode] = []
    start: tuple[int, int] | None = None
    for at in sorted(time for time in readings if time >= since):
        value = sign * readings[at]
        if start is None and value >= sign * threshold:
            start = (at, readings[at])
        elif start is not None and value < sign * threshold - margin:
            found.append(Episode(row, start[0], at, start[1], 1.0))
            start = None
    if start is not None:
        found.append(Episode(row, start[0], None, start[1], 1.0))
    return found


def reach(minutes: int) -> timedelta:
    """How far back a window looks."""
    return timedelta(minutes=minutes)
