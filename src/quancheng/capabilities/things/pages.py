"""Pages of things: the register, a station, alarms, refused frames; and the public list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import actions, charts, forms, judging, queries, rules
from quancheng.capabilities.things.models import Alarm, DeadLetter, Station, Status
from quancheng.capabilities.things.properties import MAIN
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from quancheng.kernel.middleware import new_key

SPANS = {"6": 6, "24": 24, "48": 48, "168": 168}


def _language() -> str:
    return get_language() or "zh-hans"


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & {"things.operator", "things.viewer"}:
        raise Forbidden()
    return actor


# -- register ---------------------------------------------------------------------------------
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """感知设备: all stations with filters, counts, map."""
    actor = _desk(request)
    form = forms.StationFilterForm(request.GET, language=_language())
    wanted = form.wanted()
    found = queries.stations(actor, **wanted)
    page = pagination.page(found, ("code",), request.GET)
    narrowed = {name: value for name, value in wanted.items() if name != "status"}
    context = {
        "form": form,
        "page": page,
        "rows": station_rows(actor, page.items),
        "counts": _counts(queries.counts(actor, queries.stations(actor, **narrowed))),
        "island": charts.station_map(wanted.get("kind", ""), "url"),
        "may_register": access.allowed(actor, "register", Station),
    }
    return render(request, "things/register.html", context)


def _counts(numbers: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"status": status, "label": Status(status).label, "number": number}
        for status, number in numbers.items()
    ]


def station_rows(actor: Actor, stations: list[Station]) -> list[dict[str, Any]]:
    """List rows: the station, its district and the newest value of what it is for."""
    values = {
        (row.code, row.prop): row for row in queries.latest(actor, codes=[one.code for one in stations])
    }
    return [
        {
            "station": one,
            "district": people.region_name(one.region[:6]),
            "latest": values.get((one.code, MAIN[one.kind])),
        }
        for one in stations
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """登记站点."""
    actor = _desk(request)
    access.require(actor, "register", Station)
    form = forms.RegisterForm(request.POST or None, language=_language())
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                made = actions.register_station(request.call(), **form.cleaned_data)  # type: ignore[attr-defined]
                messages.success(request, _("站点已登记。收到第一份报文后转为在线。"))
                return redirect(made.get_absolute_url())
        except InvalidInput as refused:
            for name, text in refused.fields.items():
                form.add_error(name if name in form.fields else None, text.pick(_language()))
        status = 422
    return render(request, "things/new.html", {"form": form, "key": new_key()}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def station(request: HttpRequest, code: str) -> HttpResponse:
    """一个站点: where it is, what it measures, what was refused; its state can be changed."""
    actor = _desk(request)
    found = queries.station(actor, code)
    form = forms.StatusForm(request.POST or None, initial={"status": found.status})
    if request.method == "POST":
        if form.is_valid():
            call, facts = request.call(), form.cleaned_data  # type: ignore[attr-defined]
            if facts["status"] == Status.RETIRED:
                actions.retire(call, code=code, note=facts["note"])
            else:
                actions.update_status(call, code=code, **facts)
            messages.success(request, _("状态已变更。"))
            return redirect(found.get_absolute_url())
        return render(request, "things/station.html", _station(request, actor, found, form), status=422)
    return render(request, "things/station.html", _station(request, actor, found, form))


def _station(request: HttpRequest, actor: Actor, found: Station, form: forms.StatusForm) -> dict[str, Any]:
    exercise = request.GET.get("exercise", "")[:40]
    hours = SPANS.get(request.GET.get("hours", ""), 24)
    streams = queries.streams(found, exercise=exercise)
    known = [stream.prop for stream, _newest in streams]
    prop = request.GET.get("property", "")
    prop = prop if prop in known else MAIN[found.kind] if MAIN[found.kind] in known else next(iter(known), "")
    points, table = charts.points_of(actor, found, prop, hours=hours, exercise=exercise) if prop else ([], [])
    letters = queries.dead_letters(actor, address=found.address, exercise=exercise) if found.address else []
    return {
        "station": found,
        "district": people.region_name(found.region[:6]),
        "owner": _owner(found.department),
        "streams": streams,
        "property": prop,
        "stream": next((stream for stream, _newest in streams if stream.prop == prop), None),
        "hours": hours,
        "spans": [6, 24, 48, 168],
        "exercise": exercise,
        "chart": charts.series_chart(points, prop) if points else None,
        "points": table,
        "map": charts.place_map(found),
        "alarms": list(
            queries.alarms(actor, station=found.code, exercise=exercise).order_by("-raised_at", "-id")[:10]
        ),
        "letters": list(letters.order_by("-received_at", "-id")[:10]) if found.address else [],
        "form": form,
        "may_manage": found.status != Status.RETIRED and access.allowed(actor, "manage", found),
    }


def _owner(code: str) -> Any:
    try:
        return people.department(code).text
    except NotFound:
        return code


# -- alarms -----------------------------------------------------------------------------------
@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """监测告警: the list, newest first."""
    actor = _desk(request)
    form = forms.AlarmFilterForm(request.GET, exercises=queries.exercises(actor))
    wanted = form.wanted()
    page = pagination.page(queries.alarms(actor, **wanted), ("-raised_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "exercise": wanted.get("exercise", ""),
        "not_working": rules.not_working(),
        "may_handle": access.allowed(actor, "handle", Alarm),
    }
    return render(request, "things/alarms.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """一条告警: what it was based on; acknowledge and close."""
    actor = _desk(request)
    found = queries.alarm(actor, pk)
    form = forms.NoteForm(request.POST or None)
    closing = request.POST.get("what") == "close"
    if request.method == "POST":
        if not closing:
            form.fields["note"].required = False
        if form.is_valid():
            act = actions.close_alarm if closing else actions.acknowledge_alarm
            act(request.call(), alarm=pk, note=form.cleaned_data["note"])  # type: ignore[attr-defined]
            messages.success(request, _("告警已关闭。") if closing else _("告警已确认。"))
            return redirect(request.path)
    context = {
        "alarm": found,
        "form": form,
        "chart": charts.evidence_chart(found),
        "explain": found.finding["rule"],
        "may_handle": found.state != Alarm.State.CLOSED and access.allowed(actor, "handle", found),
    }
    return render(request, "things/alarm.html", context, status=422 if request.method == "POST" else 200)


# -- refusals ---------------------------------------------------------------------------------
@require_safe
def rejected(request: HttpRequest) -> HttpResponse:
    """拒收报文: what was refused and why, with the bytes."""
    actor = _desk(request)
    access.require(actor, "view", DeadLetter)
    exercise = request.GET.get("exercise", "")[:40]
    counts = queries.refusal_counts(actor, exercise=exercise)
    reasons = [(reason, judging.reason_text(reason).pick(_language())) for reason in counts]
    form = forms.LetterFilterForm(request.GET, exercises=queries.exercises(actor), reasons=reasons)
    page = pagination.page(queries.dead_letters(actor, **form.wanted()), ("-received_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "counts": [{"reason": reason, "label": label, "number": counts[reason]} for reason, label in reasons],
    }
    return render(request, "things/rejected.html", context)


# -- open -------------------------------------------------------------------------------------
@require_safe
def open_stations(request: HttpRequest) -> HttpResponse:
    """监测站点(开放): public list with newest values and the API."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    form = forms.StationFilterForm(request.GET, language=_language())
    del form.fields["status"]
    found = queries.stations(Actor.anonymous(), **form.wanted())
    page = pagination.page(found, ("code",), request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": station_rows(actor, page.items),
        "island": charts.station_map(form.wanted().get("kind", ""), ""),
        "window": timedelta(hours=48),
    }
    return render(request, "things/open.html", context)


urlpatterns = [
    path("work/things/", register, name="register"),
    path("work/things/new/", new, name="new"),
    path("work/things/alarms/", alarms, name="alarms"),
    path("work/things/alarms/<int:pk>/", alarm, name="alarm"),
    path("work/things/rejected/", rejected, name="rejected"),
    path("work/things/<slug:code>/", station, name="station"),
    path("open/stations/", open_stations, name="open"),
]
