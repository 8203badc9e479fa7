"""比较: what a delivery changes against the version before it; only touched keys count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quancheng.capabilities.tables import lake
from quancheng.capabilities.tables.faults import reading
from quancheng.capabilities.tables.lake import GROUP, SET, Made
from quancheng.capabilities.tables.packs import Pack, columns_sql, confined, listed, quoted
from quancheng.capabilities.tables.paging import merged
from quancheng.capabilities.tables.rows import MOST_FAULTS, RowFault, RowsRefusedError, doubled_key
from quancheng.capabilities.tables.values import Applied, TableSchema
from quancheng.core.text import Text
from quancheng.kernel.store import StoreUnavailable, files

_ROW = "_row"
_FEW_KEYS, _FEW_GROUPS = 1_000, 8
"""Up to so many keys in so many row groups are compared without an engine."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Touched rows, ready for a change set, and the counts."""

    rows: pa.Table
    counts: Applied


def difference(pack: Pack, upserts: pa.Table, deletes: pa.Table, version: int) -> Difference:
    """What upserts and deletions of keys change in an opened version; they must not share keys."""
    schema = pack.schema
    if upserts.num_rows + deletes.num_rows <= _FEW_KEYS:
        near = nearby(pack, upserts, deletes)
        if near is not None:
            return _compared(schema, near, upserts, deletes, version)
    names, keys = columns_sql(schema.names), columns_sql(schema.key)
    with pack.cursor() as cursor:
        cursor.register("n", upserts)
        cursor.register("d", deletes)
        # the semi join first: its small side becomes the filter of the scan of the large one
        old = cursor.execute(f"SELECT {names} FROM t SEMI JOIN n USING ({keys})").to_arrow_table()  # noqa: S608
        cursor.register("o", old)
        touched = cursor.execute(touched_sql(schema, "n", "o")).to_arrow_table()
        gone = cursor.execute(f"SELECT {keys} FROM t SEMI JOIN d USING ({keys})").to_arrow_table()  # noqa: S608
    inserted = int(pc.sum(touched["_new"]).as_py() or 0)
    counts = Applied(
        version, inserted, touched.num_rows - inserted, gone.num_rows, upserts.num_rows - touched.num_rows
    )
    live = marked(touched.select(list(schema.names)), schema, version, gone=False)
    return Difference(pa.concat_tables([live, marked(gone, schema, version, gone=True)]), counts)


def nearby(pack: Pack, upserts: pa.Table, deletes: pa.Table) -> pa.Table | None:
    """Rows of the keys that are there, from the few row groups that may hold them; None when they are many.

    A clerk's single row must not start an engine: this costs a tenth of it.
    """
    keys = list(pack.schema.key)
    wanted = pa.concat_tables([upserts.select(keys), deletes.select(keys)])
    found = []
    for file in pack.files:
        bounds = file.bounds(keys[0])
        if bounds is None:
            return None
        values = sorted(set(wanted[keys[0]].to_pylist()))
        groups = {
            at
            for value in values
            for at in range(bisect_left(bounds[1], value), bisect_right(bounds[0], value))
        }
        if len(groups) > _FEW_GROUPS:
            return None
        found += [_held(file.group(at, pack.arrow), wanted, keys) for at in sorted(groups)]
    overlay = pack.overlay
    base = pa.concat_tables(found) if found else pack.arrow.empty_table()
    if overlay is None:
        return base
    changed = _held(overlay, wanted, keys)
    return merged(base, changed, pack.schema.key)


def _held(rows: pa.Table, wanted: pa.Table, keys: list[str]) -> pa.Table:
    """Rows whose keys are wanted."""
    some = rows.filter(pc.is_in(rows[keys[0]], wanted[keys[0]].combine_chunks()))
    if len(keys) == 1 or not some.num_rows:
        return some
    pairs = set(zip(*(wanted[name].to_pylist() for name in keys), strict=True))
    mask = [pair in pairs for pair in zip(*(some[name].to_pylist() for name in keys), strict=True)]
    return some.filter(pa.array(mask))


def _compared(
    schema: TableSchema, near: pa.Table, upserts: pa.Table, deletes: pa.Table, version: int
) -> Difference:
    """The difference of few rows, in Python."""
    place = [schema.names.index(name) for name in schema.key]
    old = {tuple(row[at] for at in place): row for row in _tuples(near)}
    verdicts = []
    for row in _tuples(upserts):
        before = old.get(tuple(row[at] for at in place))
        verdicts.append(None if before is None else before != row)
    inserted, updated = verdicts.count(None), verdicts.count(True)
    kept = [verdict is not False for verdict in verdicts]
    there = [key in old for key in _tuples(deletes)]
    gone = deletes.filter(pa.array(there, pa.bool_()))
    counts = Applied(version, inserted, updated, gone.num_rows, verdicts.count(False))
    live = marked(upserts.filter(pa.array(kept, pa.bool_())), schema, version, gone=False)
    return Difference(pa.concat_tables([live, marked(gone, schema, version, gone=True)]), counts)


def _tuples(rows: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def touched_sql(schema: TableSchema, new: str, old: str) -> str:
    """Rows of ``new`` that are not in ``old`` as they stand, and ``_new`` when their key is not either."""
    names = columns_sql(schema.names, "n.")
    on = " AND ".join(f"n.{quoted(name)} = o.{quoted(name)}" for name in schema.key)
    rest = [name for name in schema.names if name not in schema.key]
    other = " OR ".join(f"n.{quoted(name)} IS DISTINCT FROM o.{quoted(name)}" for name in rest)
    return (
        f"SELECT {names}, o._here IS NULL AS _new FROM {new} n"  # noqa: S608
        f" LEFT JOIN (SELECT *, TRUE AS _here FROM {old}) o ON {on}"
        f" WHERE o._here IS NULL{f' OR {other}' if other else ''}"
    )


def marked(rows: pa.Table, schema: TableSchema, version: int, *, gone: bool) -> pa.Table:
    """Rows (or bare keys) as rows of a change set."""
    count = rows.num_rows
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(count, field.type)
        for field in schema.arrow()
    ]
    marks = [pa.repeat(pa.scalar(gone), count), pa.repeat(pa.scalar(version, pa.int64()), count)]
    return pa.table([*columns, *marks], schema=lake.set_schema(schema))


@dataclass(frozen=True, slots=True)
class Replacement:
    """All rows anew, sorted, as a finished file, and what they change."""

    whole: Made
    change: Made | None
    counts: Applied


def stage(place: Path, schema: TableSchema, batches: Iterable[pa.Table]) -> Path:
    """Write fitted batches, numbered from 1, to a file for sorting. Raises StoreUnavailable."""
    path, wanted = place / "delivery.stage", schema.arrow().append(pa.field(_ROW, pa.int64()))
    first = 1
    try:
        with pq.ParquetWriter(path, wanted, compression="lz4") as writer:
            for batch in batches:
                numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
                writer.write_table(batch.append_column(wanted.field(_ROW), numbers), row_group_size=122_880)
                first += batch.num_rows
    except OSError as error:
        raise StoreUnavailable(
            Text(f"暂存数据失败：{error.strerror or error}。", f"Staging failed: {error.strerror or error}.")
        ) from error
    return path


def sort_staged(name: str, place: Path, staged: Path, schema: TableSchema) -> Made:
    """The staged rows sorted by the key as a finished base file; RowsRefusedError for doubled keys."""
    keys = columns_sql(schema.key)
    connection = confined([str(staged)], str(place))
    try:
        query = (
            f"SELECT {columns_sql([*schema.names, _ROW])} FROM read_parquet([{listed([str(staged)])}])"  # noqa: S608
            f" ORDER BY {keys}, {_ROW}"
        )
        with reading():
            reader = connection.execute(query).to_arrow_reader(GROUP)
            watch = _Doubles(schema.key)
            return lake.write(name, lake.BASE, schema.arrow(), watch.passing(reader, schema))
    finally:
        connection.close()


class _Doubles:
    """Refuses a sorted stream in which a key comes twice, after looking at all of it."""

    def __init__(self, key: Sequence[str]) -> None:
        self._key = tuple(key)
        self._last: pa.RecordBatch | None = None
        self._places: list[int] = []
        self._count = 0

    def passing(self, batches: Iterable[pa.RecordBatch], schema: TableSchema) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self._look(batch)
            if not self._count:
                yield batch.select(list(schema.names))
        if self._count:
            faults: list[RowFault] = [doubled_key(row, self._key) for row in sorted(self._places)]
            raise RowsRefusedError(faults, self._count)

    def _look(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        joined = pa.Table.from_batches(
            [batch] if self._last is None else [self._last, batch]
        ).combine_chunks()
        self._last = batch.slice(batch.num_rows - 1)
        if joined.num_rows < 2:
            return
        same: pa.ChunkedArray | None = None
        for name in self._key:
            column = joined[name]
            equal = pc.equal(column.slice(1), column.slice(0, joined.num_rows - 1))
            same = equal if same is None else pc.and_(same, equal)
        rows = joined[_ROW].slice(1).filter(same).to_pylist()
        self._count += len(rows)
        self._places += rows[: MOST_FAULTS - len(self._places)]


def replacement(name: str, place: Path, pack: Pack, whole: Made, version: int, before: int) -> Replacement:
    """What a sorted whole changes against an opened version, with its change set written.

    ``before``: rows of that version. The join runs in DuckDB, on disk when memory is short.
    """
    schema, rows = pack.schema, whole.file.rows
    path = str(files.folder() / whole.file.path)
    connection = confined([*pack.base, path], str(place))
    seen = [0, 0, 0]
    try:
        pack.define(connection)
        connection.execute(f"CREATE VIEW n AS SELECT * FROM read_parquet([{listed([path])}])")  # noqa: S608
        change = lake.write(name, SET, lake.set_schema(schema), _changes(connection, schema, version, seen))
    finally:
        connection.close()
    inserted, updated, deleted = seen
    counts = Applied(version, inserted, updated, deleted, rows - inserted - updated)
    assert before + inserted - deleted == rows
    return Replacement(whole, change, counts)


def _changes(
    connection: duckdb.DuckDBPyConnection, schema: TableSchema, version: int, seen: list[int]
) -> Iterator[pa.RecordBatch]:
    with reading():
        for batch in connection.execute(touched_sql(schema, "n", "t")).to_arrow_reader(GROUP):
            fresh = int(pc.sum(batch.column("_new")).as_py() or 0)
            seen[0] += fresh
            seen[1] += batch.num_rows - fresh
            rows = pa.Table.from_batches([batch.select(list(schema.names))])
            yield from marked(rows, schema, version, gone=False).to_batches()
        keys = columns_sql(schema.key)
        query = f"SELECT {keys} FROM t ANTI JOIN n USING ({keys})"  # noqa: S608
        for batch in connection.execute(query).to_arrow_reader(GROUP):
            seen[2] += batch.num_rows
            yield from marked(pa.Table.from_batches([batch]), schema, version, gone=True).to_batches()
