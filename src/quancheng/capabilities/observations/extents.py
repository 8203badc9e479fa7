"""起止: from when to when streams have observations, and how many.

What lies in files is added up once for a stream and remembered as long as the files are the same; rows
still in the log are added in arrays. Streams with changes not yet worked in are added up anew.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from quancheng.capabilities.observations import engine, rollups
from quancheng.capabilities.observations.state import State, conditions, state
from quancheng.capabilities.observations.values import NONE, Batch, Ints
from quancheng.capabilities.observations.views import Extent
from quancheng.kernel import store

MOST = 200_000
"""Streams remembered; one more forgets them all."""
_LATEST = np.iinfo(np.int64).max
_QUERY = (
    "SELECT stream, min(first), max(last), min(first_result), max(last_result), sum(rows)::BIGINT"
    " FROM observation_hours GROUP BY stream"
)


@dataclass(slots=True)
class _Sealed:
    """What the files of one state say; ``None``: nothing of this stream."""

    raw: store.Snapshot
    hours: store.Snapshot
    dropped: Ints
    found: dict[int, Extent | None] = field(default_factory=dict)

    def of(self, now: State) -> bool:
        return self.raw is now.raw and self.hours is now.hours and self.dropped is now.dropped


_sealed: _Sealed | None = None
_lock = threading.Lock()


def extents(streams: Collection[int]) -> dict[int, Extent]:
    """First and last times of streams; those without observations are left out."""
    now = state()
    wanted = sorted({int(one) for one in streams})
    touched = set(now.edits.streams.tolist()) if now.edits else set()
    calm = [one for one in wanted if one not in touched] if touched else wanted
    found = _together(_of_files(now, calm), _of_rows(now.tail_rows(conditions(calm))))
    if len(calm) < len(wanted):
        found |= _asked(now, [one for one in wanted if one in touched])
    return found


def _of_files(now: State, streams: list[int]) -> Mapping[int, Extent | None]:
    global _sealed
    with _lock:
        kept = _sealed
        if kept is None or not kept.of(now) or len(kept.found) > MOST:
            kept = _sealed = _Sealed(now.raw, now.hours, now.dropped)
        missing = [one for one in streams if one not in kept.found]
    if missing:
        asked = _asked(replace(now, tail=()), missing)
        with _lock:
            kept.found.update((one, asked.get(one)) for one in missing)
    return {one: kept.found[one] for one in streams}


def _asked(now: State, streams: list[int]) -> dict[int, Extent]:
    if not streams:
        return {}
    with engine.connection() as connection:
        rollups.define(connection, now, conditions(streams), kept=False)
        rows = connection.execute(_QUERY).fetchall()
    return {row[0]: Extent(*row[1:]) for row in rows}


def _of_rows(rows: Batch) -> dict[int, Extent]:
    if not len(rows):
        return {}
    order = np.argsort(rows.stream, kind="stable")
    stream = rows.stream[order]
    starts = np.flatnonzero(np.append(True, stream[1:] != stream[:-1]))
    time, result = rows.time[order], rows.result_time[order]
    ends = np.where(rows.time_end[order] == NONE, time, rows.time_end[order])
    columns = (
        stream[starts],
        np.minimum.reduceat(time, starts),
        np.maximum.reduceat(ends, starts),
        np.minimum.reduceat(np.where(result == NONE, _LATEST, result), starts),
        np.maximum.reduceat(result, starts),
        np.diff(np.append(starts, len(stream))),
    )
    return {
        one: Extent(first, last, None if end == NONE else begin, None if end == NONE else end, count)
        for one, first, last, begin, end, count in zip(*(column.tolist() for column in columns), strict=True)
    }


def _together(files: Mapping[int, Extent | None], rows: Mapping[int, Extent]) -> dict[int, Extent]:
    found = {one: extent for one, extent in files.items() if extent is not None}
    for one, fresh in rows.items():
        old = found.get(one)
        found[one] = fresh if old is None else _sum(old, fresh)
    return found


def _sum(one: Extent, other: Extent) -> Extent:
    begins = [at for at in (one.first_result, other.first_result) if at is not None]
    ends = [at for at in (one.last_result, other.last_result) if at is not None]
    return Extent(
        min(one.first, other.first),
        max(one.last, other.last),
        min(begins, default=None),
        max(ends, default=None),
        one.count + other.count,
    )
