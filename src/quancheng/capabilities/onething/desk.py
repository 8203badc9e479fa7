"""Pages of the desk: every one-thing and where it hangs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from quancheng.capabilities.onething import queries
from quancheng.capabilities.onething.citizen import card
from quancheng.capabilities.onething.forms import DeskFilter
from quancheng.capabilities.onething.models import Bundle
from quancheng.capabilities.onething.values import ItemState
from quancheng.capabilities.people import queries as people


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """一件事列表."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.desk(actor, request.GET)
    themes = queries.themes(actor, {"size": "100"}).items
    return render(
        request,
        "onething/desk.html",
        {
            "page": page, "rows": [_row(one) for one in page.items], "counts": queries.counts(actor),
            "filter": DeskFilter(request.GET or None, themes=themes),
        },
    )  # fmt: skip


def _row(found: Bundle) -> dict[str, Any]:
    items = list(found.items.all())
    hanging = [one for one in items if not one.progress.over and one.progress is not ItemState.WAITING]
    return {
        "bundle": found, "done": sum(one.progress is ItemState.DONE for one in items), "all": len(items),
        "hanging": [(one, one.case.department.text if one.case else None) for one in hanging],
    }  # fmt: skip


@require_GET
def bundle(request: HttpRequest, receipt: str) -> HttpResponse:
    """一件事 as its managers see it."""
    found = queries.desk_bundle(request.actor, receipt)  # type: ignore[attr-defined]
    steps = [{"number": one.number, "rows": [card(row) for row in one.rows]} for one in queries.steps(found)]
    consents = [(one, people.department(one.department).text) for one in found.consents.order_by("at")]
    return render(
        request, "onething/desk_bundle.html", {"bundle": found, "steps": steps, "consents": consents}
    )
