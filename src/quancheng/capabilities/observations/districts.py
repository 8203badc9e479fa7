"""区县小时汇总: hours of districts and properties, kept in files with their lineage.

For each file of ``hours`` (which belongs to one file of ``raw``) there is one of ``districts``; its partition is
``<name of the raw file>.<stamp>``. The stamp says under which places of streams, and with which streams
deleted, it was added up: when these change, the file no longer counts and is made anew by the keeper.

An hour is answered from these files when nothing else can have a part in it: no rows of the tail, no
file that is not rolled up, no change that is not worked in, and no two files that may hold the same
stream. Every other hour is added up from the sensors' hours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from django.db import transaction

from quancheng.capabilities.observations import engine, lake, mapping, placing, rollups
from quancheng.capabilities.observations.merging import KEPT
from quancheng.capabilities.observations.state import State, conditions, dropped_streams, state
from quancheng.capabilities.observations.values import Ints
from quancheng.capabilities.observations.views import DistrictHour
from quancheng.kernel.store import files

RUN = "districts"
_AT_ONCE = 50
"""Files made anew in one round of the keeper."""
_NAMES = ", ".join(lake.DISTRICT_SCHEMA.names)
_SUMS = (
    "SELECT region, prop, hour, count(DISTINCT stream) FILTER (n > 0) AS streams, sum(n)::BIGINT AS n,"
    " sum(sum) AS sum, min(min) AS min, max(max) AS max"
    " FROM {hours} JOIN observations_places USING (stream) GROUP BY region, prop, hour"
)


def stamp() -> str | None:
    """Of the places of streams and of the deleted streams, as they are now; None = not to be kept."""
    version = mapping.version()
    if version is None:
        return None
    return hashlib.sha256(version.encode() + b"\0" + dropped_streams().tobytes()).hexdigest()[:16]


# -- asking -----------------------------------------------------------------------------------
def by_district(since: int, until: int, *, prop: str = "") -> list[DistrictHour]:
    """Hours of districts; see ``queries.by_district``."""
    now = state()
    low, high = -(-since // lake.HOUR_US) * lake.HOUR_US, -(-until // lake.HOUR_US) * lake.HOUR_US
    if low >= high:
        return []
    stored, dirty = divide(now, low, high, stamp())
    with engine.connection() as connection:
        parts = []
        connection.register("observations_dirty", pa.table({"hour": dirty}))
        if stored:
            terms = [*engine.conditions({"time": (low, high)}, "hour"), _CLEAN]
            parts.append(f"SELECT {_NAMES} FROM {engine.parquet(stored)}{engine.where_of(terms)}")  # noqa: S608
        if len(dirty):
            where = conditions(None, int(dirty[0]), int(dirty[-1]) + lake.HOUR_US)
            rollups.define(connection, now, where)
            rows = connection.execute("SELECT DISTINCT stream FROM observation_hours").fetchall()
            _register_places(connection, [row[0] for row in rows])
            mine = "(SELECT * FROM observation_hours WHERE hour IN (SELECT hour FROM observations_dirty))"
            parts.append(_SUMS.format(hours=mine))
        if not parts:
            return []
        found = connection.execute(
            "SELECT region, prop, hour, sum(streams)::BIGINT, sum(n)::BIGINT, sum(sum) / nullif(sum(n), 0),"  # noqa: S608
            f" min(min), max(max) FROM ({' UNION ALL '.join(parts)}) WHERE ? IN ('', prop)"
            " GROUP BY region, prop, hour ORDER BY region, prop, hour",
            [prop],
        ).fetchall()
    return [DistrictHour(*row) for row in found]


_CLEAN = "hour NOT IN (SELECT hour FROM observations_dirty)"


def divide(now: State, since: int, until: int, mark: str | None) -> tuple[list[str], Ints]:
    """Files of districts that count, and the hours for which they do not suffice; whole hours."""
    hours = np.arange(since, until, lake.HOUR_US)
    if mark is None:
        return [], hours
    dirty = np.zeros(len(hours), bool)
    have = {entry.partition: entry for entry in now.districts.entries}
    good: list[Any] = []
    spans: list[tuple[int, int, int, int]] = []
    for entry in now.raw.narrow(where={"time": (since, until)}).entries:
        low, high = entry.bounds["stream"]
        first, last = (_place(at, since) for at in entry.bounds["time"])
        found = have.get(f"{placing.stem(entry.path)}.{mark}")
        if found is None or _among(now.edits.streams, low, high):
            dirty[max(first, 0) : last + 1] = True
        else:
            good.append(found)
            spans.append((low, high, first, last))
    for entry in now.hours.narrow(where={"hour": (since, until)}).entries:
        if entry.partition.startswith(KEPT):
            first, last = (_place(at, since) for at in entry.bounds["hour"])
            dirty[max(first, 0) : last + 1] = True
    for first, last in _shared(spans):
        dirty[max(first, 0) : last + 1] = True
    late = now.tail_rows({"time": (since, until)}).time
    dirty[(late - since) // lake.HOUR_US] = True
    return rollups.paths_of(now.districts, good), hours[dirty]


def _place(at: int, since: int) -> int:
    return int((at - since) // lake.HOUR_US)


def _among(streams: Ints, low: int, high: int) -> bool:
    return bool(np.searchsorted(streams, low, "left") < np.searchsorted(streams, high, "right"))


def _shared(spans: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Hours, from and to, of which two files may hold the same stream."""
    if not spans:
        return []
    low, high, first, last = np.array(spans, np.int64).T
    begin, end = np.maximum(first[:, None], first), np.minimum(last[:, None], last)
    meet = (np.maximum(low[:, None], low) <= np.minimum(high[:, None], high)) & (begin <= end)
    one, other = np.nonzero(np.triu(meet, 1))
    return list(zip(begin[one, other].tolist(), end[one, other].tolist(), strict=True))


# -- keeping ----------------------------------------------------------------------------------
def write(hours: placing.Made, mark: str | None) -> list[placing.Made]:
    """The file of a new file of ``hours`` (whose partition names its raw file); none when not to be kept."""
    if mark is None:
        return []
    return _write(str(files.folder().resolve() / hours.file.path), f"{hours.partition}.{mark}")


def _write(path: str, partition: str) -> list[placing.Made]:
    with engine.connection() as connection:
        source = engine.parquet([path])
        rows = connection.execute(f"SELECT DISTINCT stream FROM {source}").fetchall()  # noqa: S608
        _register_places(connection, [row[0] for row in rows])
        query = _SUMS.format(hours=source) + " ORDER BY region, prop, hour"
        table = connection.execute(query).to_arrow_table().cast(lake.DISTRICT_SCHEMA)
    return placing.write(lake.DISTRICTS, partition, table.to_batches())


def refresh() -> int:
    """Make files anew whose stamp is no longer right, a few at a time; returns how many."""
    mark = stamp()
    if mark is None:
        return 0
    now, made = state(), 0
    have = {entry.partition for entry in now.districts.entries}
    hours = {entry.partition: entry for entry in now.hours.entries}
    for entry in now.raw.entries:
        name = placing.stem(entry.path)
        partition = f"{name}.{mark}"
        if made == _AT_ONCE:
            break
        if name in hours and partition not in have and partition not in _empty:
            made += _replace(name, rollups.paths_of(now.hours, [hours[name]])[0], partition)
    return made


_empty: set[str] = set()
"""Partitions that would have no rows; remembered so that they are not tried again and again."""


def _replace(name: str, path: str, partition: str) -> bool:
    fresh = _write(path, partition)
    if not fresh:
        _empty.add(partition)
    old = of_files([name])
    with transaction.atomic():
        done = placing.swap(lake.DISTRICTS, old, fresh, RUN) is not None and _still(name)
        if not done:
            transaction.set_rollback(True)
    if not done:
        placing.discard(fresh)
    return done and bool(fresh)


def of_files(stems: Sequence[str]) -> list[Any]:
    """Files of districts that belong to some files of ``raw``."""
    from quancheng.kernel.store.models import Segment

    kept = Segment.objects.filter(table=lake.DISTRICTS, removed_version__isnull=True)
    return [one for one in kept if one.partition.split(".")[0] in stems]


def _still(name: str) -> bool:
    """True while the hours these were added up from count (a merge may have been faster)."""
    from quancheng.kernel.store.models import Segment

    return Segment.objects.filter(table=lake.HOURS, partition=name, removed_version__isnull=True).exists()


def _register_places(connection: duckdb.DuckDBPyConnection, streams: Sequence[int]) -> None:
    dropped = set(dropped_streams().tolist())
    known = mapping.places([stream for stream in streams if stream not in dropped])
    mine = {stream: at for stream, at in known.items() if at.region}
    table = pa.table(
        {
            "stream": pa.array(mine.keys(), pa.int64()),
            "region": pa.array((at.region for at in mine.values()), pa.string()),
            "prop": pa.array((at.prop for at in mine.values()), pa.string()),
        }
    )
    connection.register("observations_places", table)
