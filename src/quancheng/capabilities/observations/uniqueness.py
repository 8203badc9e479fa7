"""去重: the same (stream, time) twice is one observation.

A row newer than everything known of its stream is new (:mod:`seen`). Only the others are looked up, and
only against the store: what another thread is writing at this moment is waited for. Two *processes*
that are given the same row in the same instant may both take it; a device speaks to one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from quancheng.capabilities.observations import lake, queries
from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.seen import seen
from quancheng.capabilities.observations.values import NONE, Batch, Ints, Kind, Observation

_Key = tuple[int, int]


@dataclass(slots=True, eq=False)
class _InFlight:
    """Rows of a batch that is being written."""

    batch: Batch
    done: threading.Event = field(default_factory=threading.Event)


_flying: list[_InFlight] = []
_lock = threading.Lock()


class Sifting:
    """The rows of a batch that say something new, held against others until :meth:`leave`.

    ``enter`` may run in another thread than ``leave``, and be given up meanwhile: a task that is
    cancelled cannot stop its thread, which then leaves by itself.
    """

    def __init__(self, batch: Batch) -> None:
        self._mine = _InFlight(_last_of_each(batch))
        self._left = False

    def enter(self) -> Batch:
        """Wait for whoever writes the same rows; the fresh rows, known ones with another result as changes."""
        while True:
            with _lock:
                if self._left:
                    return self._mine.batch.take(np.zeros(0, np.int64))
                others = [one for one in _flying if _meet(one.batch, self._mine.batch)]
                if not others:
                    _flying.append(self._mine)
                    break
            for other in others:
                other.done.wait()
        try:
            return _sift(self._mine.batch)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Let others go on; also when it never entered."""
        with _lock:
            self._left = True
            if self._mine in _flying:
                _flying.remove(self._mine)
        self._mine.done.set()


@contextmanager
def sifted(batch: Batch) -> Iterator[Batch]:
    """The same for one thread: the fresh rows, to be written inside."""
    sifting = Sifting(batch)
    try:
        yield sifting.enter()
    finally:
        sifting.leave()


def _sift(batch: Batch) -> Batch:
    if not len(batch):
        return batch
    doubtful = np.flatnonzero(~seen().later(batch))
    if not len(doubtful):
        return batch
    _learn(seen().unknown(batch.stream[doubtful]))
    known = _look_up(batch.take(doubtful))
    keep = np.ones(len(batch), bool)
    pairs: list[tuple[int, Observation]] = []
    for place in doubtful.tolist():
        old = known.get((int(batch.stream[place]), int(batch.time[place])))
        if old is None:
            continue
        if _same(old, batch.row(place)):
            keep[place] = False
        else:
            pairs.append((place, old))
    if pairs:
        _make_changes(batch, pairs)
    return batch if keep.all() else batch.take(keep)


def _make_changes(batch: Batch, pairs: Sequence[tuple[int, Observation]]) -> None:
    batch.id, batch.kind, batch.rev = batch.id.copy(), batch.kind.copy(), batch.rev.copy()
    revision = writer().ids.revision()
    for place, old in pairs:
        batch.id[place], batch.kind[place], batch.rev[place] = old.id, Kind.CHANGED, revision


def _last_of_each(batch: Batch) -> Batch:
    """Within the batch itself, the last row of each (stream, time)."""
    order = np.lexsort((batch.time, batch.stream))
    stream, time = batch.stream[order], batch.time[order]
    again = (stream[1:] == stream[:-1]) & (time[1:] == time[:-1])
    if not again.any():
        return batch
    keep = np.ones(len(batch), bool)
    keep[order[:-1][again]] = False
    return batch.take(keep)


def _learn(streams: Ints) -> None:
    """Ask the store for the newest times of streams nobody has asked for yet; only without a keeper."""
    if not len(streams):
        return
    with queries.view(streams=streams.tolist()) as connection:
        rows = connection.execute("SELECT stream, max(time) FROM observations GROUP BY stream").fetchall()
    newest = dict(rows)
    times = np.array([newest.get(stream, NONE) for stream in streams.tolist()], np.int64)
    seen().learn(streams, times)


def _look_up(batch: Batch) -> dict[_Key, Observation]:
    """What is stored under these streams and times; of several the newest."""
    wanted = pa.table({"stream": batch.stream, "time": batch.time})
    with queries.view(
        streams=np.unique(batch.stream).tolist(),
        since=int(batch.time.min()),
        until=int(batch.time.max()) + 1,
    ) as connection:
        connection.register("observations_asked", wanted)
        table = connection.execute(
            "SELECT o.* FROM observations o SEMI JOIN observations_asked a USING (stream, time) ORDER BY id"
        ).to_arrow_table()
    return {(row.stream, row.time): row for row in lake.batch_of(table).rows()}


def _meet(one: Batch, other: Batch) -> bool:
    """True when two batches have a (stream, time) in common; cheap when their times do not overlap."""
    if not len(one) or not len(other):
        return False
    if one.time.min() > other.time.max() or one.time.max() < other.time.min():
        return False
    return bool(np.isin(_keys(one), _keys(other)).any())


def _keys(batch: Batch) -> Ints:
    """A number for each (stream, time); equal pairs have equal numbers, few others do."""
    with np.errstate(over="ignore"):
        mixed: Ints = batch.stream * np.int64(0x9E3779B97F4A7C1 | 1) + batch.time
    return mixed


def _same(old: Observation, new: Observation) -> bool:
    return (old.result, old.quality, old.time_end) == (new.result, new.quality, new.time_end)
