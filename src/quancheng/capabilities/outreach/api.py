"""HTTP interface of proactive services: /api/v1/outreach/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.outreach import actions, queries
from quancheng.capabilities.outreach.models import Hint
from quancheng.kernel.problems import READ, WRITE, Bilingual

router = Router()


class HintOut(Schema):
    id: int
    theme: str
    reason: Bilingual
    todo: Bilingual
    basis: Bilingual
    matter: str
    state: str
    told_at: datetime
    simulated: bool


class HintPage(Schema):
    items: list[HintOut]
    next: str | None
    previous: str | None


class Consents(Schema):
    general: bool
    themes: list[str] = []


class Decline(Schema):
    stop: bool = False


class FiguresOut(Schema):
    """A figure that is null is smaller than the smallest shown."""

    theme: str
    name: Bilingual
    active: bool
    entitled: int | None
    told: int | None
    applied: int | None
    declined: int | None


class Filters(Schema):
    cursor: str = ""
    size: str = ""


@router.get("/hints", response={200: HintPage, **READ}, auth=django_auth, summary="我的提示 My hints")
def hints(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    page = queries.my_hints(request.actor, filters.dict())  # type: ignore[attr-defined]
    return {"items": [_hint(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.post(
    "/hints/{pk}/decline", response={200: HintOut, **WRITE}, auth=django_auth, summary="不需要 Decline"
)
def decline(request: HttpRequest, pk: int, payload: Decline) -> dict[str, Any]:
    queries.require_person(request.actor)  # type: ignore[attr-defined]
    found = queries.my_hint(request.actor, pk)  # type: ignore[attr-defined]
    return _hint(actions.decline_hint(request.call(), hint=found, stop=payload.stop))  # type: ignore[attr-defined]


@router.get("/consents", response={200: Consents, **READ}, auth=django_auth, summary="我的同意 My consents")
def consents(request: HttpRequest) -> dict[str, Any]:
    general, agreed = queries.my_consents(request.actor)  # type: ignore[attr-defined]
    return {"general": general, "themes": sorted(agreed)}


@router.put(
    "/consents", response={200: Consents, **WRITE}, auth=django_auth, summary="改变同意 Change consents"
)
def change(request: HttpRequest, payload: Consents) -> dict[str, Any]:
    queries.require_person(request.actor)  # type: ignore[attr-defined]
    actions.set_consents(request.call(), general=payload.general, agreed=payload.themes)  # type: ignore[attr-defined]
    return consents(request)


@router.get(
    "/themes",
    response={200: list[FiguresOut], **READ},
    auth=django_auth,
    summary="主题统计 Figures of themes",
)
def themes(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "theme": row.theme.code, "name": row.theme.content["name"], "active": row.theme.active,
            "entitled": row.entitled, "told": row.told, "applied": row.applied, "declined": row.declined,
        }
        for row in queries.figures(request.actor)  # type: ignore[attr-defined]
    ]  # fmt: skip


def _hint(one: Hint) -> dict[str, Any]:
    spec = one.theme.spec
    return {
        "id": one.pk, "theme": one.theme.code, "reason": one.reason, "todo": spec.todo.model_dump(),
        "basis": spec.basis.model_dump(), "matter": spec.matter, "state": one.state, "told_at": one.told_at,
        "simulated": one.simulated,
    }  # fmt: skip
