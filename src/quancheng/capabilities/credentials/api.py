"""HTTP interface: /api/v1/credentials/. Wallets speak the protocols of ``protocols.py``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.credentials import queries
from quancheng.kernel.problems import Problem

router = Router()


class IssuedOut(Schema):
    licence: str
    type: str
    issued_at: datetime
    expires_at: datetime
    stopped_at: datetime | None
    status_index: int


class IssuedPage(Schema):
    items: list[IssuedOut]
    next: str | None
    previous: str | None


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)


@router.get(
    "/mine",
    auth=django_auth,
    response={200: IssuedPage, 401: Problem, 422: Problem},
    summary="我的凭证 My credentials",
)
def mine(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    page = queries.mine(request.actor, paging.dict())  # type: ignore[attr-defined]
    rows = [
        {"licence": one.licence.number, "type": one.licence.type.code, "issued_at": one.issued_at,
         "expires_at": one.expires_at, "stopped_at": one.stopped_at, "status_index": one.status_index}
        for one in page.items
    ]  # fmt: skip
    return {"items": rows, "next": page.next, "previous": page.previous}
