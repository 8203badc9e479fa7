"""观测入湖: accepted readings as immutable rows of the store's table ``observations``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from quancheng.capabilities.things.values import Observation, Point
from quancheng.kernel import clock, store

TABLE = "observations"
_TIME = pa.timestamp("us", tz="UTC")
SPEC = store.define(
    TABLE,
    pa.schema(
        [
            pa.field("station", pa.string(), nullable=False),
            pa.field("property", pa.string(), nullable=False),
            pa.field("time", _TIME, nullable=False),
            pa.field("value", pa.decimal128(14, 4), nullable=False),
            pa.field("quality", pa.string(), nullable=False),
            pa.field("received_at", _TIME, nullable=False),
            pa.field("region", pa.string(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("exercise", pa.string(), nullable=False),
            pa.field("run", pa.string(), nullable=False),
        ]
    ),
    sort=("station", "property", "time"),
    partition="day",
)
STEP = timedelta(microseconds=1)
_CENT = Decimal("0.0001")


def keep(observations: Sequence[Observation], *, exercise: str, run: str) -> None:
    """Append a batch to the store in the running transaction, one file for each local day in it."""
    days: dict[str, list[Observation]] = {}
    for seen in observations:
        days.setdefault(SPEC.partition_of(seen.time), []).append(seen)
    for day, rows in days.items():
        count = len(rows)
        columns = [
            pa.array([seen.station for seen in rows], pa.string()),
            pa.array([seen.prop for seen in rows], pa.string()),
            pa.array([seen.time for seen in rows], _TIME),
            pa.array([seen.value.quantize(_CENT) for seen in rows], pa.decimal128(14, 4)),
            pa.array([seen.quality for seen in rows], pa.string()),
            pa.array([seen.received_at for seen in rows], _TIME),
            pa.array([seen.region for seen in rows], pa.string()),
            pa.array([seen.kind for seen in rows], pa.string()),
            pa.array([exercise] * count, pa.string()),
            pa.array([run] * count, pa.string()),
        ]
        table = pa.Table.from_arrays(columns, schema=SPEC.schema)
        store.append(TABLE, table, partition=day, key=f"{run}:{day}", run=run)


def history(
    station: str, prop: str, *, since: datetime, until: datetime, exercise: str = "", limit: int = 200_000
) -> list[Point]:
    """Readings of a stream from the store, in time order; of a corrected one the last received."""
    first = since.astimezone(clock.LOCAL).date()
    days = (until.astimezone(clock.LOCAL).date() - first).days
    partitions = {(first + timedelta(days=number)).isoformat() for number in range(days + 1)}
    found = store.snapshot(TABLE).narrow(
        partitions=partitions, where={"station": station, "property": prop, "time": (since, None)}
    )
    if not found.entries:
        return []
    rows = found.sql(
        "SELECT time, arg_max(value, received_at) AS value, arg_max(quality, received_at) AS quality FROM t "
        "WHERE station = ? AND property = ? AND exercise = ? AND time >= ? AND time <= ? "
        "GROUP BY time ORDER BY time LIMIT ?",
        [station, prop, exercise, since, until, limit],
    )
    return [Point(**row) for row in rows.to_pylist()]
