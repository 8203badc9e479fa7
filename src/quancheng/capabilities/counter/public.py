"""Public pages: the halls of four levels and what can be done where."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from quancheng.capabilities.counter import queries
from quancheng.capabilities.counter.forms import HallFilter
from quancheng.capabilities.counter.models import Hall
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import queries as services
from quancheng.core.text import Text
from quancheng.kernel import pagination

RECEIVING = frozenset({Hall.Level.CITY, Hall.Level.DISTRICT})
"""Levels whose counters receive every matter of every district (全市通办)."""
_ANYWHERE = Text("受理，交由您所在地的部门办理", "Received here, decided by the office of your district")
_HELP = Text("帮办代办、咨询引导", "Help and advice")


@require_GET
def halls(request: HttpRequest) -> HttpResponse:
    """四级大厅: list, filter, map with its table."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.halls(actor, request.GET)
    page = pagination.page(found, queries.HALLS, request.GET)
    config = {
        "base": True, "center": [117.05, 36.65], "zoom": 9, "bounds": [116.2, 36.0, 117.9, 37.4],
        "layers": [
            {
                "id": "halls", "label": Text("政务服务大厅", "Government halls"), "kind": "circle",
                "url": "/api/v1/counter/halls.geojson", "color": "primary", "radius": 6, "title": "name",
                "fields": [{"key": "address", "label": Text("地址", "Address")}], "href": "href",
            }
        ],
    }  # fmt: skip
    return render(
        request,
        "counter/halls.html",
        {"page": page, "rows": page.items, "filter": HallFilter(request.GET), "map": config},
    )


@require_GET
def hall(request: HttpRequest, code: str) -> HttpResponse:
    """一个大厅, and what can be done there."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.hall(actor, code)
    rows = [{"matter": one, "service": service_of(one, found)} for one in services.desk_matters(actor)]
    region = people.region_name(found.region_code, full=True)
    return render(request, "counter/hall.html", {"hall": found, "rows": rows, "region": region})


def service_of(matter: Any, found: Hall) -> Text:
    """What a hall does for a matter: what the matter says of its level, else received for any office."""
    spec = matter.current.spec if matter.current else None
    said = next((one for one in spec.halls if one.level == found.level), None) if spec else None
    if said is not None:
        return said.text  # type: ignore[no-any-return]
    return _ANYWHERE if found.level in RECEIVING else _HELP
