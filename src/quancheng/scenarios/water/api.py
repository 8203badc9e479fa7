"""HTTP interface of the water scenario."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from quancheng.kernel import pagination
from quancheng.scenarios.water import queries

router = Router()


class FloodPointOut(Schema):
    """易涝点."""

    code: str
    zh: str
    en: str
    kind: str
    lon: float
    lat: float
    region: str
    department: str
    closes_at_cm: int
    simulated: bool


class FloodPointPage(Schema):
    """A page of flood points."""

    items: list[FloodPointOut]
    next: str | None
    previous: str | None


class PageParams(Schema):
    """Filters and cursor."""

    region: str = ""
    kind: str = ""
    q: str = ""
    cursor: str = ""
    size: str = ""


@router.get("flood-points", response=FloodPointPage, summary="易涝点 Places that flood")
def flood_points(request: HttpRequest, params: Query[PageParams]) -> Any:
    """List of places known to fill with water."""
    found = queries.flood_points(request.actor, region=params.region, kind=params.kind, text=params.q)  # type: ignore[attr-defined]
    page = pagination.page(found, ("code",), params.dict())
    return {"items": page.items, "next": page.next, "previous": page.previous}


@router.get("flood-points.geojson", summary="易涝点图层 Flood points as GeoJSON")
def flood_points_geojson(request: HttpRequest) -> dict[str, Any]:
    """All flood points as a FeatureCollection."""
    return queries.flood_points_geojson(request.actor)  # type: ignore[attr-defined]


@router.get("drills/{code}", summary="演练报告 Drill report")
def drill(request: HttpRequest, code: str) -> dict[str, Any]:
    """The report of one drill, as it was kept."""
    run = queries.drill_run(request.actor, code)  # type: ignore[attr-defined]
    return {
        "code": run.code,
        "seed": run.seed,
        "faults": run.faults,
        "passed": run.passed,
        "report": run.report,
    }
