"""最新值的查询: from the array and the log after it; from the store itself where these cannot say."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

import numpy as np

from quancheng.capabilities.observations import lake
from quancheng.capabilities.observations.config import folder, log_folder
from quancheng.capabilities.observations.latest import LatestReader, newest
from quancheng.capabilities.observations.state import dropped_streams, state
from quancheng.capabilities.observations.tail import Tail
from quancheng.capabilities.observations.values import Batch, Observation

_readers: dict[Path, tuple[LatestReader, Tail]] = {}
_lock = threading.Lock()
_NOTHING = np.zeros(0, np.int64)


def latest(streams: Collection[int]) -> dict[int, Observation]:
    """The newest observation (by phenomenon time, then id) of each stream that has one."""
    wanted = np.unique(np.fromiter(streams, np.int64, len(streams)))
    wanted = wanted[~np.isin(wanted, dropped_streams())]
    with _lock:
        pair = _readers.get(folder())
        if pair is None:
            pair = _readers[folder()] = (LatestReader(folder()), Tail(log_folder()))
        reader, after = pair
        said = reader.read(wanted)
        later = None if said is None else after.after(said[1])
    if said is None or later is None:
        return {stream: row for stream, row in newest_of(wanted.tolist()).items() if row is not None}
    found = said[0]
    unsure: set[int] = set()
    where = {"stream": wanted.tolist()}
    for one in later:
        unsure |= _overlay(found, one.rows(where, _NOTHING))
    for stream, row in newest_of(sorted(unsure)).items():
        if row is None:
            found.pop(stream, None)
        else:
            found[stream] = row
    return found


def _overlay(found: dict[int, Observation], mine: Batch) -> set[int]:
    """Lay newer rows of the log over what the array said; returns streams that were edited."""
    edited = set(mine.stream[mine.kind != 0].tolist())
    fresh = mine.take(mine.kind == 0)
    for place in newest(fresh).tolist():
        stream = int(fresh.stream[place])
        known = found.get(stream)
        if known is None or (fresh.time[place], fresh.id[place]) >= (known.time, known.id):
            found[stream] = fresh.row(place)
    return edited


def newest_of(streams: Collection[int]) -> dict[int, Observation | None]:
    """The same from the store itself; slower, always right. None for a stream without observations."""
    found: dict[int, Observation | None] = dict.fromkeys(streams)
    if not found:
        return found
    with state().connected(streams=streams) as connection:
        table = connection.execute(
            "SELECT * FROM observations QUALIFY row_number() OVER"
            " (PARTITION BY stream ORDER BY time DESC, id DESC) = 1"
        ).to_arrow_table()
    found.update({row.stream: row for row in lake.batch_of(table).rows()})
    return found
