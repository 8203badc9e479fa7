"""Adding data: validate, sort, write the file, then name it in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from django.db import transaction

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import measure
from quancheng.kernel.store.errors import BadBatch
from quancheng.kernel.store.specs import TableSpec, spec_of

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment, TableHead


def append(
    table: str,
    data: pa.Table | pa.RecordBatch,
    *,
    partition: str,
    key: str | None = None,
    run: str | None = None,
) -> Segment:
    """Add rows to a table as one new version and return their segment.

    Inside a transaction the rows become visible with it (all appends of one transaction
    together); outside, when this returns they are durable. A second append with the same
    ``key`` adds nothing and returns the first segment. Any number of processes may append.
    Raises NotFound (table), BadBatch (schema, partition, no rows), Conflict (the key was used
    for other data, or the table's columns changed), StoreUnavailable (disk).
    """
    from quancheng.kernel.store.models import Segment

    spec = spec_of(table)
    spec.check_partition(partition)
    whole = fit(spec, data)
    earlier = _earlier(table, key, partition, whole.num_rows)
    if earlier is not None:
        return earlier
    ordered = whole.sort_by([(name, "ascending") for name in spec.sort]) if spec.sort else whole
    written = files.write(table, partition, ordered.to_reader(files.ROW_GROUP))
    with transaction.atomic():
        head = lock_head(spec)
        earlier = _earlier(table, key, partition, whole.num_rows)
        if earlier is None:
            return Segment.objects.create(
                table=table,
                partition=partition,
                added_version=next_version(head),
                path=written.path,
                rows=written.rows,
                bytes=written.bytes,
                sha256=written.sha256,
                bounds=measure(ordered, spec.sort),
                key=key,
                run=run or "",
                created_at=clock.now(),
            )
    files.remove(written.path)  # another process was faster with the same key
    return earlier


def fit(spec: TableSpec, data: pa.Table | pa.RecordBatch) -> pa.Table:
    """The data with the table's columns in the table's order; raises BadBatch."""
    given = pa.Table.from_batches([data]) if isinstance(data, pa.RecordBatch) else data
    wrong: dict[str, Text] = {}
    for name in given.column_names:
        if name not in spec.schema.names:
            wrong[name] = Text("表中没有这一列", "the table has no such column")
    for field in spec.schema:
        if given.column_names.count(field.name) != 1:
            wrong[field.name] = Text("缺少或重复", "missing or repeated")
        elif (kind := given.schema.field(field.name).type) != field.type:
            wrong[field.name] = Text(f"类型是 {kind},应为 {field.type}", f"{kind}, not {field.type}")
        elif not field.nullable and given.column(field.name).null_count:
            wrong[field.name] = Text("有空值", "has empty values")
    if wrong:
        zh = ";".join(f"{name}:{text.zh}" for name, text in wrong.items())
        en = "; ".join(f"{name}: {text.en}" for name, text in wrong.items())
        raise BadBatch(Text(f"表 {spec.name}:{zh}。", f"Table {spec.name}: {en}."), fields=wrong)
    if given.num_rows == 0:
        raise BadBatch(Text(f"表 {spec.name}:没有数据行。", f"Table {spec.name}: no rows."))
    return given.select(spec.schema.names).cast(spec.schema)


def lock_head(spec: TableSpec) -> TableHead:
    """The table's head, ours until the transaction ends; raises Conflict on other columns.

    PostgreSQL locks the row; on SQLite the transaction already holds the only write lock.
    """
    from quancheng.kernel.store.models import TableHead

    columns = spec.columns()
    heads = TableHead.objects.select_for_update()
    head = heads.filter(pk=spec.name).first()
    if head is None:
        TableHead.objects.get_or_create(name=spec.name, defaults={"columns": columns})
        head = heads.get(pk=spec.name)
    if head.columns != columns:
        _evolve(spec, head)
    return head


def next_version(head: TableHead) -> int:
    """Move the locked head one version on."""
    head.version += 1
    head.save(update_fields=["version"])
    return head.version


def _evolve(spec: TableSpec, head: TableHead) -> None:
    columns = spec.columns()
    changed = {name for name, kind in head.columns.items() if columns.get(name) != kind}
    added = columns.keys() - head.columns.keys()
    strict = {name for name in added if not spec.schema.field(name).nullable}
    if changed or strict:
        names = "、".join(sorted(changed | strict))
        raise Conflict(
            Text(
                f"表 {spec.name} 的列 {names} 与已存数据不符，只能增加可空列。",
                f"Table {spec.name}: columns {names} differ from the stored data;"
                " only nullable columns may be added.",
            )
        )
    head.columns = columns
    head.save(update_fields=["columns"])


def _earlier(table: str, key: str | None, partition: str, rows: int) -> Segment | None:
    from quancheng.kernel.store.models import Segment

    if key is None:
        return None
    found = Segment.objects.filter(table=table, key=key).first()
    if found is not None and (found.partition, found.rows) != (partition, rows):
        raise Conflict(
            Text(
                f"表 {table} 的批次编号 {key} 已用于另一批数据。",
                f"Table {table}: key {key} was already used for other data.",
            )
        )
    return found
