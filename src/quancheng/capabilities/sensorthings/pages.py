"""Pages: the open list of streams, and one stream with its latest day."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quancheng.capabilities.observations import queries as store
from quancheng.capabilities.sensorthings import queries
from quancheng.capabilities.sensorthings.forms import SensorFilterForm
from quancheng.capabilities.sensorthings.messages import ROOT
from quancheng.capabilities.sensorthings.models import Stream
from quancheng.core.sensorthings.times import moment
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import NotFound

DAY = 86_400_000_000
POINTS = 300


@require_safe
def sensors(request: HttpRequest) -> HttpResponse:
    """感知数据: all public streams with filters and their latest values."""
    actor = request.call().actor  # type: ignore[attr-defined]
    form = SensorFilterForm(request.GET, language=get_language() or "zh-hans")
    found = queries.search(actor, **form.wanted())
    page = pagination.page(found, ("id",), request.GET)
    latest = store.latest([one.pk for one in page.items]) if page.items else {}
    rows = [_row(one, latest.get(one.pk)) for one in page.items]
    context = {"form": form, "page": page, "rows": rows, "root": f"{ROOT}/"}
    return render(request, "sensorthings/sensors.html", context)


def _row(stream: Stream, newest: Any) -> dict[str, Any]:
    multi_or_single = "MultiDatastreams" if stream.multi else "Datastreams"
    unit = stream.unit.get("symbol", "") if isinstance(stream.unit, dict) else ""
    shown = newest is not None and isinstance(newest.result, int | float | str)
    return {
        "stream": stream,
        "simulated": bool((stream.properties or {}).get("simulated"))
        or bool((stream.thing.properties or {}).get("simulated")),
        "property": queries.label(stream.observed_property, get_language() or "zh-hans"),
        "value": newest.result if shown and newest is not None else None,
        "unit": unit,
        "time": moment(newest.time) if newest is not None else None,
        "api": f"{ROOT}/{multi_or_single}({stream.pk})",
    }


@require_safe
def sensor(request: HttpRequest, pk: int) -> HttpResponse:
    """一个数据流: what it measures, the latest day as a chart and as a table."""
    actor = request.call().actor  # type: ignore[attr-defined]
    row = queries.search(actor).filter(pk=pk).first()
    if row is None:
        raise NotFound(Text("没有这个数据流。", "There is no such stream."))
    extent = store.extent(pk)
    readings = _day(pk, extent.last) if extent else []
    newest = store.latest([pk]).get(pk)
    context = {**_row(row, newest), "island": _chart(row, readings), "readings": readings[::-1][:48]}
    return render(request, "sensorthings/sensor.html", context)


def _day(pk: int, until: int) -> list[dict[str, Any]]:
    """The last day of numeric readings, oldest first; times are aware."""
    rows = store.find(streams=[pk], since=until - DAY, until=until + 1, limit=20_000)
    kept = [one for one in rows if isinstance(one.result, int | float) and not isinstance(one.result, bool)]
    return [{"time": moment(one.time), "value": one.result} for one in kept[::-1]]


def _chart(row: Stream, readings: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not readings:
        return None
    from django.utils import timezone

    step = 1 + len(readings) // POINTS
    chosen = readings[::step]
    unit = row.unit.get("symbol", "") if isinstance(row.unit, dict) else ""
    return {
        "kind": "line",
        "x": [timezone.localtime(one["time"]).strftime("%m-%d %H:%M") for one in chosen],
        "series": [{"name": row.name, "data": [one["value"] for one in chosen]}],
        "unit": unit or _("无单位"),
    }


urlpatterns = [
    path("open/sensors/", sensors, name="sensors"),
    path("open/sensors/<int:pk>/", sensor, name="sensor"),
]
