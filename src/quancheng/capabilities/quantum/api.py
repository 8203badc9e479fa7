"""HTTP interface of quantum-safe links: /api/v1/quantum/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.quantum import actions, queries
from quancheng.capabilities.quantum.models import Link, LinkEvent
from quancheng.capabilities.quantum.words import reason_text
from quancheng.kernel.problems import READ, WRITE, Bilingual

router = Router()


class QuantumLinkOut(Schema):
    """``strength`` is empty when the link does not carry; ``away`` says why it is not FULL."""

    code: str
    name: Bilingual
    peer: str
    state: str
    strength: str
    weakest: str
    away: str
    why: Bilingual | None
    suite: str
    rekeyed_at: datetime | None
    keys_used: int
    keys_stored: int | None
    alarmed: bool
    held: bool
    simulated: bool


class LinkPage(Schema):
    items: list[QuantumLinkOut]
    next: str | None
    previous: str | None


class LinkEventOut(Schema):
    link: str
    at: datetime
    kind: str
    strength: str
    reason: str
    why: Bilingual
    session: str


class EventPage(Schema):
    items: list[LinkEventOut]
    next: str | None
    previous: str | None


class LinkFilters(Schema):
    q: str = ""
    state: str = ""
    alarmed: str = ""
    cursor: str = ""
    size: str = ""


class EventFilters(Schema):
    link: str = ""
    kind: str = ""
    days: str = ""
    cursor: str = ""
    size: str = ""


class LinkReasonIn(Schema):
    reason: str = ""


def _link(row: Link) -> dict[str, Any]:
    names = ("code", "state", "strength", "weakest", "away", "suite", "rekeyed_at", "keys_used")
    names += ("keys_stored", "alarmed", "held", "simulated")
    why = reason_text(row.away, quantum=row.state != Link.State.DOWN).to_dict() if row.away else None
    return {name: getattr(row, name) for name in names} | {
        "name": row.text.to_dict(),
        "peer": row.peer.code,
        "why": why,
    }


def _event(row: LinkEvent) -> dict[str, Any]:
    quantum = row.kind == LinkEvent.Kind.FALLBACK
    names = ("at", "kind", "strength", "reason", "session")
    return {name: getattr(row, name) for name in names} | {
        "link": row.link.code,
        "why": reason_text(row.reason, quantum=quantum).to_dict(),
    }


def _page(page: Any, make: Any) -> dict[str, Any]:
    return {"items": [make(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get("/links", response={200: LinkPage, **READ}, auth=django_auth, url_name="quantum-links")
def list_links(request: HttpRequest, filters: Query[LinkFilters]) -> dict[str, Any]:
    """链路 with what protects each now."""
    actor = request.call().actor  # type: ignore[attr-defined]
    return _page(queries.links(actor, filters.dict()), _link)


@router.get("/links/{code}", response={200: QuantumLinkOut, **READ}, auth=django_auth)
def one_link(request: HttpRequest, code: str) -> dict[str, Any]:
    """一条链路."""
    return _link(queries.link(request.call().actor, code))  # type: ignore[attr-defined]


@router.get("/events", response={200: EventPage, **READ}, auth=django_auth)
def list_events(request: HttpRequest, filters: Query[EventFilters]) -> dict[str, Any]:
    """链路事件, newest first."""
    actor = request.call().actor  # type: ignore[attr-defined]
    return _page(queries.events(actor, filters.dict()), _event)


@router.post("/links/{code}/open", response={200: QuantumLinkOut, **WRITE}, auth=django_auth)
def open_link(request: HttpRequest, code: str) -> dict[str, Any]:
    """要求建立链路; the next look of the platform (a minute at most) connects it."""
    return _link(actions.open_link(request.call(), code=code))  # type: ignore[attr-defined]


@router.post("/links/{code}/rekey", response={200: QuantumLinkOut, **WRITE}, auth=django_auth)
def rekey_link(request: HttpRequest, code: str) -> dict[str, Any]:
    """要求换密钥 before the next request."""
    return _link(actions.rekey_link(request.call(), code=code))  # type: ignore[attr-defined]


@router.post("/links/{code}/hold", response={200: QuantumLinkOut, **WRITE}, auth=django_auth)
def hold_link(request: HttpRequest, code: str, body: LinkReasonIn) -> dict[str, Any]:
    """停用量子密钥, with a reason."""
    return _link(actions.mark_fallback(request.call(), code=code, reason=body.reason))  # type: ignore[attr-defined]


@router.post("/links/{code}/allow", response={200: QuantumLinkOut, **WRITE}, auth=django_auth)
def allow_link(request: HttpRequest, code: str) -> dict[str, Any]:
    """恢复使用量子密钥."""
    return _link(actions.allow_quantum(request.call(), code=code))  # type: ignore[attr-defined]


@router.post("/links/{code}/close", response={200: QuantumLinkOut, **WRITE}, auth=django_auth)
def close_link(request: HttpRequest, code: str, body: LinkReasonIn) -> dict[str, Any]:
    """关闭链路."""
    return _link(actions.close_link(request.call(), code=code, reason=body.reason))  # type: ignore[attr-defined]
