"""Pages: places that flood (desk), reports of drills (command)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language

from quancheng.capabilities.people import queries as people
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import NotSignedIn
from quancheng.scenarios.water import queries
from quancheng.scenarios.water.forms import FloodPointFilter
from quancheng.scenarios.water.models import DrillRun
from quancheng.scenarios.water.words import KINDS

MAP_LAYER = {
    "id": "flood-points",
    "label": {"zh": "易涝点", "en": "Flood points"},
    "kind": "circle",
    "url": "/api/v1/water/flood-points.geojson",
    "color": "warn",
    "radius": 6,
    "title": "zh",
    "fields": [{"key": "closes_at_cm", "label": "cm"}],
}


def _map() -> dict[str, Any]:
    """The map of the list, names in the reader's language."""
    title = "en" if (get_language() or "").startswith("en") else "zh"
    return {"base": True, "layers": [{**MAP_LAYER, "title": title}]}


def flood_points(request: HttpRequest) -> HttpResponse:
    """易涝点清单: filter, map, pages."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    form = FloodPointFilter(request.GET or None)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = queries.flood_points(
        actor, region=chosen.get("region", ""), kind=chosen.get("kind", ""), text=chosen.get("q", "")
    )
    page = pagination.page(found, ("code",), request.GET)
    rows = [
        (point, people.region_name(point.region, full=True), KINDS.get(point.kind, point.kind))
        for point in page
    ]
    context = {"form": form, "page": page, "rows": rows, "map": _map()}
    return render(request, "water/flood_points.html", context)


def drills(request: HttpRequest) -> HttpResponse:
    """演练报告清单."""
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "view", DrillRun)
    page = pagination.page(queries.drill_runs(actor), ("-recorded_at", "-id"), request.GET)
    return render(request, "water/drills.html", {"page": page})


def drill(request: HttpRequest, code: str) -> HttpResponse:
    """One drill's report, printable."""
    run = queries.drill_run(request.actor, code)  # type: ignore[attr-defined]
    return render(request, "water/drill.html", {"run": run, "report": run.report})


urlpatterns = [
    path("work/water/", flood_points, name="flood_points"),
    path("screen/water/drills/", drills, name="drills"),
    path("screen/water/drills/<str:code>/", drill, name="drill"),
]
