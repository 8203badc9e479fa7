"""最新值的查询: from the array and the log after it; from the store itself where these cannot say."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

import numpy as np

from quancheng.capabilities.observations import lake
from quancheng.capabilities.observations.config import folder, log_folder
from quancheng.capabilities.observations.latest import LatestReader
from quancheng.capabilities.observations.state import dropped_streams, state
from quancheng.capabilities.observations.tail import Tail
from quancheng.capabilities.observations.values import Batch, Observation

_readers: dict[Path, tuple[LatestReader, Tail]] = {}
_lock = threading.Lock()
_NOTHING = np.zeros(0, np.int64)


def latest(streams: Collection[int]) -> dict[int, Observation]:
    """The newest observation (by phenomenon time, then id) of each stream that has one."""
    wanted = np.unique(np.fromiter(streams, np.int64, len(streams)))
    if len(dropped := dropped_streams()):
        wanted = wanted[~np.isin(wanted, dropped)]
    with _lock:
        pair = _readers.get(folder())
        if pair is None:
            pair = _readers[folder()] = (LatestReader(folder()), Tail(log_folder()))
        reader, after = pair
        said = reader.read(wanted)
        later = None if said is None else after.after(said[1])
    if said is None or later is None:
        return {stream: row for stream, row in newest_of(wanted.tolist()).items() if row is not None}
    where = {"stream": wanted}
    after_it = [rows for one in later if len(rows := one.rows(where, _NOTHING))]
    edited = [rows.stream[rows.kind != 0] for rows in after_it if rows.kind.any()]
    found = {row.stream: row for row in _newest_rows([said[0], *after_it]).rows()}
    for stream, row in newest_of(np.unique(np.concatenate(edited)).tolist() if edited else []).items():
        if row is None:
            found.pop(stream, None)
        else:
            found[stream] = row
    return found


def _newest_rows(parts: list[Batch]) -> Batch:
    """Of rows of the array and of the log after it, the newest of each stream; edits left out."""
    whole = Batch.join([part for part in parts if len(part)])
    if whole.kind.any():
        whole = whole.take(whole.kind == 0)
    order = np.lexsort((whole.id, whole.time, whole.stream))
    stream = whole.stream[order]
    last = np.append(stream[1:] != stream[:-1], True) if len(stream) else np.zeros(0, bool)
    return whole.take(order[last])


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
