"""HTTP interface of tables, below ``/api/v1/tables/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.tables import actions, queries
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.pages import export_response
from quancheng.capabilities.tables.plain import json_bytes
from quancheng.capabilities.tables.reading import Reader, names_of, reader_of
from quancheng.capabilities.tables.values import ChangeKind, RowChange, TableSchema
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router(auth=django_auth)
MOST_CHANGES = 10_000


class TablesColumn(Schema):
    """A column."""

    name: str
    kind: str = "text"
    zh: str = ""
    en: str = ""
    required: bool = False
    level: int = 1
    personal: bool = False


class TablesNew(Schema):
    """A table to make."""

    name: str
    zh: str
    en: str = ""
    owner: str
    columns: list[TablesColumn]
    key: list[str]


class TablesSchema(Schema):
    """A new schema of a table."""

    columns: list[TablesColumn]
    key: list[str]


class TablesChanges(Schema):
    """Rows to write and keys to delete."""

    run: str
    upserts: list[dict[str, Any]] = []
    deletes: list[list[Any]] = []
    expect_version: int | None = None


class TablesFilter(Schema):
    """Filters of the list."""

    q: str = ""
    owner: str = ""
    cursor: str = ""
    size: str = ""


class TablesRows(Schema):
    """What rows are wanted; ``filters`` is a JSON object as CKAN's."""

    q: str = ""
    filters: str = ""
    fields: str = ""
    sort: str = ""
    limit: int = 100
    offset: int = 0
    version: int | None = None


@router.get("/", summary="数据表 Tables")
def tables(request: HttpRequest, asked: Query[TablesFilter]) -> dict[str, Any]:
    """Tables the caller may see, latest change first."""
    found = queries.visible_tables(call_of(request).actor, q=asked.q, owner=asked.owner)
    page = pagination.page(found, ("-updated_at", "-id"), {"cursor": asked.cursor, "size": asked.size})
    return {"items": [_said(row) for row in page], "next": page.next}


@router.post("/", summary="建立数据表 Make a table", response={201: dict[str, Any]})
def make(request: HttpRequest, body: TablesNew) -> tuple[int, dict[str, Any]]:
    """An empty table; under the same ``Idempotency-Key`` the same table again."""
    call = call_of(request)
    made = actions.create_table(
        call, name=body.name, zh=body.zh, en=body.en, owner=body.owner, schema=_schema(body), key=call.key
    )
    return 201, {"table_id": made.table_id, "name": made.name, "version": made.version}


@router.get("/{table_id}", summary="一张数据表 A table")
def table(request: HttpRequest, table_id: str) -> dict[str, Any]:
    """Columns, key, version, rows."""
    row, _reader = _open(request, table_id)
    return _said(row) | row.structure.to_json()


@router.put("/{table_id}/schema", summary="修改表结构 Change the schema")
def evolve(request: HttpRequest, table_id: str, body: TablesSchema) -> dict[str, Any]:
    """Compatible changes only."""
    found = actions.evolve_table(call_of(request), table_id=table_id, schema=_schema(body))
    return {"table_id": found.table_id} | found.schema.to_json()


@router.get("/{table_id}/rows", summary="数据行 Rows")
def rows(request: HttpRequest, table_id: str, asked: Query[TablesRows]) -> HttpResponse:
    """Rows in key order unless sorted; persons are masked for those without the right."""
    _, reader = _open(request, table_id, asked.version)
    found = reader.search(
        call_of(request), q=asked.q, filters=_filters(asked.filters), fields=names_of(asked.fields),
        sort=asked.sort, limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    answer = {
        "version": reader.view.version, "total": found.total, "total_estimated": found.total_estimated,
        "next": found.next, "masked": reader.masked, "rows": found.rows,
    }  # fmt: skip
    return HttpResponse(json_bytes(answer), content_type="application/json")


@router.get("/{table_id}/versions", summary="版本 Versions")
def versions(request: HttpRequest, table_id: str, cursor: str = "", size: str = "") -> dict[str, Any]:
    """What each run did, newest first."""
    history = queries.history(call_of(request).actor, table_id)
    page = pagination.page(history, ("-at", "-id"), {"cursor": cursor, "size": size})
    return {"items": [_told(one) for one in page], "next": page.next}


@router.get("/{table_id}/changes", summary="版本之间的变更 Changes between versions")
def changes(
    request: HttpRequest, table_id: str, since: int, until: int | None = None
) -> StreamingHttpResponse:
    """The net change of each key as lines of JSON, in key order."""
    row, reader = _open(request, table_id)
    end = row.version if until is None else until
    if not 0 <= since <= end <= row.version:
        raise InvalidInput(fields={"since": Text(f"应为 0 至 {row.version}", f"0 to {row.version}")})
    reader.looked(call_of(request), row.rows)
    return StreamingHttpResponse(
        _lines(reader, queries.changes(row.table_id, since, end)), content_type="application/x-ndjson"
    )


@router.post("/{table_id}/changes", summary="应用变更 Apply changes")
def apply(request: HttpRequest, table_id: str, body: TablesChanges) -> dict[str, Any]:
    """All or none, once a ``run``."""
    if len(body.upserts) + len(body.deletes) > MOST_CHANGES:
        raise InvalidInput(
            fields={"upserts": Text(f"一次至多 {MOST_CHANGES} 行", f"{MOST_CHANGES} rows at most")}
        )
    done = actions.apply_changes(
        call_of(request), table_id=table_id, upserts=body.upserts, deletes=[tuple(key) for key in body.deletes],
        run=body.run, expect_version=body.expect_version,
    )  # fmt: skip
    return {
        "version": done.version, "inserted": done.inserted, "updated": done.updated, "deleted": done.deleted,
        "unchanged": done.unchanged,
    }  # fmt: skip


@router.get("/{table_id}/export", summary="导出 Export")
def export(
    request: HttpRequest, table_id: str, format: str = "csv", version: str = ""
) -> StreamingHttpResponse:
    """A file: csv, json, ndjson, geojson, parquet."""
    return export_response(request, table_id, format, version)


def _open(request: HttpRequest, table_id: str, version: int | None = None) -> tuple[DataTable, Reader]:
    actor = call_of(request).actor
    row = queries.row_of(queries.visible_tables(actor), table_id)
    return row, reader_of(actor, row, version)


def _lines(reader: Reader, found: Iterator[RowChange]) -> Iterator[bytes]:
    names = reader.schema.names
    for one in found:
        cells = dict(zip(names, reader.cells(one), strict=True))
        said: dict[str, Any] = {"kind": str(one.kind), "version": one.version}
        said["key"] = [cells[name] for name in reader.schema.key]
        if one.kind is ChangeKind.UPSERT:
            said["row"] = cells
        yield json_bytes(said) + b"\n"


def _schema(body: TablesNew | TablesSchema) -> TableSchema:
    try:
        return TableSchema.from_json({"columns": [one.dict() for one in body.columns], "key": body.key})
    except ValueError as error:
        raise InvalidInput(
            fields={"columns": Text(f"未知的类型：{error}", f"an unknown kind: {error}")}
        ) from error


def _filters(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(fields={"filters": Text("应为 JSON 对象", "a JSON object")})
    return found


def _said(row: DataTable) -> dict[str, Any]:
    return {
        "table_id": str(row.table_id), "name": row.name, "zh": row.zh, "en": row.en, "owner": row.owner.code,
        "version": row.version, "rows": row.rows, "updated_at": row.updated_at, "simulated": row.simulated,
    }  # fmt: skip


def _told(one: Change) -> dict[str, Any]:
    return {
        "version": one.version, "run": one.run, "at": one.at, "by": one.by, "moved": one.moved, "rows": one.rows,
        "inserted": one.inserted, "updated": one.updated, "deleted": one.deleted, "unchanged": one.unchanged,
    }  # fmt: skip
