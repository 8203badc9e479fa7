"""Pages of the security officer (/sec/quantum/) and of mobile officials (/work/quantum/)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.quantum import actions, forms, link_client, office, queries
from quancheng.capabilities.quantum.models import Link, LinkEvent, StorageKey
from quancheng.capabilities.quantum.words import reason_text
from quancheng.core.keys import thumbprint, to_jwk
from quancheng.core.text import Text
from quancheng.kernel import access, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, PartnerFailed, Unavailable
from quancheng.kernel.middleware import new_key

STATE_TAGS = {
    Link.State.NEW: "",
    Link.State.OPEN: "ok",
    Link.State.FALLBACK: "warn",
    Link.State.DOWN: "bad",
    Link.State.CLOSED: "",
}
EVENT_TAGS = {
    LinkEvent.Kind.OPENED: "ok",
    LinkEvent.Kind.RESTORED: "ok",
    LinkEvent.Kind.CALM: "ok",
    LinkEvent.Kind.FALLBACK: "warn",
    LinkEvent.Kind.HELD: "warn",
    LinkEvent.Kind.REFUSED: "bad",
    LinkEvent.Kind.ALARM: "bad",
}


def staff(request: HttpRequest, *roles: str) -> Actor:
    """The official with one of the roles. Raises NotSignedIn, Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn
    if not actor.role_ids & set(roles):
        raise Forbidden
    return actor


def pick(text: Text) -> str:
    """In the reader's language."""
    return str(text.pick(get_language() or "zh"))


def shown(row: Link) -> dict[str, Any]:
    """A link as lists and pages show it."""
    down = row.state == Link.State.DOWN
    why = reason_text(row.away, quantum=not down) if row.away else None
    return {"row": row, "kind": STATE_TAGS[Link.State(row.state)], "why": why}


def told(event: LinkEvent) -> dict[str, Any]:
    """An event as lists show it."""
    quantum = event.kind == LinkEvent.Kind.FALLBACK
    return {
        "row": event,
        "kind": EVENT_TAGS.get(LinkEvent.Kind(event.kind), ""),
        "why": reason_text(event.reason, quantum=quantum),
    }


@require_safe
@never_cache
def front(request: HttpRequest) -> HttpResponse:
    """量子安全链路."""
    actor = staff(request, "quantum.operator")
    page = queries.links(actor, request.GET)
    key = link_client.node_key().public
    context = {
        "form": forms.LinkFilter(request.GET),
        "page": page,
        "rows": [shown(one) for one in page.items],
        "summary": queries.summary(actor),
        "may_manage": access.allowed(actor, "manage", Link),
        "node": link_client.node_name(),
        "jwk": to_jwk(key),
        "fingerprint": thumbprint(key).hex(":", 2)[:39],
    }
    return render(request, "quantum/links.html", context)


@require_safe
@never_cache
def one(request: HttpRequest, code: str) -> HttpResponse:
    """一条链路: strength, error rates, keys used, events, and what an operator may do."""
    return _one(request, code, None)


def _one(request: HttpRequest, code: str, bound: django_forms.Form | None, status: int = 200) -> HttpResponse:
    actor = staff(request, "quantum.operator")
    row = queries.link(actor, code)
    laps = queries.laps(actor, row)
    context = {
        **shown(row),
        "may": access.allowed(actor, "operate", row),
        "laps": laps[::-1][:40],
        "chart": _curve(laps) if laps else None,
        "uses": queries.uses(actor, row),
        "events": [told(item) for item in queries.events(actor, {"link": code, "size": "20"}).items],
        "form": bound or forms.ReasonForm(),
        "bound": bound,
        "threshold": rulebook.find("quantum.qber_most"),
        "key": new_key(),
    }
    return render(request, "quantum/link.html", context, status=status)


def _curve(laps: list[Any]) -> dict[str, Any]:
    """误码率曲线 with the alarm line."""
    most = rulebook.find("quantum.qber_most")
    return {
        "kind": "line",
        "x": [f"#{lap.number}" for lap in laps],
        "series": [{"name": _("误码率"), "data": [round(100 * lap.qber, 2) for lap in laps]}],
        "unit": "%",
        "marks": [{"value": float(most.number()), "label": _("告警阈值")}],
    }


@require_safe
@never_cache
def history(request: HttpRequest) -> HttpResponse:
    """链路事件."""
    actor = staff(request, "quantum.operator")
    page = queries.events(actor, request.GET)
    context = {
        "form": forms.EventFilter(request.GET),
        "page": page,
        "rows": [told(item) for item in page.items],
    }
    return render(request, "quantum/events.html", context)


def _reached(request: HttpRequest, code: str, done: str) -> HttpResponse:
    """Connect and say what came of it: full strength, a fallback, or nothing."""
    try:
        link_client.connect(code)
    except (PartnerFailed, Conflict) as failed:
        messages.warning(request, pick(failed.detail))
        return redirect("quantum:link", code=code)
    row = Link.objects.get(code=code)
    if row.state == Link.State.FALLBACK:
        why = pick(reason_text(row.away, quantum=True))
        said = _("链路已建立，但没有量子密钥（%(why)s）：现为抗量子强度。") % {"why": why}
        messages.warning(request, said)
    else:
        messages.success(request, done)
    return redirect("quantum:link", code=code)


@require_POST
def open_link(request: HttpRequest, code: str) -> HttpResponse:
    """建立链路."""
    staff(request, "quantum.operator")
    row = actions.open_link(request.call(), code=code)  # type: ignore[attr-defined]
    if not row.address:
        messages.success(request, _("已允许对端呼叫本节点建立链路。"))
        return redirect("quantum:link", code=code)
    return _reached(request, code, _("链路已按全强度建立。"))


@require_POST
def rekey(request: HttpRequest, code: str) -> HttpResponse:
    """立即换密钥."""
    staff(request, "quantum.operator")
    try:
        actions.rekey_link(request.call(), code=code)  # type: ignore[attr-defined]
    except Conflict as gone:
        messages.warning(request, pick(gone.detail))
        return redirect("quantum:link", code=code)
    return _reached(request, code, _("已按全强度换密钥。"))


@require_POST
def allow(request: HttpRequest, code: str) -> HttpResponse:
    """恢复使用量子密钥."""
    staff(request, "quantum.operator")
    actions.allow_quantum(request.call(), code=code)  # type: ignore[attr-defined]
    return _reached(request, code, _("已恢复使用量子密钥，链路为全强度。"))


@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest, code: str) -> HttpResponse:
    """停用量子密钥: a fallback by hand, with its reason."""
    staff(request, "quantum.operator")
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("quantum:link", code=code)
    call = request.call()  # type: ignore[attr-defined]
    form = forms.ReasonForm(request.POST)
    if done_with(form, lambda: actions.mark_fallback(call, code=code, reason=form.cleaned_data["reason"])):
        return _reached(request, code, _("已停用量子密钥。"))
    return _one(request, code, form, 422)


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, code: str) -> HttpResponse:
    """关闭链路."""
    staff(request, "quantum.operator")
    if request.method == "GET":
        return redirect("quantum:link", code=code)
    call = request.call()  # type: ignore[attr-defined]
    form = forms.ReasonForm(request.POST)
    if done_with(form, lambda: actions.close_link(call, code=code, reason=form.cleaned_data["reason"])):
        messages.success(request, _("链路已关闭，密钥已销毁。"))
        return redirect("quantum:link", code=code)
    return _one(request, code, form, 422)


def done_with(form: django_forms.Form, deed: Callable[[], Any]) -> bool:
    """Do it; a refusal goes to the form's fields."""
    if not form.is_valid():
        return False
    try:
        deed()
    except InvalidInput as wrong:
        for name, text in wrong.fields.items():
            form.add_error(name if name in form.fields else None, pick(text))
        if not wrong.fields:
            form.add_error(None, pick(wrong.detail))
        return False
    except (Conflict, Forbidden) as refused:
        form.add_error(None, pick(refused.detail))
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
def new_peer(request: HttpRequest) -> HttpResponse:
    """登记对端."""
    staff(request, "quantum.operator")
    form = forms.PeerForm(request.POST or None)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]

        def deed() -> None:
            data = form.cleaned_data
            name = {"zh": data["zh"], "en": data["en"]}
            actions.register_peer(call, code=data["code"], name=name, public_key=data["public_key"])

        if done_with(form, deed):
            messages.success(request, _("对端已登记；请电话核对公钥指纹。"))
            return redirect("quantum:new_link")
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "quantum/new_peer.html", {"form": form, "key": new_key()}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new_link(request: HttpRequest) -> HttpResponse:
    """登记链路."""
    actor = staff(request, "quantum.operator")
    peers = [(one.code, f"{one.code} {pick(one.text)}") for one in queries.peers(actor)]
    form = forms.LinkForm(request.POST or None, peers=peers)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]

        def deed() -> None:
            data = dict(form.cleaned_data)
            name = {"zh": data.pop("zh"), "en": data.pop("en")}
            actions.register_link(call, name=name, **data)

        if done_with(form, deed):
            messages.success(request, _("链路已登记，现在可以建立。"))
            return redirect("quantum:link", code=form.cleaned_data["code"])
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "peers": peers, "key": new_key()}
    return render(request, "quantum/new_link.html", context, status=status)


@require_safe
@never_cache
def storage(request: HttpRequest) -> HttpResponse:
    """加密存储: master keys by name and what each wraps."""
    actor = staff(request, "quantum.operator")
    context = {
        "rows": queries.storage_keys(actor),
        "may": access.allowed(actor, "rotate", StorageKey),
        "key": new_key(),
    }
    return render(request, "quantum/storage.html", context)


@require_POST
def rotate(request: HttpRequest) -> HttpResponse:
    """更换主密钥."""
    staff(request, "quantum.operator")
    try:
        count = actions.rotate_storage(request.call())  # type: ignore[attr-defined]
    except Unavailable as failed:
        messages.warning(request, pick(failed.detail))
        return redirect("quantum:storage")
    messages.success(request, _("主密钥已更换，%(count)s份文档已重新封装。") % {"count": count})
    return redirect("quantum:storage")


urlpatterns = [
    path("sec/quantum/storage/", storage, name="storage"),
    path("sec/quantum/storage/rotate/", rotate, name="rotate"),
    path("sec/quantum/", front, name="links"),
    path("sec/quantum/events/", history, name="events"),
    path("sec/quantum/new-peer/", new_peer, name="new_peer"),
    path("sec/quantum/new-link/", new_link, name="new_link"),
    path("sec/quantum/links/<slug:code>/", one, name="link"),
    path("sec/quantum/links/<slug:code>/open/", open_link, name="open"),
    path("sec/quantum/links/<slug:code>/rekey/", rekey, name="rekey"),
    path("sec/quantum/links/<slug:code>/hold/", hold, name="hold"),
    path("sec/quantum/links/<slug:code>/allow/", allow, name="allow"),
    path("sec/quantum/links/<slug:code>/close/", close, name="close"),
    *office.urlpatterns,
]
