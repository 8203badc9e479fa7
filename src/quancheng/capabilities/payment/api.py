"""HTTP interface of unified payment: /api/v1/payment/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.payment import actions, queries
from quancheng.capabilities.payment.models import PaymentOrder
from quancheng.core.payment import Amount
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.problems import READ, Bilingual, Problem

router = Router()


WRITE = {**READ, 409: Problem, 502: Problem}


class LineOut(Schema):
    """Amounts in whole fen."""

    item: str
    label: Bilingual
    fen: int


class OrderOut(Schema):
    number: str
    title: Bilingual
    organ: str
    fen: int
    state: str
    lines: list[LineOut]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    simulated: bool


class OrderPage(Schema):
    items: list[OrderOut]
    next: str | None
    previous: str | None


class Filters(Schema):
    q: str = ""
    state: str = ""
    organ: str = ""
    cursor: str = ""
    size: str = ""


class PayIn(Schema):
    channel: str


class PayOut(Schema):
    attempt: str


class RefundIn(Schema):
    """``fen``: whole fen, at least 1."""

    fen: int
    reason: str


class RefundOut(Schema):
    number: str
    fen: int
    state: str


@router.get("/orders", response={200: OrderPage, **READ}, auth=django_auth, summary="缴款订单 Orders")
def orders(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    page = queries.orders(request.actor, filters.dict())  # type: ignore[attr-defined]
    return {"items": [_order(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/orders/{number}", response={200: OrderOut, **READ}, auth=django_auth, summary="一笔订单 One order"
)
def order(request: HttpRequest, number: str) -> dict[str, Any]:
    return _order(queries.order(request.actor, number))  # type: ignore[attr-defined]


@router.post(
    "/orders/{number}/attempts",
    response={200: PayOut, **WRITE},
    auth=django_auth,
    summary="去缴款 Begin to pay",
)
def pay(request: HttpRequest, number: str, payload: PayIn) -> dict[str, Any]:
    queries.order(request.actor, number)  # type: ignore[attr-defined]
    call = request.call()  # type: ignore[attr-defined]
    return {"attempt": actions.start_payment(call, number=number, channel=payload.channel)}


@router.post(
    "/orders/{number}/refunds",
    response={200: RefundOut, **WRITE},
    auth=django_auth,
    summary="申请退款 Ask for a refund",
)
def refund(request: HttpRequest, number: str, payload: RefundIn) -> dict[str, Any]:
    queries.order(request.actor, number)  # type: ignore[attr-defined]
    if not 0 < payload.fen < 10**12:
        said = Text("金额须为正整数分", "a positive number of fen")
        raise InvalidInput(Text("退款金额无效。", "The amount is none."), fields={"fen": said})
    call = request.call()  # type: ignore[attr-defined]
    case = actions.request_refund(call, number=number, amount=Amount(payload.fen), reason=payload.reason)
    return {"number": case.number, "fen": case.fen, "state": case.state}


def _order(row: PaymentOrder) -> dict[str, Any]:
    return {
        "number": row.number, "title": row.title, "organ": row.organ.code, "fen": row.fen, "state": row.state,
        "lines": [
            {"item": one.item, "label": one.label.to_dict(), "fen": one.amount.fen} for one in row.order.lines
        ],
        "created_at": row.created_at, "expires_at": row.expires_at, "paid_at": row.paid_at,
        "simulated": row.simulated,
    }  # fmt: skip
