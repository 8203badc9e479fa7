"""Pages of video: cameras, one camera, requests, live plays, peers, coverage."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.video import actions, api, city, forms, playing, queries
from quancheng.capabilities.video.models import Camera, Platform, PlayRequest, Status
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import call_of, new_key

ROLES = {"video.viewer", "video.operator", "video.approver"}


def _language() -> str:
    return get_language() or "zh-hans"


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


def _map(**other: Any) -> dict[str, Any]:
    layer = {
        "id": "cameras", "label": Text("摄像机", "Cameras"), "kind": "circle", "url": "/api/v1/video/cameras.geojson",
        "topic": "video.cameras", "color": "level", "radius": 5, "title": "name", "href": "url",
        "fields": [
            {"key": "kind_label", "label": Text("类型", "Kind")},
            {"key": "status_label", "label": Text("状态", "State")},
        ],
    }  # fmt: skip
    return {"base": True, "bounds": list(city.bounds()), "layers": [layer]} | other


def _map_at(found: Camera) -> dict[str, Any]:
    made = _map(center=[found.lon, found.lat], zoom=13)
    del made["bounds"]
    return made


def _refuse(form: Any, why: InvalidInput) -> int:
    """Show the faults of an action at the fields of the form; the status of the answer."""
    for name, text in why.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(_language()))
    if not why.fields:
        form.add_error(None, why.detail.pick(_language()))
    return 422


# -- cameras ----------------------------------------------------------------------------------
@require_safe
def cameras(request: HttpRequest) -> HttpResponse:
    """视频监控: all cameras with filters, counts, map."""
    actor = _desk(request)
    form = forms.CameraFilterForm(request.GET, language=_language())
    wanted = form.wanted()
    page = pagination.page(queries.cameras(actor, **wanted), ("code",), request.GET)
    narrowed = {name: value for name, value in wanted.items() if name != "status"}
    numbers = queries.counts(queries.cameras(actor, **narrowed))
    context = {
        "form": form, "page": page, "island": _map(),
        "rows": [{"camera": one, "district": people.region_name(one.region[:6])} for one in page],
        "counts": [
            {"status": status, "label": Status(status).label, "number": number}
            for status, number in numbers.items()
            if status != Status.REMOVED
        ],
    }  # fmt: skip
    return render(request, "video/cameras.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def camera(request: HttpRequest, code: str) -> HttpResponse:
    """一台摄像机: facts, history, who watched and why, and asking to watch."""
    actor = _desk(request)
    found = queries.camera(actor, code)
    form, status = forms.AskForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = actions.ask_play(call_of(request), camera=found.code, **form.cleaned_data)
            except InvalidInput as why:
                status = _refuse(form, why)
            else:
                approved = made.state == PlayRequest.State.APPROVED
                messages.success(
                    request, _("申请已生效，可以播放。") if approved else _("申请已提交，等待审批。")
                )
                return redirect("video:requests")
    context = {
        "camera": found, "district": people.region_name(found.region[:6]), "form": form, "key": new_key(),
        "changes": queries.history(found), "may_ask": access.allowed(actor, "ask", found),
        "own": access.allowed(actor, "watch", found),
        "sessions": queries.sessions(actor, camera=found.code).order_by("-opened_at")[:20],
        "events": queries.events(actor, camera=found.code).order_by("-at")[:10],
        "island": _map_at(found) if found.lon is not None else None,
    }  # fmt: skip
    return render(request, "video/camera.html", context, status=status)


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """覆盖指标: by district, computed now."""
    _desk(request)
    rows = [
        api.coverage_row(one) | {"district": people.region_name(one.region)} for one in queries.coverage()
    ]
    names = ("total", "networked", "online", "smart", "key_total", "key_networked")
    total = {name: sum(row[name] for row in rows) for name in names}
    return render(request, "video/coverage.html", {"rows": rows, "total": total})


# -- plays ------------------------------------------------------------------------------------
@never_cache
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """调阅申请: one's own, and for approvers those of their area."""
    actor = _desk(request)
    form = forms.RequestFilterForm(request.GET)
    page = pagination.page(queries.requests(actor, **form.wanted()), ("-asked_at", "-id"), request.GET)
    rows = [
        {
            "one": one,
            "may_decide": one.state == PlayRequest.State.PENDING
            and one.requester_id != actor.user_id
            and access.allowed(actor, "decide", one),
            "may_open": one.state == PlayRequest.State.APPROVED
            and one.expires_at is not None
            and one.expires_at > call_of(request).at
            and access.allowed(actor, "open", one),
        }
        for one in page
    ]
    context = {"form": form, "page": page, "rows": rows, "decide": forms.DecideForm(), "key": new_key()}
    return render(request, "video/requests.html", context)


@require_http_methods(["POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """批准或驳回."""
    _desk(request)
    form = forms.DecideForm(request.POST)
    approve = request.POST.get("approve") == "yes"
    if not form.is_valid():
        raise InvalidInput(fields={name: Text(str(why[0]), str(why[0])) for name, why in form.errors.items()})
    actions.decide_request(
        call_of(request),
        request=pk,
        approve=approve,
        note=form.cleaned_data["note"],
        hours=form.cleaned_data["hours"],
    )
    messages.success(request, _("已批准。") if approve else _("已驳回。"))
    return redirect("video:requests")


@require_http_methods(["POST"])
def play(request: HttpRequest, pk: int) -> HttpResponse:
    """播放: open the session, then its page."""
    _desk(request)
    try:
        session = playing.play(call_of(request), request=pk)
    except QuanchengError as why:
        if why.status < 500:
            raise
        messages.error(request, why.detail.pick(_language()))
        return redirect("video:requests")
    return redirect("video:session", session.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """一次播放: its addresses for its viewer, its end for whoever may cut it."""
    actor = _desk(request)
    found = queries.session(actor, pk)
    form, status = forms.CutForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            playing.cut(call_of(request), session=pk, reason=form.cleaned_data["reason"])
            messages.success(request, _("播放已结束。"))
            return redirect("video:session", pk)
    mine = found.viewer_id is not None and found.viewer_id == actor.user_id
    context = {"session": found, "urls": sorted(found.urls.items()) if mine else [], "form": form}
    return render(request, "video/session.html", context, status=status)


@never_cache
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """正在播放: who watches what, and why."""
    actor = _desk(request)
    everything = request.GET.get("all") == "1"
    page = pagination.page(queries.sessions(actor, live=not everything), ("-opened_at", "-id"), request.GET)
    return render(request, "video/sessions.html", {"page": page, "everything": everything})


# -- peers ------------------------------------------------------------------------------------
@require_safe
def platforms(request: HttpRequest) -> HttpResponse:
    """信令对端 with the conflicts of codes."""
    actor = _desk(request)
    access.require(actor, "view", Platform)
    form = forms.PlatformFilterForm(request.GET)
    page = pagination.page(queries.platforms(actor, **form.wanted()), ("code",), request.GET)
    context = {"form": form, "page": page, "conflicts": queries.conflicts(actor).order_by("-last_at")[:20]}
    return render(request, "video/platforms.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_platform(request: HttpRequest) -> HttpResponse:
    """登记对端: the password is shown once."""
    actor = _desk(request)
    access.require(actor, "manage", Platform)
    form, status = forms.PlatformForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = actions.register_platform(call_of(request), **form.cleaned_data)
            except InvalidInput as why:
                status = _refuse(form, why)
            else:
                return render(request, "video/credential.html", {"credential": made})
    return render(request, "video/new_platform.html", {"form": form}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def platform(request: HttpRequest, code: str) -> HttpResponse:
    """一个对端: facts, cameras, and what an operator may do."""
    actor = _desk(request)
    found = queries.platform(actor, code)
    if request.method == "POST":
        call, what = call_of(request), request.POST.get("do", "")
        if what in ("enable", "disable"):
            actions.set_enabled(call, code=code, enabled=what == "enable")
            messages.success(request, _("已更新。"))
        elif what == "renew":
            return render(
                request, "video/credential.html", {"credential": actions.renew_credential(call, code=code)}
            )
        return redirect("video:platform", code)
    number = Camera.objects.filter(platform=found).exclude(status=Status.REMOVED).count()
    context = {"platform": found, "number": number, "may_manage": access.allowed(actor, "manage", found)}
    return render(request, "video/platform.html", context)


app_name = "video"
urlpatterns = [
    path("work/video/", cameras, name="cameras"),
    path("work/video/coverage/", coverage, name="coverage"),
    path("work/video/requests/", requests, name="requests"),
    path("work/video/requests/<int:pk>/decide/", decide, name="decide"),
    path("work/video/requests/<int:pk>/play/", play, name="play"),
    path("work/video/sessions/", sessions, name="sessions"),
    path("work/video/sessions/<int:pk>/", session, name="session"),
    path("work/video/platforms/", platforms, name="platforms"),
    path("work/video/platforms/new/", new_platform, name="new_platform"),
    path("work/video/platforms/<str:code>/", platform, name="platform"),
    path("work/video/<str:code>/", camera, name="camera"),
]
