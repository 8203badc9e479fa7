"""数据湖中的表: sealed observations, their changes and their rollups; all in ``kernel.store``.

``observations.raw``      one row an observation, as first written; sorted (stream, time)
``observations.edits``    changed and deleted rows that are not yet worked into ``raw``
``observations.hours``    a row each stream and hour, one file for each compacted file of ``raw``
``observations.districts`` a row each district, property and hour, one file for each of ``hours``

Times are int64 microseconds UTC, so every reader prunes on plain statistics. Partitions are named
after local time of the city, by hour while new, by day or month when older.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from quancheng.capabilities.observations.values import NONE, Batch, Ints
from quancheng.kernel import clock, store

RAW, EDITS, HOURS = "observations.raw", "observations.edits", "observations.hours"
DISTRICTS = "observations.districts"
HOUR_US = 3_600_000_000
_SECOND_US = 1_000_000


def _whole(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


COLUMNS = [
    _whole("id", pa.int64()),
    _whole("stream", pa.int64()),
    _whole("time", pa.int64()),
    pa.field("time_end", pa.int64()),
    pa.field("result_time", pa.int64()),
    pa.field("number", pa.float64()),
    pa.field("text", pa.string()),
    _whole("quality", pa.uint16()),
    pa.field("feature", pa.int64()),
    pa.field("extra", pa.string()),
]
NAMES = tuple(field.name for field in COLUMNS)
RAW_SCHEMA = pa.schema(COLUMNS)
EDIT_SCHEMA = pa.schema([*COLUMNS, _whole("kind", pa.uint8()), _whole("rev", pa.int64())])
HOUR_SCHEMA = pa.schema(
    [
        _whole("stream", pa.int64()),
        _whole("hour", pa.int64()),
        _whole("rows", pa.int64()),
        _whole("n", pa.int64()),
        pa.field("sum", pa.float64()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        _whole("minutes", pa.int64()),
        _whole("first", pa.int64()),
        _whole("last", pa.int64()),
        pa.field("first_result", pa.int64()),
        pa.field("last_result", pa.int64()),
    ]
)
DISTRICT_SCHEMA = pa.schema(
    [
        _whole("region", pa.string()),
        _whole("prop", pa.string()),
        _whole("hour", pa.int64()),
        _whole("streams", pa.int64()),
        _whole("n", pa.int64()),
        pa.field("sum", pa.float64()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
    ]
)
RAW_TABLE = store.define(RAW, RAW_SCHEMA, sort=("stream", "time"), partition="text", upkeep=False)
EDITS_TABLE = store.define(EDITS, EDIT_SCHEMA, sort=("stream", "time"), partition="text", upkeep=False)
HOURS_TABLE = store.define(HOURS, HOUR_SCHEMA, sort=("stream", "hour"), partition="text", upkeep=False)

DISTRICTS_TABLE = store.define(
    DISTRICTS, DISTRICT_SCHEMA, sort=("region", "prop", "hour"), partition="text", upkeep=False
)


def arrow_of(batch: Batch, schema: pa.Schema = RAW_SCHEMA) -> pa.Table:
    """A batch as an Arrow table with the columns of a schema above."""
    columns = []
    for name in schema.names:
        column = getattr(batch, name)
        if name in {"text", "extra"}:
            array = pa.nulls(len(batch), pa.string()) if column is None else pa.array(column, pa.string())
        elif name == "number":
            array = pa.array(column, mask=np.isnan(column))
        elif name in {"time_end", "result_time", "feature"}:
            array = pa.array(column, mask=column == NONE)
        else:
            array = pa.array(column)
        columns.append(array)
    return pa.Table.from_arrays(columns, schema=schema)


def batch_of(table: pa.Table) -> Batch:
    """Rows of an Arrow table (columns of ``raw``, perhaps of ``edits``) as a batch."""
    batch = Batch.empty(table.num_rows)
    for name in table.schema.names:
        column = table.column(name)
        if name in {"text", "extra"}:
            if column.null_count < table.num_rows:
                words = np.empty(table.num_rows, object)
                words[:] = column.to_pylist()
                setattr(batch, name, words)
            continue
        if column.null_count:
            column = column.fill_null(np.nan if name == "number" else NONE)
        setattr(batch, name, column.to_numpy())
    return batch


def moment(micros: int) -> datetime:
    """A time of the store as a datetime; exact."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """A datetime as a time of the store; exact."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def hours_of(time: Ints) -> Ints:
    """The hour each time lies in, as the time at which it begins (time zones here are whole hours)."""
    hours: Ints = time - time % HOUR_US
    return hours


def partition_of(hour: int, now: int) -> str:
    """The partition a row of an hour belongs to when it arrives ``now``: hour, day or month (local)."""
    local = moment(hour).astimezone(clock.LOCAL)
    age = now - hour
    if age < _HOURLY:
        return local.strftime("%Y-%m-%dT%H")
    return local.strftime("%Y-%m-%d" if age < _DAILY else "%Y-%m")


_HOURLY = 48 * HOUR_US
_DAILY = 62 * 24 * HOUR_US
