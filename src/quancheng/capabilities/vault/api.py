"""接口: a person's own vault, and verification for anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.vault import actions, queries
from quancheng.capabilities.vault.models import DataRequest, Use
from quancheng.kernel.problems import Bilingual, Problem

router = Router()


class NamedItem(Schema):
    code: str
    zh: str
    en: str


class DataRequestOut(Schema):
    """数据请求."""

    number: str
    recipient: Bilingual
    purpose: str
    basis: str
    items: list[NamedItem]
    mode: str
    until: datetime
    answer_by: datetime
    state: str
    uses: int
    simulated: bool


class DataUseOut(Schema):
    """使用."""

    number: str
    request: str
    recipient: Bilingual
    purpose: str
    items: list[NamedItem]
    at: datetime
    receipt: str
    simulated: bool


class RequestPage(Schema):
    items: list[DataRequestOut]
    next: str | None
    previous: str | None


class UsePage(Schema):
    items: list[DataUseOut]
    next: str | None
    previous: str | None


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)
    state: str = Field("", max_length=20)
    q: str = Field("", max_length=100)


class GrantIn(Schema):
    items: list[str] = Field(min_length=1, max_length=100)
    mode: str
    until: datetime


class GrantReasonIn(Schema):
    reason: str = Field("", max_length=300)


class ReceiptIn(Schema):
    receipt: str = Field(min_length=2, max_length=500_000)


class ReceiptVerdictOut(Schema):
    """核验结果: what the receipt says, as far as signatures carry it."""

    number: str
    recipient: Bilingual
    purpose: str
    items: list[NamedItem]
    at: datetime
    countersigned: bool
    allowed: bool
    witnesses: list[str] | None


_ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def _request(row: DataRequest) -> dict[str, Any]:
    return {
        "number": row.number, "recipient": row.recipient.name, "purpose": row.purpose, "basis": row.basis,
        "items": row.items, "mode": row.mode, "until": row.until, "answer_by": row.answer_by,
        "state": row.state.value, "uses": row.uses, "simulated": row.simulated,
    }  # fmt: skip


def _use(row: Use) -> dict[str, Any]:
    return {
        "number": row.number, "request": row.request.number, "recipient": row.recipient.name,
        "purpose": row.request.purpose, "items": row.items, "at": row.at,
        "receipt": queries.receipt_file(row).decode(), "simulated": row.simulated,
    }  # fmt: skip


def _actor(request: HttpRequest) -> Any:
    return queries.require_person(request.actor)  # type: ignore[attr-defined]


@router.get(
    "/requests",
    auth=django_auth,
    response={200: RequestPage, **_ERRORS},
    summary="谁要我的数据 Requests to me",
)
def my_requests(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    page = queries.my_requests(_actor(request), paging.dict())
    return {"items": [_request(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.post(
    "/requests/{number}/grant",
    auth=django_auth,
    response={200: DataRequestOut, **_ERRORS},
    summary="授权 Grant",
)
def give(request: HttpRequest, number: str, body: GrantIn) -> dict[str, Any]:
    row = queries.my_request(_actor(request), number)
    actions.grant_request(request.call(), request=row, items=body.items, mode=body.mode, until=body.until)  # type: ignore[attr-defined]
    return _request(queries.my_request(_actor(request), number))


@router.post(
    "/requests/{number}/refuse",
    auth=django_auth,
    response={200: DataRequestOut, **_ERRORS},
    summary="拒绝 Refuse",
)
def refuse(request: HttpRequest, number: str, body: GrantReasonIn) -> dict[str, Any]:
    row = queries.my_request(_actor(request), number)
    actions.refuse_request(request.call(), request=row, reason=body.reason)  # type: ignore[attr-defined]
    return _request(queries.my_request(_actor(request), number))


@router.post(
    "/requests/{number}/withdraw",
    auth=django_auth,
    response={200: DataRequestOut, **_ERRORS},
    summary="撤回 Withdraw",
)
def withdraw(request: HttpRequest, number: str, body: GrantReasonIn) -> dict[str, Any]:
    row = queries.my_request(_actor(request), number)
    actions.withdraw_grant(request.call(), request=row, reason=body.reason)  # type: ignore[attr-defined]
    return _request(queries.my_request(_actor(request), number))


@router.get(
    "/uses",
    auth=django_auth,
    response={200: UsePage, **_ERRORS},
    summary="谁用过 Uses of my data, with receipts",
)
def my_uses(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    page = queries.my_uses(_actor(request), paging.dict())
    return {"items": [_use(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.post(
    "/verify",
    auth=None,
    response={200: ReceiptVerdictOut, 422: Problem},
    summary="核验回执 Verify a receipt (public)",
)
def verify(request: HttpRequest, body: ReceiptIn) -> dict[str, Any]:
    found = queries.verify(body.receipt.encode())
    shown = found.shown
    return {
        "number": shown.number, "recipient": shown.name.to_dict(), "purpose": shown.purpose,
        "items": [{"code": one.code, **one.name.to_dict()} for one in shown.items], "at": shown.at,
        "countersigned": found.countersigned, "allowed": found.allowed,
        "witnesses": sorted(found.witnesses) if found.witnesses is not None else None,
    }  # fmt: skip
