"""Pages of tables, at the desk: the list, one table's rows, columns, versions and changes, its export."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quancheng.capabilities.tables import actions, forms, queries
from quancheng.capabilities.tables.exporting import FileFormat, has_places
from quancheng.capabilities.tables.models import DataTable
from quancheng.capabilities.tables.reading import Reader, reader_of
from quancheng.capabilities.tables.values import ChangeKind, ColumnSpec
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn

ROLES = {"tables.steward", "tables.bureau"}
SIZE = 50
SHOWN_CHANGES = 200
_SORTS = ("name", "rows", "updated_at")


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """数据表: those the official may see."""
    actor = _desk(request)
    mine = queries.visible_tables(actor)
    owners = list(
        mine.order_by("owner__order", "owner__code")
        .values_list("owner__code", "owner__zh", "owner__en")
        .distinct()
    )
    form = forms.TableFilterForm(
        request.GET,
        owners=[(code, Text(zh, en).pick(get_language() or "zh-hans")) for code, zh, en in owners],
    )
    sort = request.GET.get("sort", "")
    name, down = (
        (sort.lstrip("-"), sort.startswith("-")) if sort.lstrip("-") in _SORTS else ("updated_at", True)
    )
    order = (f"-{name}", "-id") if down else (name, "id")
    page = pagination.page(queries.visible_tables(actor, **form.wanted()), order, request.GET)
    return render(request, "tables/index.html", {"form": form, "page": page, "any": mine.exists()})


@require_safe
def rows(request: HttpRequest, table_id: str) -> HttpResponse:
    """一张表的行: words, one condition, order and pages in the URL; persons masked for those without the right."""
    row, reader = _reader(request, table_id)
    form = forms.row_filter(request.GET, reader.schema, reader.searchable)
    asked: dict[str, Any] = {"q": "", "where": None}
    if form.is_valid():
        asked = {"q": form.cleaned_data["q"], "where": form.cleaned_data["where"]}
    offset = _number(request.GET.get("cursor"), 0)
    sort = request.GET.get("sort", "")
    if sort.lstrip("-") not in reader.searchable:
        sort = ""
    found = reader.search(request.call(), sort=sort, limit=SIZE, offset=offset, **asked)  # type: ignore[attr-defined]
    before = str(max(0, offset - SIZE)) if offset else None
    context = _about(row, reader, "rows") | {
        "form": form,
        "columns": [(column, column.name in reader.searchable) for column in reader.schema.columns],
        "rows": [_cells(reader, list(one.values())) for one in found.rows],
        "found": found,
        "page": pagination.Page(found.rows, next=found.next, previous=before, size=SIZE),
        "filtered": bool(asked["q"] or asked["where"]),
    }
    return render(
        request, "tables/rows.html", context, status=200 if form.is_valid() or not form.is_bound else 422
    )


@require_safe
def columns(request: HttpRequest, table_id: str) -> HttpResponse:
    """一张表的列: names, kinds, levels, marks."""
    row, reader = _reader(request, table_id)
    return render(
        request, "tables/columns.html", _about(row, reader, "columns") | {"columns": row.structure.columns}
    )


@require_safe
def versions(request: HttpRequest, table_id: str) -> HttpResponse:
    """一张表的版本: what each run did."""
    row, reader = _reader(request, table_id)
    history = queries.history(reader.actor, row.table_id)
    page = pagination.page(history, ("-at", "-id"), request.GET)
    return render(request, "tables/versions.html", _about(row, reader, "versions") | {"page": page})


@require_safe
def changes(request: HttpRequest, table_id: str) -> HttpResponse:
    """两个版本之间的变更: the first of them, in key order."""
    row, reader = _reader(request, table_id)
    until = _number(request.GET.get("until"), row.version)
    since = _number(request.GET.get("since"), max(0, until - 1))
    if not 0 <= since <= until <= row.version:
        raise InvalidInput(
            fields={
                "since": Text(
                    f"应为 0 至 {row.version}，且不大于终止版本", f"0 to {row.version}, not after until"
                )
            }
        )
    found = list(islice(queries.changes(row.table_id, since, until), SHOWN_CHANGES + 1))
    shown = [
        (one.kind is ChangeKind.DELETE, one.version, _cells(reader, reader.cells(one)))
        for one in found[:SHOWN_CHANGES]
    ]
    reader.looked(request.call(), len(shown))  # type: ignore[attr-defined]
    context = _about(row, reader, "versions") | {
        "since": since,
        "until": until,
        "columns": reader.schema.columns,
        "changes": shown,
        "more": len(found) > SHOWN_CHANGES,
        "most": SHOWN_CHANGES,
    }
    return render(request, "tables/changes.html", context)


@require_safe
def export(request: HttpRequest, table_id: str) -> StreamingHttpResponse:
    """导出: the newest version, or the one asked for, as a file."""
    _desk(request)
    return export_response(
        request, table_id, request.GET.get("format", "csv"), request.GET.get("version", "")
    )


def export_response(
    request: HttpRequest, table_id: str, file_format: str, version: str
) -> StreamingHttpResponse:
    """A file as a stream; who took it is in the audit before the first byte leaves."""
    if file_format not in FileFormat._value2member_map_:
        names = "、".join(FileFormat)
        raise InvalidInput(fields={"format": Text(f"应为 {names} 之一", f"one of {', '.join(FileFormat)}")})
    wanted = _number(version, None)
    call = request.call()  # type: ignore[attr-defined]
    queries.table(call.actor, table_id)
    made = actions.export_table(call, table_id=table_id, file_format=FileFormat(file_format), version=wanted)
    response = StreamingHttpResponse(made.parts(), content_type=made.file_format.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(made.file_name)}"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _reader(request: HttpRequest, table_id: str) -> tuple[DataTable, Reader]:
    actor = _desk(request)
    row = queries.row_of(queries.visible_tables(actor), table_id)
    return row, reader_of(actor, row)


def _about(row: DataTable, reader: Reader, tab: str) -> dict[str, Any]:
    tabs = [("rows", _("数据行")), ("columns", _("列")), ("versions", _("版本与变更"))]
    formats = [one for one in FileFormat if one is not FileFormat.GEOJSON or has_places(reader.schema)]
    return {"table": row, "masked": reader.masked, "tab": tab, "tabs": tabs, "formats": formats}


def _cells(reader: Reader, values: list[Any]) -> list[tuple[ColumnSpec, bool, Any]]:
    """Cells with their columns, and whether they are figures."""
    return [
        (column, column.kind in (Kind.INTEGER, Kind.DECIMAL), value)
        for column, value in zip(reader.schema.columns, values, strict=True)
    ]


def _number(text: str | None, default: Any) -> Any:
    """A whole number of an address; raises InvalidInput."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput(fields={"cursor": Text("应为数字", "a number")})
    return int(text)


app_name = "tables"
urlpatterns = [
    path("work/tables/", index, name="index"),
    path("work/tables/<str:table_id>/", rows, name="rows"),
    path("work/tables/<str:table_id>/columns/", columns, name="columns"),
    path("work/tables/<str:table_id>/versions/", versions, name="versions"),
    path("work/tables/<str:table_id>/changes/", changes, name="changes"),
    path("work/tables/<str:table_id>/export/", export, name="export"),
]
