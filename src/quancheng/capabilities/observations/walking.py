"""逐文件查找: the newest (or oldest) rows without opening files that cannot hold them.

The bounds of every file are in the manifest. Files are read from the end that is asked for, a few at a
time, until there are enough rows and no file left could hold a better one. The rows of the tail and of
the files are put together here rather than by DuckDB: for small answers that is most of the cost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

from quancheng.capabilities.observations import engine, lake
from quancheng.capabilities.observations.state import State
from quancheng.capabilities.observations.values import Batch
from quancheng.kernel.store.bounds import Where

_FIRST = 4
"""Files opened at first; twice as many each time after."""


def find(now: State, where: Where, limit: int, *, descending: bool) -> Batch:
    """Rows by time, then id; at most ``limit``. Raises StoreDamaged."""
    place = 1 if descending else 0
    entries = sorted(now.raw.narrow(where=where).entries, key=lambda one: one.bounds["time"][place])
    if descending:
        entries.reverse()
    bounded = where.get("time", (None, None))[0 if descending else 1] is not None
    step = len(entries) if bounded else _FIRST
    found = _first(now.tail_rows(where), limit, descending=descending)
    with engine.connection() as connection:
        while entries:
            if len(found) >= limit and _beyond(entries[0], int(found.time[limit - 1]), descending=descending):
                break
            some = replace(now.raw, entries=tuple(entries[:step]))
            entries, step = entries[step:], 2 * step
            more = _read(connection, now, where, [str(path) for path in some.files], limit, descending)
            found = _first(
                Batch.join([part for part in (found, more) if len(part)]), limit, descending=descending
            )
    return found


def _read(
    connection: duckdb.DuckDBPyConnection,
    now: State,
    where: Where,
    paths: list[str],
    limit: int,
    descending: bool,
) -> Batch:
    sealed = engine.sealed_rows(connection, now, where, paths)
    order = "DESC" if descending else "ASC"
    query = f"{sealed} ORDER BY time {order}, id {order} LIMIT {int(limit)}"
    return lake.batch_of(connection.execute(query).to_arrow_table())


def _beyond(entry: Any, last: int, *, descending: bool) -> bool:
    """True when no row of a file can come before the last of those found (equal times may, by id)."""
    low, high = entry.bounds["time"]
    return bool(high < last) if descending else bool(low > last)


def _first(batch: Batch, limit: int, *, descending: bool) -> Batch:
    order = np.lexsort((batch.id, batch.time))
    if descending:
        order = order[::-1]
    return batch.take(order[:limit])
