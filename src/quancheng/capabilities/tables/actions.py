"""Deeds of tables: make a table, change its schema, bring rows, take it away. The only writers of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import lake, planning
from quancheng.capabilities.tables.checking import breaking, wrong_name, wrong_schema
from quancheng.capabilities.tables.exporting import Export, FileFormat, place_columns
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.planning import Plan
from quancheng.capabilities.tables.queries import row_of, view_of
from quancheng.capabilities.tables.values import Applied, TableInfo, TableSchema
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge

_RUN = 200
MOST_TEXT_ROWS = 1_000_000
"""Rows of an export as text; a stream of it holds a thread of the web process."""


@action("tables.create_table", idempotent=False)
def create_table(
    call: Call,
    *,
    name: str,
    zh: str,
    schema: TableSchema,
    owner: str,
    en: str = "",
    simulated: bool = False,
    key: str | None = None,
) -> TableInfo:
    """建立数据表: an empty table, version 0, of the department ``owner`` (its code).

    Under the same ``key`` the same table comes again. Raises InvalidInput (fields), Conflict when the name
    is taken, Forbidden for another department's table.
    """
    access.require(call.actor, "create", DataTable)
    if key:
        made = DataTable.objects.filter(key=key, dropped_at=None).select_related("owner").first()
        if made is not None:
            access.require(call.actor, "manage", made)
            return made.info  # type: ignore[no-any-return]
    wrong = dict(wrong_schema(schema))
    if text := wrong_name(name):
        wrong["name"] = text
    if not zh.strip() or len(zh) > 120 or not (zh + en).isprintable():
        wrong["zh"] = Text("请填写中文名称，至多 120 个字", "a Chinese name of 120 characters at most")
    try:
        department = people.department(owner)
    except NotFound:
        wrong["owner"] = Text(f"没有机构 {owner}", f"there is no department {owner}")
    if wrong:
        raise InvalidInput(fields=wrong)
    if DataTable.objects.filter(name=name).exists():
        raise Conflict(
            Text(f"已有名为 {name} 的数据表。", f"There is a table {name} already."),
            todo=Text("请换一个表名。", "Choose another name."),
        )
    row = DataTable.objects.create(
        name=name, zh=zh.strip(), en=en.strip()[:160], owner=department, schema=schema.to_json(), key=key,
        created_at=call.at, updated_at=call.at, simulated=simulated,
    )  # fmt: skip
    access.require(call.actor, "manage", row)
    audit.note(table=str(row.table_id), name=name, owner=owner)
    return row.info


@action("tables.evolve_table", idempotent=False)
def evolve_table(call: Call, *, table_id: str | UUID, schema: TableSchema) -> TableInfo:
    """修改表结构: new optional columns, other names, levels, marks. The rows stay as they are.

    Raises InvalidInput for a schema that cannot be, Conflict for one the rows cannot bear.
    """
    row = _locked(call, table_id, "manage")
    if wrong := wrong_schema(schema):
        raise InvalidInput(fields=wrong)
    before = row.structure
    if before == schema:
        return row.info
    if wrong := dict(breaking(before, schema)):
        raise Conflict(
            Text("新结构不能容纳已有的数据。", "The new schema cannot hold the rows there are."),
            todo=Text("请建立一张新表，或只做兼容的修改。", "Make a new table, or change compatibly only."),
            fields=wrong,
        )
    row.schema, row.updated_at = schema.to_json(), call.at
    row.save(update_fields=["schema", "updated_at"])
    audit.note(table=str(row.table_id), added=sorted(set(schema.names) - set(before.names)))
    return row.info


def _prepare_changes(call: Call, *, table_id: str | UUID, run: str, **arguments: Any) -> Plan | None:
    return _prepare(
        call, table_id, run, arguments.get("expect_version"), lambda row: _planned(row, arguments)
    )


def _planned(row: DataTable, arguments: Mapping[str, Any]) -> Plan:
    return planning.plan_changes(row, arguments.get("upserts", ()), arguments.get("deletes", ()))


@action("tables.apply_changes", idempotent=False, prepare=_prepare_changes)
def apply_changes(
    call: Call,
    *,
    table_id: str | UUID,
    run: str,
    upserts: pa.Table | Sequence[Mapping[str, Any]] = (),
    deletes: Sequence[Any] = (),
    expect_version: int | None = None,
    prepared: Plan | None = None,
) -> Applied:
    """应用变更: whole rows to write and keys to delete, all of them or none, as one new version.

    A column an upsert does not name becomes empty. Exactly once a ``run`` (empty: not remembered): the
    same run again gives the first result. ``expect_version``: Conflict when the table is at another one.
    Raises InvalidInput naming rows and columns at fault, StoreUnavailable.
    """
    arguments = {"upserts": upserts, "deletes": deletes}
    return _apply(call, table_id, run, expect_version, prepared, lambda row: _planned(row, arguments))


def _prepare_rows(call: Call, *, table_id: str | UUID, run: str, rows: Any, **_: Any) -> Plan | None:
    return _prepare(call, table_id, run, None, lambda row: planning.plan_replacement(row, rows))


@action("tables.replace_rows", idempotent=False, prepare=_prepare_rows)
def replace_rows(
    call: Call,
    *,
    table_id: str | UUID,
    rows: pa.Table | Iterable[pa.RecordBatch],
    run: str,
    prepared: Plan | None = None,
) -> Applied:
    """替换全部行: the table holds these rows and no others; only what differs is a change.

    Exactly once a ``run``, as :func:`apply_changes`. Streams batches, of any number. Raises InvalidInput
    naming rows at fault, Conflict when another wrote meanwhile and the batches cannot be read again.
    """

    def again(row: DataTable) -> Plan:
        if not isinstance(rows, pa.Table | Sequence):
            raise _overtaken(row)
        return planning.plan_replacement(row, rows)

    return _apply(call, table_id, run, None, prepared, again)


def _prepare_base(call: Call, *, table_id: str | UUID) -> Plan | None:
    row = row_of(_tables(), table_id)
    access.require(call.actor, "manage", row)
    return planning.plan_compaction(row)


@action("tables.compact_table", idempotent=False, prepare=_prepare_base)
def compact_table(call: Call, *, table_id: str | UUID, prepared: Plan | None = None) -> bool:
    """合并变更集: one base file in place of base and change sets; the version and its rows stay the same.

    Returns False when there was nothing to join, or another wrote meanwhile.
    """
    row = _locked(call, table_id, "manage")
    if prepared is None:
        return False
    if prepared.against != row.version or not row.sets:
        prepared.files.discard()
        return False
    row.store_version = lake.put(row.store_name, row.structure, row.version, prepared.files, "compact")
    row.sets, row.set_rows = 0, 0
    row.save(update_fields=["store_version", "sets", "set_rows"])
    Change.objects.filter(table=row, version=row.version).update(store_version=row.store_version)
    audit.note(table=str(row.table_id), version=row.version)
    return True


@action("tables.export_table", idempotent=False)
def export_table(
    call: Call, *, table_id: str | UUID, file_format: FileFormat, version: int | None = None
) -> Export:
    """导出数据表: who took which version out, with or without the persons in it; the rows come as they are read.

    Personal columns are masked unless the actor may ``reveal``. Raises TooLarge for a text file of too many
    rows, InvalidInput for GeoJSON without coordinates.
    """
    row = row_of(_tables(), table_id)
    access.require(call.actor, "view", row)
    found = view_of(row, version)
    if file_format is not FileFormat.PARQUET and found.rows > MOST_TEXT_ROWS:
        raise TooLarge(
            Text(
                f"文本格式至多导出 {MOST_TEXT_ROWS} 行。", f"Text files take {MOST_TEXT_ROWS} rows at most."
            ),
            todo=Text("请改用 Parquet 格式。", "Use Parquet instead."),
        )
    if file_format is FileFormat.GEOJSON:
        place_columns(row.structure)
    masked = bool(row.structure.personal) and not access.allowed(call.actor, "reveal", row)
    audit.note(
        table=str(row.table_id),
        version=found.version,
        rows=found.rows,
        format=str(file_format),
        masked=masked,
    )
    return Export(row.name, found, file_format, masked)


@action("tables.reveal_rows", idempotent=False)
def reveal_rows(call: Call, *, table_id: str | UUID, version: int, count: int) -> None:
    """查看个人信息: records that somebody with the right read rows about persons unmasked."""
    row = row_of(_tables(), table_id)
    access.require(call.actor, "reveal", row)
    audit.note(table=str(row.table_id), version=version, rows=count)


@action("tables.drop_table", idempotent=False)
def drop_table(call: Call, *, table_id: str | UUID, reason: str) -> None:
    """删除数据表: nobody sees it any more; its files go when the store lets replaced files go."""
    row = _locked(call, table_id, "manage")
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明原因", "say why")})
    name = row.name
    lake.clear(row.store_name, row.structure)
    row.name, row.key = f"{name[:60]}~{row.pk}", None
    row.dropped_at, row.updated_at, row.reason = call.at, call.at, reason.strip()[:300]
    row.save(update_fields=["name", "key", "dropped_at", "updated_at", "reason"])
    audit.note(table=str(row.table_id), name=name, reason=row.reason)


def _prepare(
    call: Call, table_id: str | UUID, run: str, expect: int | None, plan: Callable[[DataTable], Plan]
) -> Plan | None:
    """Compute and write files before the transaction; None when the run is done already."""
    row = row_of(_tables(), table_id)
    access.require(call.actor, "write", row)
    if len(run) > _RUN:
        raise InvalidInput(fields={"run": Text(f"至多 {_RUN} 个字符", f"{_RUN} characters at most")})
    if _earlier(row, run) is not None:
        return None
    _expect(row, expect)
    return plan(row)


def _apply(
    call: Call,
    table_id: str | UUID,
    run: str,
    expect: int | None,
    prepared: Plan | None,
    again: Callable[[DataTable], Plan],
) -> Applied:
    plan = prepared
    try:
        row = _locked(call, table_id, "write")
        earlier = _earlier(row, run)
        if earlier is not None:
            if plan is not None:
                plan.files.discard()
            return earlier
        _expect(row, expect)
        if plan is None or plan.against != row.version:  # another wrote meanwhile: against the rows of now
            stale, plan = plan, None
            if stale is not None:
                stale.files.discard()
            plan = again(row)
        return _write(call, row, run, plan)
    except BaseException:
        if plan is not None:
            plan.files.discard()
        raise


def _write(call: Call, row: DataTable, run: str, plan: Plan) -> Applied:
    counts = plan.counts
    if plan.moves:
        row.version = counts.version
        row.store_version = lake.put(row.store_name, row.structure, row.version, plan.files, run)
        row.rows, row.sets, row.set_rows, row.updated_at = plan.rows, plan.sets, plan.set_rows, call.at
        row.save(update_fields=["version", "store_version", "rows", "sets", "set_rows", "updated_at"])
    if plan.moves or run:
        Change.objects.create(
            table=row, run=run, version=row.version, moved=plan.moves, store_version=row.store_version,
            rows=row.rows, inserted=counts.inserted, updated=counts.updated, deleted=counts.deleted,
            unchanged=counts.unchanged, at=call.at, by=str(call.actor)[:120],
        )  # fmt: skip
    said = {"inserted": counts.inserted, "updated": counts.updated, "deleted": counts.deleted}
    audit.note(table=str(row.table_id), version=row.version, run=run, **said)
    if plan.moves:
        table = str(row.table_id)
        events.emit(
            "tables.changed", table,
            {"table": table, "name": row.name, "version": row.version, "run": run, **said},
        )  # fmt: skip
    return counts


def _locked(call: Call, table_id: str | UUID, verb: str) -> DataTable:
    row = row_of(_tables().select_for_update(of=("self",)), table_id)
    access.require(call.actor, verb, row)
    return row


def _tables() -> Any:
    return DataTable.objects.filter(dropped_at=None).select_related("owner")


def _earlier(row: DataTable, run: str) -> Applied | None:
    done = Change.objects.filter(table=row, run=run).first() if run else None
    return Applied(done.version, done.inserted, done.updated, done.deleted, done.unchanged) if done else None


def _expect(row: DataTable, expect: int | None) -> None:
    if expect is not None and expect != row.version:
        raise Conflict(
            Text(
                f"数据表已到版本 {row.version}，不是 {expect}。",
                f"The table is at version {row.version}, not {expect}.",
            ),
            extra={"version": row.version},
        )


def _overtaken(row: DataTable) -> Conflict:
    return Conflict(
        Text(
            f"数据表 {row.name} 已被另一次写入更新。", f"Table {row.name} was written by another meanwhile."
        ),
        todo=Text("请重新读取来源后再试。", "Read the source again and retry."),
    )
