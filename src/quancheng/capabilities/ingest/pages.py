"""Pages of ingest: the gateways' state, devices and their credentials, dead letters."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.ingest import actions, forms, queries
from quancheng.capabilities.ingest.models import Device, Protocol, Status
from quancheng.capabilities.ingest.values import Secret
from quancheng.capabilities.ingest.wording import reason_text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn
from quancheng.kernel.middleware import new_key

ROLES = {"ingest.operator", "ingest.viewer"}


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


def _language() -> str:
    return get_language() or "zh-hans"


# -- gateways ---------------------------------------------------------------------------------
@require_safe
def gateways(request: HttpRequest) -> HttpResponse:
    """接入网关: rates, latencies, connections."""
    actor = _desk(request)
    found = queries.gateways()
    counts = queries.letter_counts(actor)
    context = {
        "gateways": found,
        "connections": sum(one.get("connections", 0) for one in found),
        "rate": sum(one.get("messages_per_second", 0) for one in found),
        "queued": sum(one.get("queued", 0) for one in found),
        "worst": max((one.get("ack_ms", {}).get("p99", 0) for one in found), default=0),
        "registered": queries.devices(actor).count(),
        "letters": sum(counts.values()),
        "counts": [
            {"reason": reason, "label": reason_text(reason).pick(_language()), "number": number}
            for reason, number in counts.items()
        ],
    }
    return render(request, "ingest/gateways.html", context)


# -- devices ----------------------------------------------------------------------------------
@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """接入设备: the list."""
    actor = _desk(request)
    form = forms.DeviceFilterForm(request.GET)
    page = pagination.page(queries.devices(actor, **form.wanted()), ("code",), request.GET)
    may_register = access.allowed(actor, "register", Device)
    return render(request, "ingest/devices.html", {"form": form, "page": page, "may_register": may_register})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """登记接入设备: the secret is shown on the answer, once."""
    actor = _desk(request)
    access.require(actor, "register", Device)
    form = forms.DeviceForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                return _shown(request, actions.register_device(request.call(), **form.cleaned_data))  # type: ignore[attr-defined]
        except InvalidInput as refused:
            _mark(form, refused)
        status = 422
    return render(request, "ingest/new.html", {"form": form, "key": new_key()}, status=status)


def _mark(form: Any, refused: InvalidInput) -> None:
    if not refused.fields:
        form.add_error(None, refused.detail.pick(_language()))
    for name, text in refused.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(_language()))


def _shown(request: HttpRequest, secret: Secret) -> HttpResponse:
    """The one page that shows a secret; never cached."""
    response = render(request, "ingest/secret.html", {"code": secret.code, "secret": secret.secret})
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, code: str) -> HttpResponse:
    """一台设备: channels, credentials, commands, dead letters."""
    actor = _desk(request)
    found = queries.device(actor, code)
    chosen: dict[str, Any] = {}
    if request.method == "POST":
        what = request.POST.get("what", "")
        made = _FORMS.get(what)
        if made is None:
            raise InvalidInput()
        form = made(request.POST, request.FILES)
        if form.is_valid():
            try:
                _DEEDS[what](request, code, form.cleaned_data)
                return redirect(request.path)
            except InvalidInput as refused:
                _mark(form, refused)
        chosen = {what: form}
    return render(
        request, "ingest/device.html", _context_of(actor, found, chosen), status=422 if chosen else 200
    )


def _context_of(actor: Actor, found: Device, chosen: dict[str, Any]) -> dict[str, Any]:
    manages = access.allowed(actor, "manage", found)
    shown = {name: chosen.get(name, made()) for name, made in _FORMS.items()}
    return {
        "device": found,
        "channels": found.channels.order_by("element"),
        "certificates": found.certificates.order_by("-added_at") if manages else [],
        "commands": queries.commands(actor, found).order_by("-pk")[:20],
        "letters": queries.dead_letters(actor, code=found.code).order_by("-at", "-id")[:10],
        "may_manage": manages,
        "may_command": found.protocol == Protocol.MQTT and access.allowed(actor, "command", found),
        "active": found.status == Status.ACTIVE,
        "key": new_key(),
        **shown,
    }


def _command(request: HttpRequest, code: str, facts: dict[str, Any]) -> None:
    actions.send_command(request.call(), device=code, body=facts["body"])  # type: ignore[attr-defined]
    messages.success(request, _("指令已提交，设备在线时即下发。"))


def _certificate(request: HttpRequest, code: str, facts: dict[str, Any]) -> None:
    actions.trust_certificate(request.call(), code=code, fingerprint=facts["fingerprint"])  # type: ignore[attr-defined]
    messages.success(request, _("证书已登记。"))


def _upload(request: HttpRequest, code: str, facts: dict[str, Any]) -> None:
    body = facts["file"].read()
    format = "json" if body.lstrip()[:1] == b"[" else "ndjson"
    done = actions.receive_readings(request.call(), device=code, format=format, body=body)  # type: ignore[attr-defined]
    said = _("新增%(stored)d条，更正%(changed)d条，重复%(duplicate)d条，拒收%(refused)d条。")
    numbers = {**done, "refused": sum(done["refused"].values())}
    messages.success(request, said % numbers)


_FORMS: dict[str, Any] = {
    "command": forms.CommandForm,
    "certificate": forms.CertificateForm,
    "upload": forms.UploadForm,
}
_DEEDS = {"command": _command, "certificate": _certificate, "upload": _upload}


@require_POST
def rotate(request: HttpRequest, code: str) -> HttpResponse:
    """更换凭据."""
    _desk(request)
    return _shown(request, actions.rotate_secret(request.call(), code=code))  # type: ignore[attr-defined]


@require_POST
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """停用 or 恢复."""
    actor = _desk(request)
    call = request.call()  # type: ignore[attr-defined]
    if queries.device(actor, code).status == Status.ACTIVE:
        actions.suspend_device(call, code=code)
        messages.success(request, _("设备已停用，连接已断开。"))
    else:
        actions.resume_device(call, code=code)
        messages.success(request, _("设备已恢复。"))
    return redirect("ingest:device", code=code)


# -- dead letters -----------------------------------------------------------------------------
@require_safe
def dead_letters(request: HttpRequest) -> HttpResponse:
    """死信: what could not be taken, why, and again."""
    actor = _desk(request)
    reasons = [(one, reason_text(one).pick(_language())) for one in queries.letter_reasons(actor)]
    form = forms.LetterFilterForm(request.GET, reasons=reasons)
    page = pagination.page(queries.dead_letters(actor, **form.wanted()), ("-at", "-id"), request.GET)
    rows = [{"letter": one, "reason": reason_text(one.reason)} for one in page]
    context = {"form": form, "page": page, "rows": rows, "may_handle": "ingest.operator" in actor.role_ids}
    return render(request, "ingest/letters.html", context)


@require_POST
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """重试 or 忽略 one."""
    _desk(request)
    call = request.call()  # type: ignore[attr-defined]
    if request.POST.get("what") == "dismiss":
        actions.dismiss_letter(call, letter=pk)
        messages.success(request, _("死信已忽略。"))
    else:
        try:
            actions.retry_letter(call, letter=pk)
            messages.success(request, _("已重试，读数已入库。"))
        except InvalidInput as refused:
            messages.error(request, refused.detail.pick(_language()))
    return redirect("ingest:letters")


urlpatterns = [
    path("work/ingest/", gateways, name="gateways"),
    path("work/ingest/devices/", devices, name="devices"),
    path("work/ingest/devices/new/", new, name="new"),
    path("work/ingest/devices/<str:code>/", device, name="device"),
    path("work/ingest/devices/<str:code>/rotate/", rotate, name="rotate"),
    path("work/ingest/devices/<str:code>/switch/", switch, name="switch"),
    path("work/ingest/dead-letters/", dead_letters, name="letters"),
    path("work/ingest/dead-letters/<int:pk>/", letter, name="letter"),
]
