"""变更的准备: everything a change needs, computed and written before the transaction that names it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from quancheng.capabilities.tables import comparing, lake, packs
from quancheng.capabilities.tables.lake import BASE, SET, Files
from quancheng.capabilities.tables.models import DataTable
from quancheng.capabilities.tables.rows import (
    RowFault,
    Rows,
    RowsRefusedError,
    fit,
    fit_keys,
    refuse_doubles,
)
from quancheng.capabilities.tables.values import Applied, TableSchema
from quancheng.capabilities.tables.view import View
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

MOST_SETS = 16
"""Change sets on top of a base before they become one."""
SHARE, LEAST = 10, 2_000
"""A tenth of the rows changed, at least so many: time for a new base."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change will be against one version; ``files`` are finished and not yet named."""

    against: int
    counts: Applied
    rows: int
    sets: int
    set_rows: int
    files: Files

    @property
    def moves(self) -> bool:
        """Whether anything changes."""
        return self.counts.touched > 0


def plan_changes(row: DataTable, upserts: Rows, deletes: Sequence[Any]) -> Plan:
    """Prepare upserts and deletions; raises InvalidInput with places."""
    schema = row.structure
    try:
        new = fit(schema, upserts, clock.LOCAL)
        gone = fit_keys(schema, deletes, clock.LOCAL)
        refuse_doubles(schema, new)
        _refuse_both(schema, new, gone)
    except RowsRefusedError as error:
        raise refused(error) from error
    version = row.version + 1
    pack = packs.opened(row.store_name, row.store_version, schema)
    found = comparing.difference(pack, new, gone, version)
    counts = found.counts
    rows = row.rows + counts.inserted - counts.deleted
    if not counts.touched:
        return Plan(row.version, replace(counts, version=row.version), rows, row.sets, row.set_rows, Files())
    if row.version == 0:  # the first rows are the base; everybody who asks for changes gets all of it
        first = found.rows.drop_columns([lake.GONE, lake.VERSION])
        order = [(name, "ascending") for name in schema.key]
        base = lake.write(row.store_name, BASE, schema.arrow(), first.sort_by(order).to_batches())
        return Plan(row.version, counts, rows, 0, 0, Files(base=base))
    return _stacked(row, pack, found.rows, counts, rows)


def _stacked(row: DataTable, pack: packs.Pack, touched: pa.Table, counts: Applied, rows: int) -> Plan:
    """A change set on top; with a merged set or a new base when it is time."""
    name, schema = row.store_name, pack.schema
    change = lake.write(name, SET, lake.set_schema(schema), touched.to_batches())
    files = Files(change=change)
    sets, set_rows = row.sets + 1, row.set_rows + touched.num_rows
    try:
        if set_rows > max(rows // SHARE, LEAST):
            whole = _rebased(row, pack, touched)
            return Plan(row.version, counts, rows, 0, 0, replace(files, base=whole))
        if sets > MOST_SETS:
            parts = [touched] if pack.overlay is None else [pack.overlay, touched]
            one = packs.latest(pa.concat_tables(parts), schema)
            together = lake.write(name, SET, one.schema, one.to_batches())
            return Plan(row.version, counts, rows, 1, one.num_rows, replace(files, merged=together))
    except BaseException:
        files.discard()
        raise
    return Plan(row.version, counts, rows, sets, set_rows, files)


def _rebased(row: DataTable, pack: packs.Pack, touched: pa.Table) -> lake.Made:
    """A new base: the version's rows with the touched ones in their place."""
    schema = pack.schema
    parts = [touched] if pack.overlay is None else [pack.overlay, touched]
    whole = packs.Pack.over(pack, packs.latest(pa.concat_tables(parts), schema))
    view = View(row.info, row.version + 1, 0, whole)
    return lake.write(row.store_name, BASE, schema.arrow(), view.in_order())


def plan_replacement(row: DataTable, data: pa.Table | Iterable[pa.RecordBatch]) -> Plan:
    """Prepare a table's rows anew; raises InvalidInput with places. Streams: memory does not grow with it."""
    schema, name, version = row.structure, row.store_name, row.version + 1
    batches = data.to_batches(max_chunksize=122_880) if isinstance(data, pa.Table) else data
    with lake.staging() as place:
        try:
            staged = comparing.stage(place, schema, _fitted(schema, batches))
            whole = comparing.sort_staged(name, place, staged, schema)
        except RowsRefusedError as error:
            raise refused(error) from error
        rows = whole.file.rows
        if row.version == 0:
            if not rows:
                Files(base=whole).discard()
                return Plan(0, Applied(0), 0, 0, 0, Files())
            return Plan(0, Applied(version, inserted=rows), rows, 0, 0, Files(base=whole))
        try:
            pack = packs.opened(name, row.store_version, schema)
            found = comparing.replacement(name, place, pack, whole, version, row.rows)
        except BaseException:
            Files(base=whole).discard()
            raise
    return _settled(row, found)


def _settled(row: DataTable, found: comparing.Replacement) -> Plan:
    """Keep the whole as the new base, or only what changed when that is little."""
    counts, rows = found.counts, found.whole.file.rows
    if not counts.touched:
        Files(base=found.whole, change=found.change).discard()
        return Plan(row.version, replace(counts, version=row.version), rows, row.sets, row.set_rows, Files())
    set_rows = row.set_rows + counts.touched
    if row.sets < MOST_SETS and set_rows <= max(rows // SHARE, LEAST):
        Files(base=found.whole).discard()
        return Plan(row.version, counts, rows, row.sets + 1, set_rows, Files(change=found.change))
    return Plan(row.version, counts, rows, 0, 0, Files(change=found.change, base=found.whole))


def plan_compaction(row: DataTable) -> Plan | None:
    """The rows of now as one base file; None when there is no change set."""
    if not row.sets:
        return None
    schema = row.structure
    pack = packs.opened(row.store_name, row.store_version, schema)
    whole = lake.write(
        row.store_name, BASE, schema.arrow(), View(row.info, row.version, row.rows, pack).in_order()
    )
    return Plan(row.version, Applied(row.version, unchanged=row.rows), row.rows, 0, 0, Files(base=whole))


def _fitted(schema: TableSchema, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.Table]:
    first = 1
    for batch in batches:
        yield fit(schema, batch, clock.LOCAL, first)
        first += batch.num_rows


def _refuse_both(schema: TableSchema, new: pa.Table, gone: pa.Table) -> None:
    refuse_doubles(schema, gone)
    keys = list(schema.key)
    if gone.num_rows and new.num_rows:
        both = gone.join(new.select(keys), keys, join_type="left semi")
        if both.num_rows:
            text = Text("同一主键既更新又删除", "a key is both written and deleted")
            raise RowsRefusedError([RowFault(0, "deletes", text)], both.num_rows)


def refused(error: RowsRefusedError) -> InvalidInput:
    """The error callers see: each fault at its place, and how many there are."""
    return InvalidInput(
        Text(f"数据未写入：{error.count} 处有误。", f"Nothing was written: {error.count} faults."),
        fields={fault.place: fault.text for fault in error.faults},
        extra={"faults": error.count},
    )
