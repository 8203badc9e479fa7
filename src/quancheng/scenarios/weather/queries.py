"""Reads of weather, restricted to what the asker may see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from quancheng.core.text import Text
from quancheng.kernel import access, clock, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.scenarios.weather import areas, flow, wording
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning, WarningEvent

LONGEST = 60


def warnings(
    actor: Actor, *, state: str = "", level: int | None = None, exercise: str | None = None, text: str = ""
) -> QuerySet[Warning]:
    """Warnings the actor may see; ``exercise`` None = all, "" = the real city, "*" = any drill."""
    found = access.visible(actor, Warning)
    if state == "live":
        found = found.filter(state__in=flow.LIVE)
    elif state:
        found = found.filter(state=_choice(state, tuple(State)))
    if level is not None:
        found = found.filter(level=_choice(level, tuple(flow.COLOURS)))
    if exercise == "*":
        found = found.exclude(exercise="")
    elif exercise is not None:
        found = found.filter(exercise=plain(exercise))
    if text := plain(text.strip()):
        words = Q(headline__zh__icontains=text) | Q(headline__en__icontains=text)
        found = found.filter(Q(number__icontains=text) | words)
    return found


def warning(actor: Actor, number: str) -> Warning:
    """One warning. Raises NotFound."""
    rows = access.visible(actor, Warning).select_related("previous")
    found = None if "\x00" in number else rows.filter(number=number[: LONGEST + 1]).first()
    if found is None:
        raise NotFound(Text(f"没有预警 {number[:LONGEST]}。", f"There is no warning {number[:LONGEST]}."))
    return found


def waiting(actor: Actor, *, exercise: str | None = None) -> QuerySet[Warning]:
    """What waits for the asker: drafts to submit, submitted ones to approve; the worst first."""
    mine = [
        state
        for state, verb in ((State.DRAFT, "draft"), (State.SUBMITTED, "approve"))
        if access.allowed(actor, verb, Warning)
    ]
    found = access.visible(actor, Warning).filter(state__in=mine)
    if exercise is not None:
        found = found.filter(exercise=exercise)
    return found.order_by("exercise", "level", "-changed_at", "-id")


def log_of(actor: Actor, warning: Warning) -> QuerySet[WarningEvent]:
    """The log of a visible warning, newest first."""
    return access.visible(actor, WarningEvent).filter(warning=warning).order_by("-at", "-id")


def newest(exercise: str, at: datetime, event_type: str = "rainstorm") -> Warning | None:
    """The newest message of the running chain: a draft on top, else what is in force; for rules.

    A draft nobody touched for as long as a warning lasts belongs to an earlier storm.
    """
    fresh = at - timedelta(hours=float(rulebook.find("weather.validity_hours").number()))
    runs = Q(state=State.PUBLISHED, expires__gt=at) | Q(state__in=flow.UNPUBLISHED, changed_at__gt=fresh)
    live = Warning.objects.filter(runs, exercise=exercise, event_type=event_type)
    return live.select_related("previous").order_by("-drafted_at", "-id").first()


def in_force(exercise: str = "") -> QuerySet[Warning]:
    """Warnings in force now, the worst first; public by nature."""
    found = Warning.objects.filter(state=State.PUBLISHED, exercise=exercise)
    if not exercise:
        found = found.filter(expires__gt=clock.now())
    return found.order_by("level", "-published_at", "-id").defer("xml")


def live(exercise: str) -> QuerySet[Warning]:
    """Drafts, submitted ones and those in force, of the real city or one drill; for rules and drills."""
    found = Warning.objects.filter(state__in=flow.LIVE, exercise=exercise).defer("xml")
    return found.order_by("drafted_at", "id")


def published(exercise_only: bool = False) -> QuerySet[Warning]:
    """Everything ever published, newest first; actual or exercises."""
    found = Warning.objects.exclude(published_at=None).exclude(xml=None)
    found = found.exclude(exercise="") if exercise_only else found.filter(exercise="")
    return found.order_by("-published_at", "-id")


def areas_geojson(exercise: str = "") -> dict[str, Any]:
    """Districts under a warning with its level, as GeoJSON (the worst level wins)."""
    worst: dict[str, Warning] = {}
    for found in in_force(plain(exercise)):
        for code in found.districts:
            worst.setdefault(code, found)  # in_force gives the worst first
    return _collection(worst, lambda found: found.path if exercise else "/warnings/")


def warning_geojson(warning: Warning) -> dict[str, Any]:
    """The districts of one visible warning, whatever its state."""
    return _collection(dict.fromkeys(warning.districts, warning), lambda found: found.path)


def _collection(by_code: dict[str, Warning], address: Any) -> dict[str, Any]:
    language = get_language() or "zh-hans"
    features = [
        areas.feature(
            code,
            {
                "level": found.level,
                "name": areas.name(code).pick(language),
                "title": f"{areas.name(code).pick(language)} · {Text.of(found.headline).pick(language)}",
                "colour": wording.colour_name(found.level).pick(language),
                "href": address(found),
            },
        )
        for code, found in sorted(by_code.items())
        if areas.known(code)
    ]
    return {"type": "FeatureCollection", "features": features}


def plain(text: str) -> str:
    """A parameter as typed: no NUL (PostgreSQL refuses it), not endless. Raises InvalidInput."""
    if "\x00" in text or len(text) > LONGEST:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def _choice(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise InvalidInput(Text("筛选条件不在可选范围内。", "The filter is not one of the choices."))
    return value
