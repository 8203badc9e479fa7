"""Reads of messages, always one's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from quancheng.capabilities.messages.models import AddressCode, Contact, Delivery, Message
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

ORDER = ("-created_at", "-id")
BADGE_LIMIT = 100


def unread_count(actor: Actor) -> int:
    """Unread messages of the asker, counted up to 100 (the shell's badge)."""
    if not actor.is_authenticated:
        return 0
    return len(access.visible(actor, Message).filter(read_at=None).values_list("pk")[:BADGE_LIMIT])


def messages_of(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Message]:
    """A page of the asker's messages, newest first; ``?unread=1`` and ``?kind=``."""
    found = access.visible(actor, Message)
    if params.get("unread") in {"1", "true", "on"}:
        found = found.filter(read_at=None)
    if params.get("kind") in Message.Kind.values:
        found = found.filter(kind=params["kind"])
    return pagination.page(found, ORDER, params)


def message(actor: Actor, pk: int) -> Message:
    """One own message; raises NotFound."""
    found: Message | None = access.visible(actor, Message).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def my_contact(actor: Actor) -> Contact | None:
    """My own settings, if I ever made any."""
    found: Contact | None = access.visible(actor, Contact).first()
    return found


def pending_code(actor: Actor, channel: str) -> AddressCode | None:
    """A code of mine that can still be typed in."""
    rows = access.visible(actor, AddressCode).filter(
        channel=channel, used_at=None, expires_at__gt=clock.now()
    )
    found: AddressCode | None = rows.order_by("-pk").first()
    return found


def deliveries(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Delivery]:
    """Deliveries an operator may see. Filters: q (address or text), channel, state."""
    rows = access.visible(actor, Delivery)
    if words := str(params.get("q", "")).strip():
        rows = rows.filter(Q(address=words) | Q(text__contains=words) | Q(subject__contains=words))
    for name in ("channel", "state"):
        if params.get(name):
            rows = rows.filter(**{name: params[name]})
    return pagination.page(rows, ("-made_at", "-id"), params)


def delivery(actor: Actor, pk: int) -> Delivery:
    """One delivery; raises NotFound."""
    found: Delivery | None = access.visible(actor, Delivery).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def figures(actor: Actor, hours: int = 24) -> list[dict[str, Any]]:
    """Each channel's day: how many in which state, how many texts they cost."""
    since = clock.now() - timedelta(hours=hours)
    rows = access.visible(actor, Delivery).filter(made_at__gte=since).order_by()
    counted = rows.values("channel", "state").annotate(count=Count("pk"), parts=Sum("parts"))
    found: dict[str, dict[str, Any]] = {}
    for one in counted:
        row = found.setdefault(one["channel"], {"channel": one["channel"], "parts": 0})
        row[one["state"]] = one["count"]
        row["parts"] += one["parts"] or 0
    return [found[name] for name in sorted(found)]
