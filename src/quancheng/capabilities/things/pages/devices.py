"""A device: where it is, who keeps it, what it measures, what was done to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import actions, bridge, charts, desk_forms, forms, queries
from quancheng.capabilities.things.actions.editing import EDITABLE
from quancheng.capabilities.things.actions.upkeep import INGEST
from quancheng.capabilities.things.facts import PROTOCOLS
from quancheng.capabilities.things.models import OPEN, Calibration, RepairOrder, Station, Status
from quancheng.capabilities.things.pages.common import blame, call_of, desk, language, owner
from quancheng.capabilities.things.properties import MAIN
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key

SPANS = (6, 24, 48, 168, 720, 8760)


@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, code: str) -> HttpResponse:
    """一台设备: where it is, what it measures, what was refused; its state can be changed."""
    actor = desk(request)
    found = queries.station(actor, code)
    form = forms.StatusForm(request.POST or None, initial={"status": found.status})
    if request.method == "POST":
        if form.is_valid():
            call, facts = call_of(request), form.cleaned_data
            if facts["status"] == Status.RETIRED:
                actions.retire(call, code=code, note=facts["note"])
            else:
                actions.update_status(call, code=code, **facts)
            messages.success(request, _("状态已变更。"))
            return redirect(found.get_absolute_url())
        return render(request, "things/station.html", _device(request, actor, found, form), status=422)
    return render(request, "things/station.html", _device(request, actor, found, form))


def _device(request: HttpRequest, actor: Actor, found: Station, form: Any) -> dict[str, Any]:
    exercise = request.GET.get("exercise", "")[:40]
    hours = int(request.GET["hours"]) if request.GET.get("hours") in {str(one) for one in SPANS} else 24
    streams = stream_rows(found, exercise)
    known = [row["stream"].prop for row in streams]
    prop = request.GET.get("property", "")
    prop = prop if prop in known else MAIN[found.kind] if MAIN[found.kind] in known else next(iter(known), "")
    stream = next((row["stream"] for row in streams if row["stream"].prop == prop), None)
    drawn = charts.draw(actor, found, stream, hours=hours, exercise=exercise) if stream else charts.NOTHING
    letters = queries.dead_letters(actor, address=found.address or "-", exercise=exercise)
    manage = found.status != Status.RETIRED and access.allowed(actor, "manage", found)
    return {
        "station": found,
        "district": people.region_name(found.region[:6]),
        "owner": owner(found.department),
        "protocol": PROTOCOLS.get(found.protocol, found.protocol),
        "streams": streams,
        "property": prop,
        "stream": stream,
        "hours": hours,
        "spans": _spans(),
        "exercise": exercise,
        "chart": drawn.chart,
        "hourly": drawn.hourly,
        "points": drawn.table,
        "map": charts.place_map(found),
        "alarms": list(
            queries.alarms(actor, station=found.code, exercise=exercise).order_by("-raised_at", "-id")[:10]
        ),
        "letters": list(letters.order_by("-received_at", "-id")[:10]),
        "orders": list(queries.orders(actor, station=found.code).order_by("-created_at", "-id")[:10]),
        "open_order": RepairOrder.objects.filter(station=found, state__in=OPEN).exists(),
        "calibrations": list(
            access.visible(actor, Calibration).filter(station=found).order_by("-on", "-id")[:10]
        ),
        "calibration_late": bool(found.calibration_due and found.calibration_due <= clock.today()),
        "history": _timeline(actor, found),
        "mounted": list(found.mounted.order_by("code")[:50]),
        "form": form,
        "may_manage": manage,
        "may_connect": manage and found.protocol in INGEST,
        "key": new_key(),
    }


def _spans() -> list[tuple[int, str]]:
    named = {168: _("近7天"), 720: _("近30天"), 8760: _("近一年")}
    return [(span, named.get(span) or _("近%(span)s小时") % {"span": span}) for span in SPANS]


def stream_rows(found: Station, exercise: str) -> list[dict[str, Any]]:
    """Each stream with its newest value, wherever that is kept, and since when it is silent."""
    rows: list[dict[str, Any]] = [
        {
            "stream": stream,
            "time": newest.time,
            "value": newest.value,
            "quality": newest.get_quality_display(),
        }
        if newest
        else {"stream": stream, "time": None}
        for stream, newest in queries.streams(found, exercise=exercise)
    ]
    asked = [row["stream"].number for row in rows if row["time"] is None and row["stream"].number]
    if asked and not exercise:
        values = bridge.newest_values(asked)
        for row in rows:
            if row["time"] is None and row["stream"].number in values:
                at, value = values[row["stream"].number]
                row |= {"time": at, "value": value, "quality": _("正常")}
    return rows


def _timeline(actor: Actor, found: Station) -> list[dict[str, Any]]:
    return [
        {
            "when": one.at,
            "title": one.get_what_display(),
            "text": one.note if one.what != "edited" else "",
            "who": one.by,
        }
        for one in queries.history(actor, found)[:30]
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """修改设备."""
    actor = desk(request)
    found = queries.station(actor, code)
    access.require(actor, "manage", found)
    now = {name: getattr(found, name) for name in EDITABLE}
    now |= {"region": found.region[:6], "maintainer": found.maintainer.code if found.maintainer else ""}
    form = forms.RegisterForm(request.POST or None, initial=now, language=language())
    del form.fields["code"]
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                facts = dict(form.cleaned_data)
                firm = facts.pop("maintainer")
                call = call_of(request)
                actions.edit_device(call, code=code, facts=facts)
                if firm != now["maintainer"]:
                    actions.set_maintainer(call, codes=[code], maintainer=firm)
                messages.success(request, _("设备信息已修改。"))
                return redirect(found.get_absolute_url())
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    return render(
        request, "things/edit.html", {"form": form, "station": found, "key": new_key()}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
def calibrate(request: HttpRequest, code: str) -> HttpResponse:
    """检定记录."""
    actor = desk(request)
    found = queries.station(actor, code)
    access.require(actor, "manage", found)
    form = desk_forms.CalibrationForm(request.POST or None, initial={"on": clock.today()})
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                actions.calibrate(call_of(request), code=code, **form.cleaned_data)
                messages.success(request, _("检定记录已保存。"))
                return redirect(found.get_absolute_url())
        except InvalidInput as refused:
            blame(form, refused)
        status = 422
    return render(
        request, "things/calibrate.html", {"form": form, "station": found, "key": new_key()}, status=status
    )


@require_POST
def connect(request: HttpRequest, code: str) -> HttpResponse:
    """发放接入凭据: the secret is on this page and nowhere else, ever."""
    actor = desk(request)
    found = queries.station(actor, code)
    access.require(actor, "manage", found)
    secret = actions.connect_device(call_of(request), code=code)
    answer = render(request, "things/secret.html", {"station": found, "secret": secret})
    answer["Cache-Control"] = "no-store"
    return answer
