"""Reads of quantum-safe links, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from quancheng.capabilities.quantum.models import (
    KeyUse,
    Link,
    LinkEvent,
    Peer,
    QkdLap,
    SealedDocument,
    StorageKey,
)
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "documents",
    "events",
    "laps",
    "link",
    "links",
    "office_links",
    "offices",
    "peers",
    "storage_keys",
    "summary",
    "uses",
]

_STORERS = ("quantum.reader", "quantum.operator")


def links(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Links by code. Filters: q (code, peer), state, strength, alarmed."""
    rows = access.visible(actor, Link).select_related("peer")
    if words := params.get("q", "").strip():
        named = Q(name__zh__icontains=words) | Q(name__en__icontains=words)
        rows = rows.filter(Q(code__contains=words) | Q(peer__code__contains=words) | named)
    if params.get("state", "") in Link.State.values:
        rows = rows.filter(state=params["state"])
    if params.get("alarmed") == "1":
        rows = rows.filter(alarmed=True)
    return pagination.page(rows, ("code",), params)


def link(actor: Actor, code: str) -> Link:
    """One link. Raises NotFound, also for what the asker may not see."""
    found: Link | None = access.visible(actor, Link).select_related("peer").filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def office_links(actor: Actor) -> list[Link]:
    """Links that a mobile official may read documents over: wanted, with an address."""
    rows = access.visible(actor, Link).select_related("peer")
    return list(rows.filter(wanted=True).exclude(address="").order_by("code"))


def peers(actor: Actor) -> list[Peer]:
    """Registered peers."""
    return list(access.visible(actor, Peer).order_by("code"))


def events(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Events, newest first. Filters: link, kind, days."""
    rows = access.visible(actor, LinkEvent).select_related("link")
    if code := params.get("link", "").strip():
        rows = rows.filter(link__code=code)
    if params.get("kind", "") in LinkEvent.Kind.values:
        rows = rows.filter(kind=params["kind"])
    days = params.get("days", "")
    if days.isascii() and days.isdigit() and 0 < int(days) <= 3660:
        rows = rows.filter(at__gte=clock.now() - timedelta(days=int(days)))
    return pagination.page(rows, ("-at", "-id"), params)


def laps(actor: Actor, row: Link, most: int = 120) -> list[QkdLap]:
    """The last rounds of a link's QKD line, oldest first."""
    rows = access.visible(actor, QkdLap).filter(link=row).order_by("-at", "-pk")[:most]
    return list(rows)[::-1]


def uses(actor: Actor, row: Link, most: int = 20) -> list[KeyUse]:
    """The last quantum keys used, by name."""
    return list(access.visible(actor, KeyUse).filter(link=row).order_by("-at", "-pk")[:most])


def summary(actor: Actor) -> dict[str, int]:
    """Counts for the head of the list."""
    rows = access.visible(actor, Link).filter(wanted=True)
    return {
        "full": rows.filter(state=Link.State.OPEN).count(),
        "fallback": rows.filter(state=Link.State.FALLBACK).count(),
        "down": rows.filter(state=Link.State.DOWN).count(),
        "alarmed": rows.filter(alarmed=True).count(),
    }


def storage_keys(actor: Actor) -> list[dict[str, Any]]:
    """Master keys by name, newest first, with how many documents each wraps."""
    counts = dict(SealedDocument.objects.values_list("master").annotate(count=Count("pk")).order_by())
    rows = access.visible(actor, StorageKey).order_by("-pk")
    return [{"row": row, "documents": counts.get(row.name, 0)} for row in rows]


def offices(actor: Actor) -> list[tuple[str, Text]]:
    """Departments whose documents the asker may store: code and name, the smallest first."""
    ids = {pk for grant in actor.grants if grant.role in _STORERS for pk in grant.departments}
    table = SealedDocument._meta.get_field("department").related_model
    rows = table._default_manager.filter(pk__in=ids, active=True).order_by("-path")
    return [(row.code, row.text) for row in rows]


def documents(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Sealed documents of the asker's departments, newest first. Filter: q (number, title)."""
    rows = access.visible(actor, SealedDocument).select_related("department").defer("envelope")
    if words := params.get("q", "").strip():
        rows = rows.filter(Q(number__contains=words) | Q(title__contains=words))
    return pagination.page(rows, ("-stored_at", "-id"), params)
