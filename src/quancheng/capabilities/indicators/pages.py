"""Pages of indicators: a screen at a glance, the list and one indicator."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.indicators import computing, queries
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import access
from quancheng.kernel.actor import Actor


def _groups(actor: Actor, cards: list[queries.Card]) -> list[dict[str, Any]]:
    """Cards by module, in module order."""
    groups: dict[str, dict[str, Any]] = {}
    for one in cards:
        group = groups.setdefault(one.definition.module, {"text": one.definition.module_text, "cards": []})
        group["cards"].append(
            {
                "card": one,
                "spark": spark([row.value for row in one.history]),
                "evidence": queries.evidence(actor, one),
            }
        )
    return list(groups.values())


def spark(values: list[float | None], width: int = 120, height: int = 32) -> str:
    """Points of an SVG line over the values; empty below two."""
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    span, last = (high - low) or 1.0, known[-1][0] - known[0][0]
    return " ".join(
        f"{(at - known[0][0]) / last * width:.1f},{height - 2 - (value - low) / span * (height - 4):.1f}"
        for at, value in known
    )


@require_safe
def screen(request: HttpRequest) -> HttpResponse:
    """指标大屏."""
    actor = request.call().actor  # type: ignore[attr-defined]
    groups = _groups(actor, queries.cards(actor))
    return render(request, "indicators/screen.html", {"groups": groups})


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """指标清单; managers may compute now."""
    call = request.call()  # type: ignore[attr-defined]
    queries.check(call.actor)
    if request.method == "POST":
        done = computing.compute(call)
        messages.success(request, _("已计算%(number)s项指标。") % {"number": done["computed"]})
        return redirect(request.path)
    context = {
        "groups": _groups(call.actor, queries.cards(call.actor)),
        "may_compute": access.allowed(call.actor, "compute", Snapshot),
    }
    return render(request, "indicators/list.html", context)


@require_safe
def detail(request: HttpRequest, ident: str) -> HttpResponse:
    """一项指标."""
    actor = request.call().actor  # type: ignore[attr-defined]
    found = queries.card(actor, ident)
    rows = [one for one in found.history if one.value is not None]
    chart = None
    if len(rows) > 1:
        target = found.definition.target
        chart = {
            "kind": "line", "x": [one.day.isoformat() for one in rows], "unit": found.definition.unit_text,
            "series": [{"name": found.definition.text, "data": [one.value for one in rows]}],
            "marks": [{"value": target, "label": _("目标")}] if target is not None else [],
        }  # fmt: skip
    context = {
        "card": found,
        "one": found.definition,
        "evidence": queries.evidence(actor, found),
        "chart": chart,
        "history": found.history[::-1],
    }
    return render(request, "indicators/detail.html", context)


urlpatterns = [
    path("screen/indicators/", screen, name="screen"),
    path("work/indicators/", listing, name="list"),
    path("work/indicators/<str:ident>/", detail, name="detail"),
]
