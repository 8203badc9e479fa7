"""Citizen face: warnings in plain words. Open face: feeds, signatures, the key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.scenarios.weather import areas, queries, signing, wording
from quancheng.scenarios.weather.models import Warning


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    """现在的预警: colour, what happens, what to do; below, earlier ones."""
    actor = request.actor  # type: ignore[attr-defined]
    real = access.visible(actor, Warning).filter(exercise="", published_at__isnull=False)
    page = pagination.page(real.defer("xml"), ("-published_at", "-id"), request.GET, size=10)
    now = [in_words(row) for row in queries.in_force()]
    return render(request, "weather/citizen.html", {"now": now, "page": page, "at": clock.now()})


def in_words(row: Warning) -> dict[str, Any]:
    """A warning as a citizen reads it."""
    names = [areas.name(code) for code in row.districts]
    return {
        "row": row,
        "colour": wording.colour_name(row.level),
        "impact": wording.impact(row.level),
        "areas": Text("、".join(each.zh for each in names), ", ".join(each.en for each in names)),
        "steps": _sentences(Text.of(row.instruction)),
    }


def _sentences(told: Text) -> list[Text]:
    """The guidance as a list, one line for each thing to do (when both languages divide alike)."""
    zh = [part.strip("。 ") for part in told.zh.replace("。", ";").split(";") if part.strip("。 ")]
    en = [part.strip(". ") for part in told.en.split(". ") if part.strip(". ")]
    if len(zh) == len(en):
        return [Text(*pair) for pair in zip(zh, en, strict=True)]
    return [told]


@require_safe
def feeds(request: HttpRequest) -> HttpResponse:
    """预警订阅源: how to subscribe and how to check a signature."""
    newest = queries.published().defer("xml").first()
    context = {
        "base": settings.PUBLIC_URL,
        "newest": newest,
        "key": signing.public_pem().decode(),
        "count": queries.published().count(),
    }
    return render(request, "weather/feeds.html", context)


urlpatterns = [
    path("warnings/", current, name="current"),
    path("open/feeds/", feeds, name="feeds"),
]
