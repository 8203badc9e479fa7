"""Pages of messages 消息."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.messages import actions, queries
from quancheng.capabilities.messages.forms import CodeForm, DeliveryFilter, EmailForm, PhoneForm, SettingsForm
from quancheng.capabilities.messages.gateways import open_channels
from quancheng.capabilities.messages.models import Contact, Message
from quancheng.capabilities.messages.routing import Out, masked
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    QuanchengError,
    TooMany,
    Unavailable,
)
from quancheng.kernel.middleware import new_key

HAN = re.compile(r"([\u3400-\u9fff](?:[\d\s×、]*[\u3000-\u303f\u3400-\u9fff\uff00-\uffef])*)")


def quoting(text: Text) -> SafeString:
    """A message in the reader's language; Chinese words an English one quotes are marked as Chinese."""
    language = get_language() or "zh"
    parts = HAN.split(text.pick(language)) if language.startswith("en") else [text.pick(language)]
    rows = ((' lang="zh-Hans"', part) if at % 2 else ("", part) for at, part in enumerate(parts))
    return format_html_join("", "<span{}>{}</span>", ((mark_safe(mark), part) for mark, part in rows))  # noqa: S308


def _signed_in(request: HttpRequest) -> None:
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        raise NotSignedIn()


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """我的消息."""
    _signed_in(request)
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.messages_of(actor, request.GET)
    return render(
        request,
        "messages/inbox.html",
        {
            "page": page,
            "rows": [(one, quoting(one.body_text)) for one in page.items],
            "unread": queries.unread_count(actor),
            "only_unread": request.GET.get("unread") == "1",
            "kind": request.GET.get("kind", ""),
            "kinds": Message.Kind.choices,
        },
    )


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """打开消息: mark it read and go where it leads."""
    _signed_in(request)
    found = queries.message(request.actor, pk)  # type: ignore[attr-defined]
    actions.mark_read(request.call(), message=found)  # type: ignore[attr-defined]
    return redirect(found.link or "messages:inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """全部标为已读."""
    _signed_in(request)
    actions.mark_all_read(request.call())  # type: ignore[attr-defined]
    return redirect("messages:inbox")


@require_GET
@never_cache
def settings(request: HttpRequest) -> HttpResponse:
    """消息设置."""
    return _settings(request, {})


def _settings(request: HttpRequest, bound: dict[str, forms.Form], status: int = 200) -> HttpResponse:
    _signed_in(request)
    actor = request.actor  # type: ignore[attr-defined]
    contact = queries.my_contact(actor)
    channels = open_channels()
    sections = [
        _section(actor, contact, out, name, form, bound, out in channels)
        for out, name, form in ((Out.SMS, _("手机短信"), PhoneForm), (Out.EMAIL, _("电子邮件"), EmailForm))
    ]
    initial = {
        "sms_on": contact.sms_on if contact else True,
        "email_on": contact.email_on if contact else True,
        "quiet_from": contact.quiet_from if contact else None,
        "quiet_until": contact.quiet_until if contact else None,
    }
    context = {
        "sections": sections,
        "form": bound.get("settings") or SettingsForm(initial=initial),
        "faulty": next((form for form in bound.values() if form.errors), None),
        "key": new_key(),
    }
    return render(request, "messages/settings.html", context, status=status)


def _section(
    actor: Actor,
    contact: Contact | None,
    out: Out,
    name: str,
    form: type[forms.Form],
    bound: dict[str, forms.Form],
    is_open: bool,
) -> dict[str, Any]:
    place = contact.preferences.phone if contact and out is Out.SMS else contact.email if contact else ""
    pending = queries.pending_code(actor, str(out))
    return {
        "out": str(out),
        "name": name,
        "open": is_open,
        "address": masked(place) if place else "",
        "pending": masked(pending.address) if pending else "",
        "form": bound.get(f"{out}-address") or form(prefix=str(out)),
        "code": bound.get(f"{out}-code") or CodeForm(prefix=f"{out}-code"),
    }


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """保存提醒方式和免打扰."""
    _signed_in(request)
    form = SettingsForm(request.POST)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid() and _done(
        request, form, lambda: actions.save_settings(call, **form.cleaned_data), _("已保存。")
    ):
        return redirect("messages:settings")
    return _settings(request, {"settings": form}, 422)


@require_POST
def code(request: HttpRequest, channel: str) -> HttpResponse:
    """获取验证码."""
    _signed_in(request)
    out = _out(channel)
    form = (PhoneForm if out is Out.SMS else EmailForm)(request.POST, prefix=channel)
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid():
        address = next(iter(form.cleaned_data.values()))
        said = _("验证码已发送，请在下方填写。")
        if _done(request, form, lambda: actions.ask_code(call, channel=channel, address=address), said):
            return redirect("messages:settings")
    return _settings(request, {f"{channel}-address": form}, 422)


@require_POST
def confirm(request: HttpRequest, channel: str) -> HttpResponse:
    """填写验证码."""
    _signed_in(request)
    _out(channel)
    form = CodeForm(request.POST, prefix=f"{channel}-code")
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid():
        try:
            if actions.confirm_address(call, channel=channel, code=form.cleaned_data["code"]):
                notices.success(request, _("已确认，今后的提醒会发到这里。"))
                return redirect("messages:settings")
            form.add_error("code", _("验证码不对，请核对后再填"))
        except QuanchengError as refused:
            form.add_error(None, refused.detail.pick(get_language() or "zh"))
    return _settings(request, {f"{channel}-code": form}, 422)


@require_POST
def drop(request: HttpRequest, channel: str) -> HttpResponse:
    """删除地址."""
    _signed_in(request)
    actions.drop_address(request.call(), channel=str(_out(channel)))  # type: ignore[attr-defined]
    notices.success(request, _("已删除，不再发送。"))
    return redirect("messages:settings")


def _out(channel: str) -> Out:
    if channel not in set(Out):
        raise NotFound()
    return Out(channel)


def _done(request: HttpRequest, form: forms.Form, deed: Callable[[], Any], said: str) -> bool:
    language = get_language() or "zh"
    try:
        deed()
    except InvalidInput as wrong:
        for name, text in wrong.fields.items():
            form.add_error(name if name in form.fields else None, text.pick(language))
        return False
    except (TooMany, Unavailable) as refused:
        form.add_error(None, refused.detail.pick(language))
        return False
    notices.success(request, said)
    return True


@require_GET
@never_cache
def monitor(request: HttpRequest) -> HttpResponse:
    """投递监控."""
    actor = request.actor  # type: ignore[attr-defined]
    _operator(actor)
    page = queries.deliveries(actor, request.GET)
    context = {
        "page": page,
        "filter": DeliveryFilter(request.GET),
        "figures": queries.figures(actor),
        "channels": {str(one): one in open_channels() for one in Out},
    }
    return render(request, "messages/monitor.html", context)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """重新发送 or cancel."""
    actor = request.actor  # type: ignore[attr-defined]
    _operator(actor)
    found = queries.delivery(actor, pk)
    call = request.call()  # type: ignore[attr-defined]
    deed = actions.cancel_delivery if request.POST.get("do") == "cancel" else actions.retry_delivery
    try:
        deed(call, delivery_id=found.pk)
        notices.success(request, _("已处理。"))
    except Conflict as gone:
        notices.info(request, gone.detail.pick(get_language() or "zh"))
    return redirect("messages:monitor")


def _operator(actor: Actor) -> None:
    if "messages.operator" not in actor.role_ids:
        raise Forbidden()


urlpatterns = [
    path("messages/settings/", settings, name="settings"),
    path("messages/settings/save/", save, name="save"),
    path("messages/settings/<slug:channel>/code/", code, name="code"),
    path("messages/settings/<slug:channel>/confirm/", confirm, name="confirm"),
    path("messages/settings/<slug:channel>/drop/", drop, name="drop"),
    path("work/messages/", monitor, name="monitor"),
    path("work/messages/<int:pk>/", again, name="again"),
    path("messages/", inbox, name="inbox"),
    path("messages/read-all/", read_all, name="read-all"),
    path("messages/<int:pk>/", read, name="read"),
]
