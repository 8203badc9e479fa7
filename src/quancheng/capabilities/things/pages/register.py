"""The register: list and map, new devices, maintainers, bulk changes; and the public list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import actions, bridge, charts, desk_forms, forms, queries
from quancheng.capabilities.things.models import Datastream, Maintainer, Station, Status
from quancheng.capabilities.things.pages.common import blame, call_of, desk, language
from quancheng.capabilities.things.properties import MAIN
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """感知设备: all stations with filters, counts, map."""
    actor = desk(request)
    form = desk_forms.DeviceFilterForm(request.GET, language=language())
    wanted = form.wanted()
    found = queries.stations(actor, **wanted)
    page = pagination.page(found, ("code",), request.GET)
    narrowed = {name: value for name, value in wanted.items() if name != "status"}
    may = access.allowed(actor, "register", Station)
    context = {
        "form": form,
        "page": page,
        "rows": station_rows(actor, page.items),
        "counts": _counts(queries.counts(actor, queries.stations(actor, **narrowed))),
        "island": charts.station_map(wanted.get("kind", ""), "url"),
        "may_register": may,
        "bulk": desk_forms.BulkForm(choices=form.maintainers[1:]) if may else None,
        "key": new_key(),
    }
    return render(request, "things/register.html", context)


def _counts(numbers: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"status": status, "label": Status(status).label, "number": number}
        for status, number in numbers.items()
    ]


def station_rows(actor: Actor, stations: list[Station]) -> list[dict[str, Any]]:
    """List rows: the station, its district and the newest value of what it is for."""
    values: dict[tuple[str, str], Any] = {
        (row.code, row.prop): row for row in queries.latest(actor, codes=[one.code for one in stations])
    }
    values |= _elsewhere(
        [one for one in stations if (one.code, MAIN[one.kind]) not in values and MAIN[one.kind]]
    )
    return [
        {
            "station": one,
            "district": people.region_name(one.region[:6]),
            "latest": values.get((one.code, MAIN[one.kind])),
        }
        for one in stations
    ]


def _elsewhere(stations: list[Station]) -> dict[tuple[str, str], Any]:
    """Newest values of devices that speak past the SL 651 gateway: the observation store knows them."""
    if not stations:
        return {}
    rows = Datastream.objects.filter(station__in=stations).exclude(number=None)
    by_number = {
        number: (code, prop, unit)
        for number, code, prop, unit in rows.values_list("number", "station__code", "prop", "unit")
    }
    return {
        by_number[number][:2]: {
            "prop": by_number[number][1],
            "value": value,
            "unit": by_number[number][2],
            "time": at,
        }
        for number, (at, value) in bridge.newest_values(list(by_number)).items()
    }


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """登记站点."""
    actor = desk(request)
    access.require(actor, "register", Station)
    form = forms.RegisterForm(request.POST or None, language=language())
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                facts = dict(form.cleaned_data)
                facts["maintainer"] = Maintainer.objects.filter(code=facts["maintainer"] or "").first()
                made = actions.register_station(call_of(request), **facts)
                messages.success(request, _("站点已登记。收到第一份报文后转为在线。"))
                return redirect(made.get_absolute_url())
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    return render(request, "things/new.html", {"form": form, "key": new_key()}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def maintainers(request: HttpRequest) -> HttpResponse:
    """运维单位: who keeps devices working, and a new one."""
    actor = desk(request)
    may = access.allowed(actor, "manage", Maintainer)
    form = desk_forms.MaintainerForm(request.POST or None)
    status = 200
    if request.method == "POST":
        access.require(actor, "manage", Maintainer)
        try:
            if form.is_valid():
                actions.register_maintainer(call_of(request), **form.cleaned_data)
                messages.success(request, _("运维单位已登记。"))
                return redirect(request.path)
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    page = pagination.page(queries.maintainers(actor), ("code",), request.GET)
    context = {"page": page, "form": form if may else None, "key": new_key()}
    return render(request, "things/maintainers.html", context, status=status)


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """批量变更运维单位: of the devices ticked in the list."""
    desk(request)
    form = desk_forms.BulkForm(request.POST, choices=desk_forms.maintainer_choices(language()))
    codes = request.POST.getlist("code")
    if not codes or not form.is_valid():
        messages.error(request, _("请勾选设备并选择运维单位。"))
        return redirect(_back(request))
    number = actions.set_maintainer(call_of(request), codes=codes, maintainer=form.cleaned_data["maintainer"])
    messages.success(
        request,
        ngettext("已变更%(number)d台设备的运维单位。", "已变更%(number)d台设备的运维单位。", number)
        % {"number": number},
    )
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The list as it was filtered; never another host."""
    there = request.POST.get("back", "")
    return there if there.startswith("/work/things/") and "\\" not in there else "/work/things/"


@require_safe
def open_stations(request: HttpRequest) -> HttpResponse:
    """监测站点(开放): public list with newest values and the API."""
    form = forms.StationFilterForm(request.GET, language=language())
    del form.fields["status"]
    found = queries.stations(Actor.anonymous(), **form.wanted())
    page = pagination.page(found, ("code",), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": station_rows(call_of(request).actor, page.items),
        "island": charts.station_map(form.wanted().get("kind", ""), ""),
        "window": timedelta(hours=48),
    }
    return render(request, "things/open.html", context)
