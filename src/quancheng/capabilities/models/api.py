"""HTTP interface of the registry: /api/v1/models/. Reads only; files are added at the desk by actions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.models import queries
from quancheng.kernel.problems import Bilingual, Problem

router = Router()


class ModelOut(Schema):
    code: str
    name: Bilingual
    purpose: Bilingual
    organ: str
    licence: str
    risk: str
    uses: list[str]
    simulated: bool


class ModelPage(Schema):
    items: list[ModelOut]
    next: str | None
    previous: str | None


class VersionOut(Schema):
    """``share``: per cent of calls; ``facts``: what the trial load in a limited process found."""

    number: int
    sha256: str
    state: str
    share: int
    facts: dict[str, Any]
    provenance: str
    made_at: datetime
    approved_at: datetime | None
    activated_at: datetime | None


class Filters(Schema):
    q: str = ""
    risk: str = ""
    cursor: str = ""
    size: str = ""


ERRORS = {401: Problem, 403: Problem, 404: Problem, 422: Problem}


@router.get("/models", response={200: ModelPage, **ERRORS}, auth=django_auth, summary="模型 Models")
def models(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    page = queries.models(request.actor, filters.dict())  # type: ignore[attr-defined]
    items = [
        {
            "code": one.code,
            "name": one.name,
            "purpose": one.purpose,
            "organ": one.organ.code,
            "licence": one.licence,
            "risk": one.risk,
            "uses": one.uses,
            "simulated": one.simulated,
        }
        for one in page.items
    ]
    return {"items": items, "next": page.next, "previous": page.previous}


@router.get(
    "/models/{code}/versions",
    response={200: list[VersionOut], **ERRORS},
    auth=django_auth,
    summary="模型版本 Versions",
)
def versions(request: HttpRequest, code: str) -> list[Any]:
    return queries.versions(request.actor, code)  # type: ignore[attr-defined]
