"""HTTP interface of licences: /api/v1/trust/."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.trust import actions, queries
from quancheng.capabilities.trust.models import Licence
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.problems import Bilingual, Problem

router = Router()


class ItemOut(Schema):
    label: Bilingual
    value: str


class LicenceOut(Schema):
    """证照."""

    number: str
    type: str
    name: Bilingual
    holder: str
    issuer: Bilingual
    issued_at: datetime
    valid_from: date
    valid_to: date | None
    status: str
    items: list[ItemOut]
    verification_url: str
    commitment: str
    simulated: bool


class LicencePage(Schema):
    items: list[LicenceOut]
    next: str | None
    previous: str | None


class VerdictOut(Schema):
    """核验结果: minimal data; holder and number masked."""

    outcome: str
    text: Bilingual
    type: Bilingual | None
    number: str
    holder: str
    issuer: Bilingual | None
    valid_from: date | None
    valid_to: date | None
    simulated: bool


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)


class Revocation(Schema):
    reason: str = Field(min_length=1, max_length=300)


def _out(found: Licence) -> dict[str, Any]:
    return {
        "number": found.number, "type": found.type.code, "name": found.type.name,
        "holder": found.holder_name, "issuer": found.issued_by.text.to_dict(),
        "issued_at": found.issued_at, "valid_from": found.valid_from, "valid_to": found.valid_to,
        "status": found.state.value,
        "items": [{"label": row["label"].to_dict(), "value": row["value"]}
                  for row in queries.card_rows(found)],
        "verification_url": queries.verification_url(found), "commitment": found.commitment,
        "simulated": found.simulated,
    }  # fmt: skip


def _text(value: Text | None) -> dict[str, str] | None:
    return value.to_dict() if value else None


@router.get(
    "/licences",
    auth=django_auth,
    response={200: LicencePage, 401: Problem, 422: Problem},
    summary="我的证照 My licences",
)
def my_licences(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    page = pagination.page(queries.wallet(request.actor), queries.ORDER, paging.dict())  # type: ignore[attr-defined]
    return {"items": [_out(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/licences/{number}",
    auth=django_auth,
    response={200: LicenceOut, 401: Problem, 404: Problem},
    summary="一张证照 One licence",
)
def one_licence(request: HttpRequest, number: str) -> dict[str, Any]:
    return _out(queries.licence(request.actor, number))  # type: ignore[attr-defined]


@router.post(
    "/licences/{number}/revoke",
    auth=django_auth,
    response={200: LicenceOut, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="撤销证照 Revoke (issuing department)",
)
def revoke(request: HttpRequest, number: str, body: Revocation) -> dict[str, Any]:
    found = queries.licence(request.actor, number)  # type: ignore[attr-defined]
    return _out(actions.revoke_licence(request.call(), licence=found, reason=body.reason))  # type: ignore[attr-defined]


@router.get("/verify/{code}", response=VerdictOut, summary="核验证照 Verify a code (public)")
def verify(request: HttpRequest, code: str) -> dict[str, Any]:
    verdict = queries.verify(request.actor, code)  # type: ignore[attr-defined]
    if verdict.type is not None:
        found = queries.by_code(request.actor, code)  # type: ignore[attr-defined]
        actions.count_look(request.call(), licence=found, way="code")  # type: ignore[attr-defined]
    return {
        "outcome": verdict.outcome, "text": verdict.text.to_dict(), "type": _text(verdict.type),
        "number": verdict.number, "holder": verdict.holder, "issuer": _text(verdict.issuer),
        "valid_from": verdict.valid_from, "valid_to": verdict.valid_to, "simulated": verdict.simulated,
    }  # fmt: skip
