"""Pages of the open portal: search, a dataset with its rows, files; pages of the desk are in ``desk_pages``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.opening import (
    counting,
    desk_pages,
    feed,
    freshness,
    looking,
    queries,
    social_pages,
)
from quancheng.capabilities.opening.forms import CYCLES, RowsForm, SearchForm, english
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.capabilities.opening.numbering import ROW_ID
from quancheng.capabilities.tables.exporting import FileFormat, has_places, text_parts, write_parquet
from quancheng.capabilities.tables.queries import View
from quancheng.core.catalogue import View as Classes
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

SIZE = 20
_ORDERS = {
    "": ("-copied_at", "-id"),
    "name": ("zh", "id"),
    "rows": ("-rows", "-id"),
    "used": ("-used", "-id"),
}


@lru_cache(maxsize=1)
def themes() -> dict[str, Text]:
    """Names of themes by code."""
    return {
        one.category.code: one.category.name for one in catalogue.branches(Actor.anonymous(), Classes.THEME)
    }


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """开放数据: what is open, found by words, department, theme and cycle."""
    everybody = Actor.anonymous()
    live = queries.datasets(everybody, state=State.PUBLISHED)
    organs = dict(
        live.order_by().values_list("organ__code", "organ__en" if english() else "organ__zh").distinct()
    )
    named = themes()
    cycles = {code: str(label) for code, label in CYCLES}
    form = SearchForm(
        request.GET,
        organ=_counted(queries.counted(live, "organ__code"), organs),
        theme=_counted(
            queries.counted(live, "theme"), {c: t.en if english() else t.zh for c, t in named.items()}
        ),
        cycle=_counted(queries.counted(live, "cycle"), cycles),
    )
    wanted = form.wanted()
    order = _ORDERS[wanted.pop("sort", "")]
    found = queries.datasets(everybody, state=State.PUBLISHED, **wanted)
    page = pagination.page(found, order, request.GET, size=SIZE)
    rows = [{"one": one, "theme": named.get(one.theme), "fresh": _fresh(one)} for one in page]
    context = {"form": form, "page": page, "rows": rows, "total": found.count(), "filtered": bool(wanted)}
    return render(request, "opening/index.html", context)


def _counted(found: list[tuple[str, int]], labels: dict[str, str]) -> list[tuple[str, str]]:
    return [(value, f"{labels.get(value, value)} ({number})") for value, number in found]


def _fresh(one: Dataset) -> freshness.Freshness:
    return freshness.judge(one.cycle, one.copied_at, clock.now())


@require_safe
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    """数据集: who publishes, how fresh, its columns and rows; a tombstone (410) when it was withdrawn."""
    found = queries.opened(name)
    entry = _entry(name)
    if found is None and entry is None:
        raise NotFound()
    context: dict[str, Any] = {
        "one": found, "entry": entry, "name": name, "theme": themes().get(found.theme) if found else None,
        "cycles": {code: str(label) for code, label in CYCLES},
    }  # fmt: skip
    if found is None or not found.live:
        context["status"] = 410 if found else 200
        return render(request, "opening/unopened.html", context, status=410 if found else 200)
    counting.note(found.pk, "view")
    view = queries.opened_view(found.copy_id or found.table_id)
    context |= _rows(request, view) | {
        "fresh": _fresh(found), "formats": _formats(view), "cycle": context["cycles"].get(found.cycle, found.cycle),
        "api": f"{settings.PUBLIC_URL}/api/3/action/datastore_search?resource_id={found.table_id}&limit=5",
        "tabs": looking.tabs(view), "tab": "dataset",
    }  # fmt: skip
    return render(request, "opening/dataset.html", context)


def _entry(name: str) -> EntryInfo | None:
    head, mark, tail = name.rpartition("-")
    try:
        found = catalogue.public_entry(f"{head}/{tail}" if mark else name)
    except NotFound:
        return None
    return found if found.live else None


def _rows(request: HttpRequest, view: View) -> dict[str, Any]:
    """One page of rows by words, one column's value, order and place in the URL."""
    form = RowsForm(request.GET, schema=view.schema)
    valid = form.is_valid()
    said = form.cleaned_data if valid else {}
    sort = request.GET.get("sort", "")
    sort = sort if view.schema.column(sort.lstrip("-")) is not None else ""
    raw = request.GET.get("cursor", "")
    offset = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0
    filters = {said["column"]: said["value"]} if said.get("column") and said.get("value") else None
    names = [name for name in view.schema.names if name != ROW_ID]
    order = f"{sort[1:]} desc" if sort.startswith("-") else sort
    faults: list[Text] = []
    try:
        found = view.search(
            q=said.get("q", ""), filters=filters, fields=names, sort=order, limit=SIZE, offset=offset
        )
    except InvalidInput as error:
        faults = list(error.fields.values()) or [error.detail]
        found = view.search(fields=names, limit=SIZE)
    columns = [view.schema.column(name) for name in names]
    figures = {one.name for one in columns if one and one.kind in (Kind.INTEGER, Kind.DECIMAL)}
    cells = [
        [(column, column.name in figures, row[column.name]) for column in columns if column]
        for row in found.rows
    ]
    before = str(max(0, offset - SIZE)) if offset else None
    return {
        "form": form, "columns": [(column, column.name in figures) for column in columns if column], "rows": cells,
        "found": found, "faults": faults, "filtered": bool(said.get("q") or filters), "version": view.version,
        "page": pagination.Page(found.rows, next=found.next, previous=before, size=SIZE),
    }  # fmt: skip


def _formats(view: View) -> list[str]:
    return [one.value for one in FileFormat if one is not FileFormat.GEOJSON or has_places(view.schema)]


@require_safe
def download(request: HttpRequest, name: str, file_format: str) -> StreamingHttpResponse:
    """下载: all rows as CSV, JSON, lines of JSON, GeoJSON or Parquet, streamed."""
    found = queries.opened(name)
    if found is None or not found.live or file_format not in FileFormat._value2member_map_:
        raise NotFound()
    wanted = FileFormat(file_format)
    view = queries.opened_view(found.copy_id or found.table_id)
    if wanted.value not in _formats(view):
        raise NotFound()
    counting.note(found.pk, "download")
    names = [one for one in view.schema.names if one != ROW_ID]
    answer = StreamingHttpResponse(_parts(view, names, wanted), content_type=wanted.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{found.name}-v{view.version}.{wanted.value}"'
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@require_safe
def places(request: HttpRequest, name: str) -> HttpResponse:
    """Rows with a place for the map: the first thousands, in the order of the copy."""
    found = queries.opened(name)
    if found is None or not found.live:
        raise NotFound()
    view = queries.opened_view(found.copy_id or found.table_id)
    if not has_places(view.schema):
        raise NotFound()
    parts = text_parts(
        view.batches(limit=looking.MAPPED), list(view.schema.names), FileFormat.GEOJSON, view.schema
    )
    return HttpResponse(b"".join(parts), content_type=FileFormat.GEOJSON.media_type)


def _parts(view: View, names: list[str], wanted: FileFormat) -> Any:
    import tempfile

    batches = view.batches(names)
    if wanted is not FileFormat.PARQUET:
        yield from text_parts(batches, names, wanted, view.schema)
        return
    schema = view.schema.arrow()
    with tempfile.TemporaryFile() as file:
        write_parquet(batches, schema.remove(schema.get_field_index(ROW_ID)), file)
        file.seek(0)
        while part := file.read(1 << 20):
            yield part


urlpatterns = [
    path("open/data/", index, name="index"),
    path("open/dataset/<str:name>/", dataset, name="dataset"),
    path("open/dataset/<str:name>/data.<slug:file_format>", download, name="download"),
    path("open/dataset/<str:name>/places.geojson", places, name="places"),
    *feed.urlpatterns,
    *looking.urlpatterns,
    *social_pages.urlpatterns,
    *desk_pages.urlpatterns,
]
