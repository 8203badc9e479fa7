"""Pages of one dataset beside its rows: chart, map, console of the interface."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quancheng.capabilities.opening import charting, datastore, queries
from quancheng.capabilities.opening.forms import ChartForm, ConsoleForm, english
from quancheng.capabilities.opening.models import Dataset
from quancheng.capabilities.opening.numbering import ROW_ID
from quancheng.capabilities.tables.exporting import has_places, place_columns
from quancheng.capabilities.tables.queries import View
from quancheng.core.catalogue import CkanError
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotFound

MAPPED = 5000
"""Places a map shows at most."""
_ROUND = 0.02
"""Degrees of surroundings, so that a single place is not all there is to see."""


def _open(name: str) -> tuple[Dataset, View]:
    found = queries.opened(name)
    if found is None or not found.live:
        raise NotFound()
    return found, queries.opened_view(found.copy_id or found.table_id)


def tabs(view: View) -> list[tuple[str, str]]:
    """Names of a dataset's pages and their words."""
    found = [("dataset", _("表格"))]
    if charting.usual(view.schema):
        found.append(("chart", _("图表")))
    if has_places(view.schema):
        found.append(("map", _("地图")))
    return [*found, ("console", _("接口"))]


@require_safe
def chart(request: HttpRequest, name: str) -> HttpResponse:
    """图表: which column, by which, how measured, in the URL; the same figures as a table."""
    found, view = _open(name)
    usual = charting.usual(view.schema)
    if usual is None:
        raise NotFound()
    form = ChartForm(
        request.GET or None,
        schema=view.schema,
        initial={"x": usual.x, "y": usual.y, "measure": usual.measure},
    )
    wanted: charting.Wanted | None = usual
    if form.is_bound:
        wanted = form.wanted() if form.is_valid() else None
    context: dict[str, Any] = {"one": found, "form": form, "tabs": tabs(view), "tab": "chart", "points": []}
    if wanted is not None:
        points, more = charting.points(view, wanted)
        column, measured = view.schema.column(wanted.x), view.schema.column(wanted.y)
        label = dict(form.fields["measure"].choices)[wanted.measure]  # type: ignore[attr-defined]
        said = (
            f"{measured.text.en if english() else measured.text.zh} · {label}"
            if measured and wanted.measure != "count"
            else str(label)
        )
        context |= {
            "points": [(charting.shown(x), y) for x, y in points], "more": more, "most": charting.MOST, "said": said,
            "column": column, "chart": charting.config(view, wanted, points, Text(said, said)),
        }  # fmt: skip
    return render(request, "opening/chart.html", context, status=200 if wanted else 422)


@require_safe
def map_page(request: HttpRequest, name: str) -> HttpResponse:
    """地图: rows with longitude and latitude; the table page says the same."""
    found, view = _open(name)
    if not has_places(view.schema):
        raise NotFound()
    lon, lat = (f'"{one}"' for one in place_columns(view.schema))
    edge = view.sql(f"SELECT min({lon}), min({lat}), max({lon}), max({lat}) FROM t").to_pylist()[0]  # noqa: S608
    bounds = [float(one) for one in edge.values() if one is not None]
    bounds = [one + pad for one, pad in zip(bounds, (-_ROUND, -_ROUND, _ROUND, _ROUND), strict=False)]
    shown = [one for one in view.schema.columns if one.name not in (ROW_ID, lon.strip('"'), lat.strip('"'))]
    texts = [one.name for one in shown if one.kind is Kind.TEXT]
    title = next((one for one in ("name", "title") if one in texts), texts[0] if texts else "")
    layer = {
        "id": "rows", "label": found.text, "kind": "circle", "url": f"/open/dataset/{found.name}/places.geojson",
        "color": "primary", "radius": 5, "title": title,
        "fields": [{"key": one.name, "label": one.text} for one in shown if one.name != title][:6],
    }  # fmt: skip
    island = {"base": True, "layers": [layer]} | ({"bounds": bounds} if len(bounds) == 4 else {})
    context = {
        "one": found, "tabs": tabs(view), "tab": "map", "island": island, "more": view.rows > MAPPED, "most": MAPPED,
    }  # fmt: skip
    return render(request, "opening/map.html", context)


@require_safe
def console(request: HttpRequest, name: str) -> HttpResponse:
    """接口试用: a question of ``datastore_search``, its answer, and how programs ask it."""
    found, view = _open(name)
    form = ConsoleForm(request.GET or None)
    params: dict[str, Any] = {"resource_id": str(found.table_id), "limit": "5"}
    if form.is_bound and form.is_valid():
        params |= {name: str(value) for name, value in form.cleaned_data.items() if value not in ("", None)}
    answer, refused = "", ""
    try:
        if form.is_bound and not form.is_valid():
            raise InvalidInput()
        result = json.loads(datastore.search(params | {"limit": str(min(int(params["limit"]), 50))}))
        answer = json.dumps({"success": True, "result": result}, ensure_ascii=False, indent=2)
    except CkanError as error:
        refused = json.dumps({"success": False, "error": error.to_dict()}, ensure_ascii=False, indent=2)
    except InvalidInput:
        refused = ""
    site = settings.PUBLIC_URL
    address = f"{site}/api/3/action/datastore_search?{urlencode(params)}"
    kept = {key: int(value) if key == "limit" else value for key, value in params.items()}
    samples = [
        ("curl", f"curl '{address}'"),
        ("Python", f"from ckanapi import RemoteCKAN\n\nckan = RemoteCKAN({site!r})\nfound = ckan.action.datastore_search(**{kept!r})\n"
                   'for row in found["records"]:\n    print(row)'),
        ("JavaScript", f"const answer = await fetch({json.dumps(address)});\nconst {{ result }} = await answer.json();\n"
                       "console.table(result.records);"),
    ]  # fmt: skip
    context = {
        "one": found, "tabs": tabs(view), "tab": "console", "form": form, "answer": answer, "refused": refused,
        "address": address, "samples": samples,
    }  # fmt: skip
    return render(
        request, "opening/console.html", context, status=422 if form.is_bound and not form.is_valid() else 200
    )


urlpatterns = [
    path("open/dataset/<str:name>/chart/", chart, name="chart"),
    path("open/dataset/<str:name>/map/", map_page, name="map"),
    path("open/dataset/<str:name>/console/", console, name="console"),
]
