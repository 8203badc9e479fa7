"""随手拍: a citizen reports what is wrong in the street."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.command import actions, queries
from quancheng.capabilities.command.forms import ReportForm
from quancheng.capabilities.command.pages.common import SHOWN, asker, sentence
from quancheng.capabilities.command.places import district_point
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound
from quancheng.kernel.middleware import new_key

ANYBODY: frozenset[str] = frozenset()


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """上报."""
    actor = asker(request, ANYBODY)
    form = ReportForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        if form.is_valid() and (pk := _send(request, form)) is not None:
            return redirect("command:reported", pk=pk)
        status = 422
    context = {"form": form, "key": new_key(), "mine": queries.my_reports(actor)[:10]}
    return render(request, "command/report.html", context, status=status)


def _send(request: HttpRequest, form: ReportForm) -> int | None:
    data = form.cleaned_data
    call = request.call()  # type: ignore[attr-defined]
    name = queries.incident_types()[data["type"]]
    located = None not in (data["lon"], data["lat"])
    lon, lat = (data["lon"], data["lat"]) if located else district_point(data["region"])
    source = f"{call.actor.user_id}:{call.key or clock.now().isoformat()}"
    try:
        actions.report_incident(
            call,
            type=data["type"],
            level=4,
            lon=lon,
            lat=lat,
            region=data["region"],
            place=data["place"],
            title=Text(f"{data['place'][:80]}{name.zh}", f"{name.en}: {data['place'][:80]}"),
            text=data["text"],
            occurred_at=clock.now(),
            source_kind="person",
            source_ref=source,
            photo=data["photo"],
            located=located,
        )
    except SHOWN as refused:
        form.add_error(None, sentence(refused))
        return None
    row = queries.my_reports(call.actor).filter(source_ref=source).first()
    return row.pk if row else None


@require_safe
def reported(request: HttpRequest, pk: int) -> HttpResponse:
    """已收到: number and where it stands."""
    row: Any = queries.my_reports(asker(request, ANYBODY)).filter(pk=pk).first()
    if row is None:
        raise NotFound()
    return render(request, "command/reported.html", {"row": row})


urlpatterns = [
    path("report/", report, name="report"),
    path("report/<int:pk>/", reported, name="reported"),
]
