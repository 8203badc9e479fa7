"""Reads of weather, restricted to what the asker may see."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound
from quancheng.scenarios.weather import areas, flow
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning


def warnings(
    actor: Actor, *, state: str = "", level: int | None = None, exercise: str | None = None, text: str = ""
) -> QuerySet[Warning]:
    """Warnings the actor may see; ``exercise`` None = all, "" = the real city."""
    found = access.visible(actor, Warning)
    if state:
        found = found.filter(state=state)
    if level:
        found = found.filter(level=level)
    if exercise is not None:
        found = found.filter(exercise=exercise)
    if text:
        found = found.filter(Q(number__icontains=text) | Q(headline__zh__icontains=text))
    return found


def warning(actor: Actor, number: str) -> Warning:
    """One warning. Raises NotFound."""
    found = access.visible(actor, Warning).filter(number=number).select_related("previous").first()
    if found is None:
        raise NotFound(Text(f"没有预警 {number}。", f"There is no warning {number}."))
    return found


def newest(exercise: str, event_type: str = "rainstorm") -> Warning | None:
    """The newest message of the running chain: a draft on top, else what is in force; for rules."""
    live = Warning.objects.filter(exercise=exercise, event_type=event_type, state__in=flow.LIVE)
    return live.order_by("-drafted_at", "-id").first()


def in_force(exercise: str = "") -> QuerySet[Warning]:
    """Warnings in force now; public by nature."""
    found = Warning.objects.filter(state=State.PUBLISHED, exercise=exercise)
    if not exercise:
        found = found.filter(expires__gt=clock.now())
    return found.order_by("level", "-published_at")


def published(exercise_only: bool = False) -> QuerySet[Warning]:
    """Everything ever published, newest first; actual or exercises."""
    found = Warning.objects.exclude(published_at=None).exclude(xml=None)
    found = found.exclude(exercise="") if exercise_only else found.filter(exercise="")
    return found.order_by("-published_at", "-id")


def areas_geojson(exercise: str = "") -> dict[str, Any]:
    """Districts under a warning with its level, as GeoJSON (the worst level wins)."""
    worst: dict[str, Warning] = {}
    for found in in_force(exercise):
        for code in found.districts:
            if code not in worst or found.level < worst[code].level:
                worst[code] = found
    features = [
        areas.feature(code, {"level": found.level, "headline": found.headline, "href": "/warnings/"})
        for code, found in sorted(worst.items())
    ]
    return {"type": "FeatureCollection", "features": features}
