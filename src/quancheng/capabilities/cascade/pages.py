"""Pages of cascade: neighbours and their state, batches, corrections, sources."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.cascade import actions, forms, queries
from quancheng.capabilities.cascade.cascade_client import fingerprint, public_text
from quancheng.capabilities.cascade.models import Feed, Neighbour, Wish
from quancheng.capabilities.cascade.network import own_name, public_der, signer
from quancheng.kernel import access, clock, jobs, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key

ROLES = {"cascade.officer", "cascade.viewer", "cascade.steward"}


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


def _pick(text: Any) -> str:
    return str(text.pick(get_language() or "zh-hans"))


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """数据级联: the neighbours and how they are."""
    actor = _desk(request)
    form = forms.NeighbourFilter(request.GET)
    form.is_valid()
    wanted = {name: form.cleaned_data.get(name, "") for name in ("text", "kind", "state")}
    page = pagination.page(queries.neighbours(actor, **wanted), ("code",), request.GET)
    context = {
        "form": form,
        "page": page,
        "states": queries.states(list(page.items)),
        "summary": queries.summary(actor),
        "node": own_name(),
        "key": public_text(signer()),
        "fingerprint": fingerprint(signer().public_der),
        "may_manage": access.allowed(actor, "manage", Neighbour),
        "books": list(queries.books(actor)[:50]),
    }
    return render(request, "cascade/front.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """登记相邻节点."""
    actor = _desk(request)
    access.require(actor, "manage", Neighbour)
    form = forms.NeighbourForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                made = actions.add_neighbour(request.call(), **form.wanted())  # type: ignore[attr-defined]
                messages.success(request, _("已登记，请两位工作人员分别核对公钥指纹。"))
                return redirect("cascade:neighbour", made.code)
        except InvalidInput as refused:
            forms.mark(form, refused, _pick)
        status = 422
    return render(request, "cascade/new.html", {"form": form, "key": new_key()}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def neighbour(request: HttpRequest, code: str) -> HttpResponse:
    """一个相邻节点: its streams, counts, batches and route."""
    actor = _desk(request)
    found = queries.neighbour(actor, code)
    route, confirm = forms.RouteForm(initial=forms.RouteForm.initial_of(found.gives)), forms.ConfirmForm()
    status = 200
    if request.method == "POST":
        what = request.POST.get("what", "")
        route = forms.RouteForm(request.POST) if what == "route" else route
        confirm = forms.ConfirmForm(request.POST) if what == "confirm" else confirm
        form = {"route": route, "confirm": confirm}.get(what)
        if form is None:
            raise InvalidInput()
        try:
            if form.is_valid():
                _do(request, found, what, form)
                return redirect("cascade:neighbour", code)
        except InvalidInput as refused:
            forms.mark(form, refused, _pick)
        status = 422
    context = {
        "one": found,
        "state": queries.states([found])[0],
        "feeds": queries.readings(actor, found),
        "letters": [
            (one, forms.status_text(one))
            for one in queries.letters(actor, neighbour=code).order_by("-at", "-id")[:10]
        ],
        "remarks": queries.remarks(actor, neighbour=code).order_by("-at", "-id")[:10],
        "fingerprint": fingerprint(public_der(found.public_key)),
        "may_manage": access.allowed(actor, "manage", found),
        "waiting": found.state == Neighbour.State.WAITING,
        "paused": found.state == Neighbour.State.PAUSED,
        "route": route,
        "confirm": confirm,
    }
    return render(request, "cascade/neighbour.html", context, status=status)


def _do(request: HttpRequest, found: Neighbour, what: str, form: Any) -> None:
    call = request.call()  # type: ignore[attr-defined]
    if what == "confirm":
        done = actions.confirm_key(call, code=found.code, read=form.cleaned_data["read"])
        said = (
            _("密钥核对完成，节点已连通。")
            if done.state == Neighbour.State.ACTIVE
            else _("第一人核对一致，请第二人再核对。")
        )
        messages.success(request, said)
    else:
        actions.change_route(
            call, code=found.code, gives=form.gives(), hears=found.hears, speaks_for=found.speaks_for
        )
        messages.success(request, _("路由已修改，对方将重新读取一遍。"))


@require_POST
def command(request: HttpRequest, code: str) -> HttpResponse:
    """对节点的操作: talk, count, repair as jobs; pause and resume at once."""
    actor = _desk(request)
    found = queries.neighbour(actor, code)
    access.require(actor, "manage", found)
    what = request.POST.get("what", "")
    if what in ("pause", "resume"):
        actions.set_state(request.call(), code=code, paused=what == "pause")  # type: ignore[attr-defined]
    elif what in ("talk", "count", "mend"):
        enqueue(what, found, request.POST.get("kind", ""), request.POST.get("name", ""))
        messages.success(request, _("任务已提交，完成后本页会更新。"))
    else:
        raise InvalidInput()
    return redirect("cascade:neighbour", code)


def enqueue(what: str, found: Neighbour, kind: str, name: str) -> None:
    """Ask for a job about a neighbour, or about one stream from it."""
    arguments: dict[str, str] = {"code": found.code}
    if what == "mend":
        stream = queries.stream(kind, name)
        arguments |= {"kind": stream.kind.value, "name": stream.name}
    elif what == "count":
        what = "count_one"
    slot = int(clock.now().timestamp()) // 5
    key = f"cascade.{what}:{found.code}:{kind}:{name}:{slot}"
    jobs.enqueue(f"cascade.{what}", arguments, key=key[:200])


@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """批次日志."""
    actor = _desk(request)
    form = forms.LetterFilter(request.GET)
    form.is_valid()
    wanted = {name: form.cleaned_data.get(name, "") for name in ("neighbour", "status", "way")}
    page = pagination.page(queries.letters(actor, **wanted), ("-at", "-id"), request.GET)
    rows = [(one, forms.status_text(one)) for one in page.items]
    return render(request, "cascade/letters.html", {"form": form, "page": page, "rows": rows})


@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    """校核申请: received and sent."""
    actor = _desk(request)
    form = forms.WishFilter(request.GET)
    form.is_valid()
    wanted = {name: form.cleaned_data.get(name, "") for name in ("text", "way", "state")}
    page = pagination.page(queries.wishes(actor, **wanted), ("-asked_at", "-id"), request.GET)
    return render(request, "cascade/corrections.html", {"form": form, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: HttpRequest, pk: int) -> HttpResponse:
    """一条校核申请: what is, what should be, and the answer."""
    actor = _desk(request)
    found = queries.wish(actor, pk)
    form = forms.AnswerForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                accepted = request.POST.get("what") == "accept"
                actions.answer_wish(
                    request.call(), wish=found, accepted=accepted, note=form.cleaned_data["note"]
                )  # type: ignore[attr-defined]
                return redirect("cascade:corrections")
        except InvalidInput as refused:
            forms.mark(form, refused, _pick)
        status = 422
    may = found.incoming and found.state == Wish.State.OPEN and access.allowed(actor, "answer", found)
    context = {"one": found, "form": form, "key": new_key(), "may_answer": may, "fields": compare(found)}
    return render(request, "cascade/correction.html", context, status=status)


def compare(found: Wish) -> list[dict[str, Any]]:
    """Fields of the row as it was and as it should be."""
    before, wanted = _fields(found.before), _fields(found.wanted)
    names = sorted(before.keys() | wanted.keys())
    return [
        {"name": name, "before": before.get(name, ""), "wanted": wanted.get(name, ""), "other": before.get(name) != wanted.get(name)}
        for name in names
    ]  # fmt: skip


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {"": text}
    return found if isinstance(found, dict) else {"": text}


@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: HttpRequest) -> HttpResponse:
    """目录来源: portals that are harvested."""
    actor = _desk(request)
    may = access.allowed(actor, "manage", Feed)
    form = forms.FeedForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                actions.add_feed(request.call(), **form.cleaned_data)  # type: ignore[attr-defined]
                return redirect("cascade:feeds")
        except InvalidInput as refused:
            forms.mark(form, refused, _pick)
        except QuanchengError as refused:
            form.add_error(None, _pick(refused.detail))
        status = 422
    context = {"feeds": list(queries.feeds(actor)), "form": form, "may_manage": may, "key": new_key()}
    return render(request, "cascade/feeds.html", context, status=status)


@require_POST
def feed_command(request: HttpRequest, code: str) -> HttpResponse:
    """立即采集, 启用, 停用."""
    actor = _desk(request)
    found = queries.feeds(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    access.require(actor, "manage", found)
    what = request.POST.get("what", "")
    if what == "harvest":
        slot = int(clock.now().timestamp()) // 5
        jobs.enqueue("cascade.harvest", {"code": code}, key=f"cascade.harvest:{code}:{slot}")
        messages.success(request, _("任务已提交，完成后本页会更新。"))
    elif what in ("on", "off"):
        actions.switch_feed(request.call(), feed=found, active=what == "on")  # type: ignore[attr-defined]
    else:
        raise InvalidInput()
    return redirect("cascade:feeds")


urlpatterns = [
    path("work/cascade/", front, name="front"),
    path("work/cascade/neighbours/new/", new, name="new"),
    path("work/cascade/neighbours/<str:code>/", neighbour, name="neighbour"),
    path("work/cascade/neighbours/<str:code>/do/", command, name="command"),
    path("work/cascade/letters/", letters, name="letters"),
    path("work/cascade/corrections/", corrections, name="corrections"),
    path("work/cascade/corrections/<int:pk>/", correction, name="correction"),
    path("work/cascade/feeds/", feeds, name="feeds"),
    path("work/cascade/feeds/<str:code>/do/", feed_command, name="feed_command"),
]
