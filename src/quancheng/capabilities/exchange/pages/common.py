"""What pages of sharing have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from quancheng.capabilities.exchange import queries
from quancheng.core.text import Text
from quancheng.kernel import refusals
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError

HOME = Text("数据共享", "Data sharing")


def desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    return queries.require_desk(request.call().actor)  # type: ignore[attr-defined]


def tabs(actor: Actor, current: str) -> list[dict[str, Any]]:
    """Places of the module, for those who may go there."""
    places = [
        ("home", Text("总览", "Overview"), reverse("exchange:home")),
        ("find", Text("找数据", "Find data"), reverse("exchange:find")),
        ("requests", Text("申请", "Requests"), reverse("exchange:requests")),
        ("grants", Text("授权", "Grants"), reverse("exchange:grants")),
        ("exchanges", Text("交换记录", "Exchanges"), reverse("exchange:exchanges")),
        ("objections", Text("异议", "Objections"), reverse("exchange:objections")),
        ("parties", Text("单位与密钥", "Parties and keys"), reverse("exchange:parties")),
    ]
    if queries.BUREAU in actor.role_ids:
        places.append(("ledger", Text("交换台账", "Ledger"), reverse("exchange:ledger")))
    return [{"text": text, "href": href, "current": name == current} for name, text, href in places]


def show(
    request: HttpRequest,
    template: str,
    actor: Actor,
    tab: str,
    title: Text,
    context: Mapping[str, Any],
    *,
    lead: Text | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page of the desk."""
    whole = {
        "tabs": tabs(actor, tab), "page_title": title, "page_lead": lead, "module_home": reverse("exchange:home"),
        "module_name": HOME, **context,
    }  # fmt: skip
    return render(request, f"exchange/{template}.html", whole, status=status)


def mark(form: forms.Form, refused: QuanchengError) -> None:
    """Put a refusal where it belongs in the form."""
    refusals.mark(form, refused, getattr(form, "ALIASES", None))
