"""数据流记忆(数组): the newest readings of all watched streams as rings, one row a stream."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from quancheng.core.watch.track import Track

__all__ = ["Bools", "Floats", "Ints", "Memory"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_DENSE = 4
"""A table from id to row is used when ids are at most this many times the number of streams, plus a million."""


class Memory:
    """数据流记忆: ``times`` and ``values`` [streams × depth], µs and numbers.

    ``next``: place of the next reading in its ring; ``size``: readings in it; ``last_time`` and
    ``last_value``: the newest (−2^62 and NaN when there is none).
    """

    def __init__(self, streams: Iterable[int], depth: int) -> None:
        self.ids: Ints = np.unique(np.fromiter(streams, np.int64))
        number = len(self.ids)
        self.depth = depth
        self.times = np.zeros((number, depth), np.int64)
        self.values = np.zeros((number, depth), np.float64)
        self.next = np.zeros(number, np.int64)
        self.size = np.zeros(number, np.int64)
        self.last_time = np.full(number, -(2**62), np.int64)
        self.last_value = np.full(number, np.nan)
        self._table = self._make_table()

    def _make_table(self) -> Ints | None:
        highest = int(self.ids[-1]) if len(self.ids) else 0
        if (len(self.ids) and int(self.ids[0]) < 0) or highest > _DENSE * len(self.ids) + 1_000_000:
            return None
        table = np.full(highest + 2, -1, np.int64)
        table[self.ids] = np.arange(len(self.ids))
        return table

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, streams: Ints) -> Ints:
        """Row of each stream, −1 for one that is not watched."""
        if not len(self.ids):
            return np.full(len(streams), -1, np.int64)
        if self._table is not None:
            high = len(self._table) - 1
            inside = np.where((streams >= 0) & (streams < high), streams, high)
            return self._table[inside]
        places = np.minimum(np.searchsorted(self.ids, streams), len(self.ids) - 1)
        return np.where(self.ids[places] == streams, places, -1)

    def append(self, rows: Ints, times: Ints, values: Floats) -> None:
        """One reading, newer than all, for each of these different rows."""
        place = self.next[rows]
        flat = rows * self.depth + place
        self.times.reshape(-1)[flat] = times
        self.values.reshape(-1)[flat] = values
        place += 1
        place[place == self.depth] = 0
        self.next[rows] = place
        size = self.size[rows] + 1
        self.size[rows] = np.minimum(size, self.depth)
        self.last_time[rows] = times
        self.last_value[rows] = values

    def load(self, row: int) -> Track:
        """One stream's readings as the scalar machines read them."""
        track = Track(int(self.ids[row]), self.depth)
        size, end = int(self.size[row]), int(self.next[row])
        times, values = self.times[row].tolist(), self.values[row].tolist()
        if size <= end:
            track.times, track.values = times[end - size : end], values[end - size : end]
        else:
            track.times = times[end - size :] + times[:end]
            track.values = values[end - size :] + values[:end]
        return track

    def save(self, row: int, track: Track) -> None:
        """Write a stream's readings back."""
        size = len(track.times)
        self.times[row, :size] = track.times
        self.values[row, :size] = track.values
        self.size[row], self.next[row] = size, size % self.depth
        self.last_time[row] = track.times[-1] if size else -(2**62)
        self.last_value[row] = track.values[-1] if size else np.nan

    # -- keeping -------------------------------------------------------------------------------
    def dump(self) -> dict[str, npt.NDArray[np.generic]]:
        """Everything that must survive."""
        return {name: getattr(self, name) for name in ("ids", *_KEPT)}

    def adopt(self, kept: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over the readings of streams that were watched before with the same depth."""
        if kept["times"].shape[1:] != (self.depth,):
            return
        ids: Ints = np.asarray(kept["ids"], np.int64)
        here = self.rows_of(ids)
        known = np.flatnonzero(here >= 0)
        for name in _KEPT:
            getattr(self, name)[here[known]] = kept[name][known]


_KEPT = ("times", "values", "next", "size", "last_time", "last_value")
