"""Pages of the citizen: the code, scans seen, scenes, phones, printed code."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.code import actions, desk, queries, sessions
from quancheng.capabilities.code.api import bundle_answer
from quancheng.capabilities.code.forms import SeenFilter
from quancheng.capabilities.code.minting import code_text
from quancheng.capabilities.code.models import Device
from quancheng.capabilities.code.vocabulary import scenes, told
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from quancheng.kernel.middleware import new_key

MOST_BODY = 20_000


def _citizen(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.person_id is None:
        raise NotSignedIn
    return actor


@require_GET
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """泉城码: the page the phone keeps. It holds nothing personal: the browser draws the code.

    Nobody is sent to sign in from here: a phone whose session is over still shows its code.
    """
    return render(request, "code/mine.html", {"config": _config()})


@require_GET
def shell(request: HttpRequest) -> HttpResponse:
    """The same page without anybody's name, kept on the device for when there is no network."""
    return render(request, "code/mine.html", {"config": _config(), "offline": True})


def _config() -> dict[str, Any]:
    return {
        "enrol": "/code/enrol/",
        "batch": "/code/batch/",
        "bundle": "/code/bundle.json",
        "phones": "/code/phones/",
        "scenes": [{"code": one.code, "name": one.text.to_dict(), "bit": one.bit} for one in scenes()],
        "skew_seconds": rulebook.find("code.skew_seconds").integer(),
    }


def _body(request: HttpRequest) -> dict[str, Any]:
    """A JSON object sent by a script. Raises InvalidInput."""
    wrong = Text("请求内容不是 JSON 对象。", "The request is not a JSON object.")
    if len(request.body) > MOST_BODY:
        raise InvalidInput(wrong)
    try:
        read = json.loads(request.body)
    except (ValueError, RecursionError):
        raise InvalidInput(wrong) from None
    if not isinstance(read, dict):
        raise InvalidInput(wrong)
    return read


@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """绑定手机: {public: JWK, label} → {device, …batch}."""
    _citizen(request)
    read = _body(request)
    public = read.get("public")
    if not isinstance(public, dict):
        said = Text("缺少手机公钥 public。", "public, the phone's key, is missing.")
        raise InvalidInput(said, fields={"public": said})
    call = request.call()  # type: ignore[attr-defined]
    device = actions.enrol_device(
        call, public=public, label=str(read.get("label", "")), signed_in_at=sessions.began(request)
    )
    return _batch(call, device)


@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """续期: {device} → {device, credentials: [{scene, token, expires}], time}."""
    actor = _citizen(request)
    number = _body(request).get("device")
    if not isinstance(number, int):
        said = Text("缺少手机编号 device。", "device, the phone's number, is missing.")
        raise InvalidInput(said, fields={"device": said})
    return _batch(request.call(), queries.phone(actor, number))  # type: ignore[attr-defined]


def _batch(call: Any, device: Device) -> HttpResponse:
    made = actions.renew_batch(call, device=device)
    rows = [
        {
            "scene": scene.code,
            "token": base64.urlsafe_b64encode(token).rstrip(b"=").decode(),
            "expires": int(until.timestamp()),
        }
        for scene, token, until in made.tokens
    ]
    return JsonResponse({"device": device.pk, "credentials": rows, "time": int(made.at.timestamp())})


@require_GET
def bundle(request: HttpRequest) -> HttpResponse:
    """离线名单, for scripts of pages."""
    return bundle_answer(request)


@require_GET
@never_cache
def seen(request: HttpRequest) -> HttpResponse:
    """谁扫过我."""
    actor = _citizen(request)
    form = SeenFilter(request.GET, language=get_language() or "zh")
    return render(request, "code/seen.html", {"page": queries.seen(actor, request.GET), "filter": form})


@require_GET
@never_cache
def scene_list(request: HttpRequest) -> HttpResponse:
    """场景开关."""
    rows = [{"scene": one, "on": on, "told": told(~0, one)} for one, on in queries.choices(_citizen(request))]
    return render(request, "code/scenes.html", {"rows": rows, "key": new_key()})


@require_POST
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """开关一个场景."""
    _citizen(request)
    on = request.POST.get("on") == "1"
    actions.switch_scene(request.call(), scene_code=code, on=on)  # type: ignore[attr-defined]
    messages.success(
        request,
        _("已打开。手机续期后可用。")
        if on
        else _("已关闭，原来的码即刻停用；带有这个场景的纸质码也已停用，可重新制作。"),
    )
    return redirect("code:scenes")


@require_GET
@never_cache
def phones(request: HttpRequest) -> HttpResponse:
    """我的手机."""
    rows = queries.phones(_citizen(request))
    return render(request, "code/phones.html", {"rows": rows, "key": new_key()})


@require_POST
def stop_phone(request: HttpRequest, pk: int) -> HttpResponse:
    """挂失或解绑一部手机."""
    device = queries.phone(_citizen(request), pk)
    call = request.call()  # type: ignore[attr-defined]
    lost = request.POST.get("why") == "lost"
    try:
        (actions.report_lost if lost else actions.remove_device)(call, device=device)
    except Conflict as gone:
        messages.info(request, gone.detail.pick(get_language() or "zh"))
    else:
        messages.success(
            request, _("已挂失。这部手机上的码已停用，联网闸机半分钟内得知。") if lost else _("已解绑。")
        )
    return redirect("code:phones")


@require_GET
@never_cache
def card(request: HttpRequest) -> HttpResponse:
    """纸质码: make, print, stop."""
    actor = _citizen(request)
    found = queries.card(actor)
    printable = [one for one in scenes() if one.printed]
    shown = {"card": found, "scenes": printable, "key": new_key()}
    if found is not None:
        shown["qr"] = code_text(bytes(found.token))
        shown["told"] = told(found.credential.entitlements)
        shown["scenes"] = [one for one in printable if found.credential.scenes & one.mask]
    return render(request, "code/card.html", shown)


@require_POST
def make_card(request: HttpRequest) -> HttpResponse:
    """制作纸质码."""
    _citizen(request)
    actions.print_card(request.call())  # type: ignore[attr-defined]
    return redirect("code:card")


@require_POST
def end_card(request: HttpRequest) -> HttpResponse:
    """停用纸质码."""
    found = queries.card(_citizen(request))
    if found is None:
        raise NotFound()
    actions.stop_card(request.call(), card=found)  # type: ignore[attr-defined]
    messages.success(request, _("纸质码已停用。"))
    return redirect("code:card")


urlpatterns = [
    path("code/", mine, name="mine"),
    path("code/offline/", shell, name="shell"),
    path("code/enrol/", enrol, name="enrol"),
    path("code/batch/", batch, name="batch"),
    path("code/bundle.json", bundle, name="bundle"),
    path("code/seen/", seen, name="seen"),
    path("code/scenes/", scene_list, name="scenes"),
    path("code/scenes/<slug:code>/", switch, name="switch"),
    path("code/phones/", phones, name="phones"),
    path("code/phones/<int:pk>/stop/", stop_phone, name="stop_phone"),
    path("code/card/", card, name="card"),
    path("code/card/make/", make_card, name="make_card"),
    path("code/card/stop/", end_card, name="end_card"),
    *desk.urlpatterns,
]
