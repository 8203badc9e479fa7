"""汇总: hours of streams from the rollups, and from rows where there is none.

A state's ``raw`` files are of two sorts: merged ones, for which there is a rollup, and new ones. What
was edited since touches some streams; those are added up from rows altogether.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from quancheng.capabilities.observations import engine, lake, placing
from quancheng.capabilities.observations.merging import KEPT, ROLLUP
from quancheng.capabilities.observations.state import State, conditions, state
from quancheng.kernel import store
from quancheng.kernel.store.bounds import Where

_COLUMNS = ", ".join(lake.HOUR_SCHEMA.names)


@contextmanager
def hours(
    *, streams: Collection[int] | None, since: int | None = None, until: int | None = None, kept: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with ``observation_hours(stream, hour, rows, n, sum, min, max, minutes, first, last,
    first_result, last_result)``, in parts: group by stream and hour, minutes by ``bit_or``.

    ``since`` and ``until`` must be whole hours; everything acknowledged is in it. ``kept``: also hours
    whose rows have been removed by retention.
    """
    now = state()
    where = conditions(streams, since, until)
    with engine.connection() as connection:
        define(connection, now, where, kept=kept)
        yield connection


def define(cursor: duckdb.DuckDBPyConnection, now: State, where: Where, *, kept: bool = True) -> None:
    """Make the view ``observation_hours``."""
    rolled, fresh = divide(now, where, kept=kept)
    cursor.register("observations_tail", lake.arrow_of(now.tail_rows(where)))
    rows = ["SELECT * FROM observations_tail"]
    if sealed := engine.sealed_rows(cursor, now, where, fresh):
        rows.append(sealed)
    terms = engine.conditions(where, "hour")
    if len(now.edits.streams):
        cursor.register("observations_touched", _one("stream", now.edits.streams))
        touched = engine.sealed_rows(cursor, now, where, _paths(_rolled_raw(now, where)))
        if touched:
            rows.append(f"{touched} AND stream IN (SELECT stream FROM observations_touched)")  # noqa: S608
        terms.append("stream NOT IN (SELECT stream FROM observations_touched)")
    parts = [ROLLUP.format(source=f"({' UNION ALL '.join(rows)})")]
    if rolled:
        if len(now.dropped):
            cursor.register("observations_dropped", _one("stream", now.dropped))
            terms.append("stream NOT IN (SELECT stream FROM observations_dropped)")
        parts.append(f"SELECT {_COLUMNS} FROM {engine.parquet(rolled)}{engine.where_of(terms)}")  # noqa: S608
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW observation_hours AS {' UNION ALL '.join(parts)}")


def divide(now: State, where: Where, *, kept: bool) -> tuple[list[str], list[str]]:
    """Files of rollups that count, and files of ``raw`` that have none."""
    raw = now.raw.narrow(where=where)
    stems = {placing.stem(entry.path) for entry in now.raw.entries}
    have = {entry.partition for entry in now.hours.entries}
    when = {"hour" if name == "time" else name: wanted for name, wanted in where.items()}
    hours = tuple(
        entry
        for entry in now.hours.narrow(where=when).entries
        if entry.partition in stems or (kept and entry.partition.startswith(KEPT))
    )
    fresh = tuple(entry for entry in raw.entries if placing.stem(entry.path) not in have)
    return _paths(replace(now.hours, entries=hours)), _paths(replace(raw, entries=fresh))


def _rolled_raw(now: State, where: Where) -> store.Snapshot:
    have = {entry.partition for entry in now.hours.entries}
    raw = now.raw.narrow(where=dict(where) | {"stream": _touched(now, where)})
    return replace(raw, entries=tuple(e for e in raw.entries if placing.stem(e.path) in have))


def _touched(now: State, where: Where) -> list[int]:
    streams = now.edits.streams
    if "stream" in where:
        streams = np.intersect1d(streams, np.array(where["stream"], np.int64))
    return [int(one) for one in streams]


def paths_of(snapshot: store.Snapshot, entries: Sequence[Any]) -> list[str]:
    """Paths of some files of a snapshot, checked."""
    return _paths(replace(snapshot, entries=tuple(entries)))


def _paths(snapshot: store.Snapshot) -> list[str]:
    return [str(path) for path in snapshot.files]


def _one(name: str, column: object) -> object:
    return pa.table({name: column})
