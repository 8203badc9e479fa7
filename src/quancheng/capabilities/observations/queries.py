"""读观测 queries. Rights are the caller's: it gives the streams it may see; None = all, for the system.

Everything acknowledged before a call is seen by it (read your writes), changes applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import duckdb

from quancheng.capabilities.observations import districts, lake, rollups, walking
from quancheng.capabilities.observations.extents import extents
from quancheng.capabilities.observations.newest import latest
from quancheng.capabilities.observations.state import State, conditions, state
from quancheng.capabilities.observations.values import Observation
from quancheng.capabilities.observations.views import DistrictHour, Extent, Hour
from quancheng.kernel import rulebook


@contextmanager
def view(
    *,
    streams: Collection[int] | None = None,
    since: int | None = None,
    until: int | None = None,
    ids: Collection[int] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with ``observations(id, stream, time, time_end, result_time, number, text,
    quality, feature, extra)``: rows of these streams with since ≤ time < until (µs).

    Raises StoreDamaged for a file that is not what the manifest says.
    """
    with state().connected(streams=streams, since=since, until=until, ids=ids) as connection:
        yield connection


def find(
    *,
    streams: Collection[int] | None,
    since: int | None = None,
    until: int | None = None,
    limit: int,
    descending: bool = True,
) -> list[Observation]:
    """Observations by time (then id), at most ``limit``; opens only the files it needs."""
    where = conditions(streams, since, until)
    return list(walking.find(state(), where, int(limit), descending=descending).rows())


def by_ids(ids: Collection[int], *, streams: Collection[int] | None = None) -> list[Observation]:
    """Observations of these ids, by id; those that are not there are left out."""
    if not ids:
        return []
    with view(ids=ids, streams=streams) as connection:
        table = connection.execute("SELECT * FROM observations ORDER BY id").to_arrow_table()
    return list(lake.batch_of(table).rows())


def count(
    *, streams: Collection[int] | None = None, since: int | None = None, until: int | None = None
) -> int:
    """How many observations with since ≤ time < until: from the manifest and rollups where these can say."""
    if streams is None and since is None and until is None:
        quick = _count_all(state())
        if quick is not None:
            return quick
    low, high = _whole_hours(since, until)
    if low is not None and high is not None and low >= high:
        return _count_rows(streams, since, until)
    counted = _count_hours(streams, low, high)
    if since is not None and since != low:
        counted += _count_rows(streams, since, low)
    if until is not None and until != high:
        counted += _count_rows(streams, high, until)
    return counted


def _count_all(now: State) -> int | None:
    """Rows of files and tail, when nothing was edited or dropped."""
    if now.edits or len(now.dropped):
        return None
    return now.raw.rows + now.fresh_rows


def _count_hours(streams: Collection[int] | None, since: int | None, until: int | None) -> int:
    with rollups.hours(streams=streams, since=since, until=until, kept=False) as connection:
        row = connection.execute("SELECT coalesce(sum(rows), 0) FROM observation_hours").fetchone()
    return int(row[0]) if row else 0


def _count_rows(streams: Collection[int] | None, since: int | None, until: int | None) -> int:
    with view(streams=streams, since=since, until=until) as connection:
        row = connection.execute("SELECT count(*) FROM observations").fetchone()
    return int(row[0]) if row else 0


def _whole_hours(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """The whole hours between."""
    low = None if since is None else -(-since // lake.HOUR_US) * lake.HOUR_US
    return low, None if until is None else until // lake.HOUR_US * lake.HOUR_US


def hourly(streams: Collection[int] | None, since: int, until: int) -> list[Hour]:
    """Hours of streams that begin with since ≤ hour < until (µs), by stream and hour; from rollups.

    ``minutes`` against :func:`minutes_needed` says whether an hour counts.
    """
    low, high = -(-since // lake.HOUR_US) * lake.HOUR_US, -(-until // lake.HOUR_US) * lake.HOUR_US
    with rollups.hours(streams=streams, since=low, until=high) as connection:
        rows = connection.execute(
            "SELECT stream, hour, sum(n)::BIGINT, sum(sum) / nullif(sum(n), 0), min(min), max(max), sum(sum),"
            " bit_count(bit_or(minutes)) FROM observation_hours GROUP BY stream, hour ORDER BY stream, hour"
        ).fetchall()
    return [Hour(*row) for row in rows]


def minutes_needed() -> int:
    """小时有效: an hour's value counts when so many of its minutes have data (dated parameter)."""
    return rulebook.find("observations.hour_minutes").integer()


def extent(stream: int) -> Extent | None:
    """First and last times of a stream and how many observations; None when there are none."""
    return extents([stream]).get(stream)


def by_district(since: int, until: int, *, prop: str = "") -> list[DistrictHour]:
    """区县小时汇总: hours of districts and properties, of streams whose place is registered.

    The mean is over all numeric results of the district's streams; hours with since ≤ hour < until.
    """
    return districts.by_district(since, until, prop=prop)


__all__ = [
    "DistrictHour",
    "Extent",
    "Hour",
    "State",
    "by_district",
    "by_ids",
    "count",
    "extent",
    "extents",
    "find",
    "hourly",
    "latest",
    "minutes_needed",
    "view",
]
