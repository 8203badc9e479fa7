"""已见时间: the newest time of every stream, in the memory of a process that appends.

A row later than that cannot be known already. The table starts from the latest values' array and
follows all logs; each frame is read once.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from quancheng.capabilities.observations.config import folder, log_folder
from quancheng.capabilities.observations.latest import LatestReader, Slots, newest
from quancheng.capabilities.observations.log_reader import Follower
from quancheng.capabilities.observations.tail import sealed
from quancheng.capabilities.observations.values import NONE, Batch, Ints

_ALL = 1 << 60


class Seen:
    """Newest times by stream of one folder; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots = Slots(np.zeros(0, np.int64))
        self._times = np.full(1024, NONE, np.int64)
        said = LatestReader(folder()).times()
        self._whole = said is not None
        """True when a stream that is not in the table has no observation at all."""
        if said is None:
            positions = sealed()
            self._whole = not positions
        else:
            streams, times, positions = said
            self._raise(streams, times)
        self._follower = Follower(log_folder(), dict(positions))

    def later(self, batch: Batch) -> np.typing.NDArray[np.bool_]:
        """Mask of the rows that are newer than everything known of their streams."""
        with self._lock:
            for piece in self._follower.read(_ALL):
                self._note(piece.batch)
            slots = self._slots.find(batch.stream)
            known = np.where(slots >= 0, self._times[slots], NONE)
            mask: np.typing.NDArray[np.bool_] = batch.time > known
            return mask if self._whole else mask & (slots >= 0)

    def unknown(self, streams: Ints) -> Ints:
        """Of some streams, those of which the table cannot say whether they have observations."""
        with self._lock:
            found: Ints = np.unique(streams[self._slots.find(streams) < 0])
            return found[:0] if self._whole else found

    def learn(self, streams: Ints, times: Ints) -> None:
        """The newest times of streams that were looked up in the store (NONE = it has nothing of it)."""
        with self._lock:
            self._raise(streams, times)

    def _note(self, batch: Batch) -> None:
        if len(batch):
            places = newest(batch)
            self._raise(batch.stream[places], batch.time[places])

    def _raise(self, streams: Ints, times: Ints) -> None:
        slots = self._slots.find(streams)
        if (slots < 0).any():
            self._slots.extend(streams[slots < 0])
            if self._slots.count > len(self._times):
                grown = np.full(2 * self._slots.count, NONE, np.int64)
                grown[: len(self._times)] = self._times
                self._times = grown
            slots = self._slots.find(streams)
        self._times[slots] = np.maximum(self._times[slots], times)


_seen: dict[Path, Seen] = {}
_making = threading.Lock()


def seen() -> Seen:
    """The table of this process."""
    with _making:
        found = _seen.get(folder())
        if found is None:
            found = _seen[folder()] = Seen()
        return found
