"""Repair orders: the list, one order made for a phone on site, a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import actions, charts, desk_forms, queries
from quancheng.capabilities.things.actions.orders import MOVES
from quancheng.capabilities.things.models import RepairOrder, RepairStep, Status
from quancheng.capabilities.things.pages.common import ORDERS, blame, call_of, desk, language
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.middleware import new_key

_S = RepairOrder.State


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """维修工单: most urgent first; a maintainer sees their own."""
    actor = desk(request, ORDERS)
    form = desk_forms.OrderFilterForm(request.GET, language=language())
    wanted = form.wanted() if request.GET else {"state": "open"}
    page = pagination.page(queries.orders(actor, **wanted), ("due_at", "id"), request.GET)
    now = clock.now()
    context = {"form": form, "page": page, "now": now, "late": queries.orders(actor, late="yes").count()}
    return render(request, "things/orders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, number: str) -> HttpResponse:
    """一张工单: made for a phone on site: where, what, one big button for the next step."""
    actor = desk(request, ORDERS)
    found = queries.order(actor, number)
    form = desk_forms.StepForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                _act(request, number, form.cleaned_data)
                messages.success(request, _("工单已更新。"))
                return redirect(found.get_absolute_url())
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    return render(request, "things/order.html", _shown(actor, found, form), status=status)


def _act(request: HttpRequest, number: str, facts: dict[str, Any]) -> None:
    what, call = request.POST.get("what", ""), call_of(request)
    if what in {"pass", "return"}:
        actions.verify_order(call, number=number, passed=what == "pass", note=facts["note"])
    else:
        actions.move_order(call, number=number, state=what, note=facts["note"], photo=facts["photo"])


def _shown(actor: Actor, found: RepairOrder, form: desk_forms.StepForm) -> dict[str, Any]:
    work = access.allowed(actor, "work", found) and found.state != _S.REPAIRED
    steps = access.visible(actor, RepairStep).filter(order=found).order_by("at", "id")
    allowed = MOVES.get(found.state, frozenset())
    return {
        "order": found,
        "station": found.station,
        "district": people.region_name(found.station.region[:6]),
        "map": charts.place_map(found.station),
        "steps": [
            {"when": one.at, "title": one.get_state_display(), "text": one.note, "who": one.by}
            for one in steps
        ],
        "moves": [(state, word) for state, word in _words() if work and state in allowed],
        "may_verify": found.state == _S.REPAIRED and access.allowed(actor, "verify", found),
        "late": found.ended_at is None and found.due_at < clock.now(),
        "form": form,
        "key": new_key(),
    }


def _words() -> list[tuple[str, str]]:
    return [
        (_S.ACCEPTED.value, _("接单")),
        (_S.ON_SITE.value, _("已到场")),
        (_S.REPAIRED.value, _("已修复")),
        (_S.REFUSED.value, _("退单")),
    ]


@require_safe
def photo(request: HttpRequest, number: str) -> HttpResponseBase:
    """现场照片."""
    found = queries.order(desk(request, ORDERS), number)
    if not found.photo:
        raise NotFound(Text("没有照片。", "There is no photo."))
    kind = "image/png" if str(found.photo.name).endswith(".png") else "image/jpeg"
    answer = FileResponse(found.photo.open("rb"), content_type=kind)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """派修: for a device, from its silence, fault or an alarm."""
    actor = desk(request)
    found = queries.station(actor, code)
    access.require(actor, "manage", found)
    alarm = request.GET.get("alarm", "")
    cause = "alarm" if alarm.isdigit() else "faulty" if found.status == Status.FAULTY else "silent"
    first = {"cause": cause, "maintainer": found.maintainer.code if found.maintainer else ""}
    form = desk_forms.OrderForm(request.POST or None, initial=first, language=language())
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                pk = int(alarm) if alarm.isdigit() and len(alarm) < 19 else None
                made = actions.order_repair(call_of(request), station=code, alarm=pk, **form.cleaned_data)
                messages.success(request, _("工单%(number)s已派出。") % {"number": made.number})
                return redirect(made.get_absolute_url())
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    context = {
        "form": form,
        "station": found,
        "key": new_key(),
        "nobody": not desk_forms.maintainer_choices(language()),
    }
    return render(request, "things/repair.html", context, status=status)
