"""Reads of the water scenario, restricted to what the asker may see."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound
from quancheng.scenarios.water.models import DrillRun, FloodPoint


def flood_points(actor: Actor, *, region: str = "", kind: str = "", text: str = "") -> QuerySet[FloodPoint]:
    """易涝点 the actor may see, narrowed by district, kind and words."""
    found = access.visible(actor, FloodPoint)
    if region:
        found = found.filter(region__startswith=region)
    if kind:
        found = found.filter(kind=kind)
    if text:
        found = found.filter(Q(zh__icontains=text) | Q(en__icontains=text) | Q(code__icontains=text))
    return found


def flood_points_geojson(actor: Actor) -> dict[str, Any]:
    """All visible flood points as a GeoJSON FeatureCollection."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": point.pk,
                "geometry": {"type": "Point", "coordinates": [point.lon, point.lat]},
                "properties": {
                    "code": point.code,
                    "zh": point.zh,
                    "en": point.en,
                    "kind": point.kind,
                    "region": point.region,
                    "closes_at_cm": point.closes_at_cm,
                    "simulated": point.simulated,
                },
            }
            for point in flood_points(actor)
        ],
    }


def drill_runs(actor: Actor) -> QuerySet[DrillRun]:
    """演练记录 the actor may see."""
    return access.visible(actor, DrillRun)


def drill_run(actor: Actor, code: str) -> DrillRun:
    """One drill's record. Raises NotFound."""
    found = drill_runs(actor).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有演练记录 {code}。", f"There is no drill record {code}."))
    return found
