"""版本之间: where the rows of a version lie, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from quancheng.capabilities.tables import lake, packs
from quancheng.capabilities.tables.lake import GONE, VERSION
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.plain import plain_rows
from quancheng.capabilities.tables.values import ChangeKind, RowChange, TableSchema
from quancheng.capabilities.tables.view import View

_BATCH = 8_192


def at_version(row: DataTable, version: int) -> tuple[int, int, int]:
    """Store version, rows and number of an earlier version; raises SnapshotExpired."""
    if version == 0:
        return 0, 0, 0
    found = Change.objects.filter(table=row, version=version, moved=True).first()
    if found is None:
        raise lake.expired(version)
    return found.store_version, found.rows, version


def changes(row: DataTable, since: int, until: int) -> Iterator[RowChange]:
    """The net change of each key, in key order."""
    schema = row.structure
    for batch in change_batches(row, since, until):
        gone, numbers = batch.column(GONE).to_pylist(), batch.column(VERSION).to_pylist()
        for at, values in enumerate(plain_rows(batch.select(list(schema.names)))):
            key = tuple(values[name] for name in schema.key)
            if gone[at]:
                yield RowChange(numbers[at], ChangeKind.DELETE, key, None)
            else:
                yield RowChange(numbers[at], ChangeKind.UPSERT, key, values)


def change_batches(row: DataTable, since: int, until: int) -> Iterator[pa.RecordBatch]:
    """The same as Arrow: the row's columns, ``_gone`` and ``_version``."""
    schema = row.structure
    if not 0 <= since <= row.version or not 0 <= until <= row.version:
        raise lake.expired(max(since, until))
    if since >= until:
        return
    before_rows = at_version(row, since)[1]
    if since == 0 or before_rows == 0:
        yield from _everything(row, until, schema)
        return
    pieces = lake.change_pieces(row.store_name, since, until)
    if pieces is None:
        raise lake.expired(since)
    rows = packs.read_sets([piece.checked() for piece in pieces], schema)
    yield from packs.latest(rows, schema).to_batches(max_chunksize=_BATCH)


def _everything(row: DataTable, until: int, schema: TableSchema) -> Iterator[pa.RecordBatch]:
    store_version, rows, number = at_version(row, until)
    pack = packs.opened(row.store_name, store_version, schema)
    wanted = lake.set_schema(schema)
    for batch in View(row.info, number, rows, pack).batches():
        count = batch.num_rows
        gone, numbers = pa.repeat(False, count), pa.repeat(until, count)
        yield pa.RecordBatch.from_arrays([*batch.columns, gone, numbers], schema=wanted)
