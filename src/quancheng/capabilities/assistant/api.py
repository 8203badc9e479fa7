"""HTTP interface of the assistant: /api/v1/assistant/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.assistant import actions, queries
from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.kernel.actor import Actor
from quancheng.kernel.problems import READ, WRITE

router = Router()


class Words(Schema):
    zh: str
    en: str


class PointOut(Schema):
    """审查要点."""

    id: int
    point: str
    name: Words
    outcome: str = Field(description="pass | fail | person-decides")
    confidence: float
    reason: Words
    box: list[int] | None = Field(description="left, top, right, bottom")
    read: str
    expected: str
    cut: str | None = Field(description="address of the cut-out")
    decided: str
    decided_reason: str


class ReadingOut(Schema):
    """读取."""

    id: int
    receipt: str
    material: Words
    state: str
    type: str
    type_score: float
    worst: str
    reason: dict[str, str]
    asked_at: str
    points: list[PointOut] = []


class ReadingPage(Schema):
    items: list[ReadingOut]
    next: str | None
    previous: str | None


class ReadingFilters(Schema):
    q: str = Field("", max_length=60)
    state: str = Field("", max_length=10)
    outcome: str = Field("", max_length=20)
    type: str = Field("", max_length=40)
    cursor: str = Field("", max_length=2000)
    size: int = Field(25, ge=1, le=200)


class JudgementIn(Schema):
    outcome: str = Field(max_length=16, description="pass | fail")
    reason: str = Field("", max_length=300)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


@router.get(
    "/readings",
    response={200: ReadingPage, **READ},
    auth=django_auth,
    summary="材料读取列表 Readings of my departments",
)
def readings(request: HttpRequest, filters: Query[ReadingFilters]) -> dict[str, Any]:
    page = queries.page(_actor(request), filters.dict())
    return {"items": [_reading(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/cases/{receipt}",
    response={200: list[ReadingOut], **READ},
    auth=django_auth,
    summary="一个办件的审查要点 Review points of a case",
)
def case(request: HttpRequest, receipt: str) -> list[dict[str, Any]]:
    found = queries.case_of(_actor(request), receipt.replace("\x00", ""))
    return [
        _reading(one) | {"points": [_point(each) for each in one.points.all()]}
        for one in queries.readings(_actor(request), found.receipt)
    ]


@router.post(
    "/points/{pk}/judgement",
    response={200: PointOut, **WRITE},
    auth=django_auth,
    summary="人工判断 Judge a point",
)
def judge(request: HttpRequest, pk: int, body: JudgementIn) -> dict[str, Any]:
    found = queries.point(_actor(request), _id(pk))
    done = actions.judge_point(
        request.call(),  # type: ignore[attr-defined]
        point=found,
        outcome=body.outcome,
        reason=body.reason,
    )
    return _point(done)


@router.post(
    "/readings/{pk}/retry",
    response={200: ReadingOut, **WRITE},
    auth=django_auth,
    summary="重新读取 Read again what failed",
)
def retry(request: HttpRequest, pk: int) -> dict[str, Any]:
    found = queries.reading(_actor(request), _id(pk))
    return _reading(actions.retry_reading(request.call(), reading=found))  # type: ignore[attr-defined]


def _id(pk: int) -> int:
    """A number the database can hold; others are nobody's."""
    return pk if 0 <= pk < 2**63 else 0


def _reading(one: Reading) -> dict[str, Any]:
    return {
        "id": one.pk, "receipt": one.receipt, "material": one.material_name, "state": one.state, "type": one.type,
        "type_score": one.type_score, "worst": one.worst, "reason": one.reason,
        "asked_at": one.asked_at.isoformat(),
    }  # fmt: skip


def _point(one: ReviewPoint) -> dict[str, Any]:
    return {
        "id": one.pk, "point": one.key, "name": one.text.to_dict(), "outcome": one.outcome,
        "confidence": one.confidence, "reason": one.reason, "box": one.box, "read": one.read,
        "expected": one.expected, "cut": f"/work/assistant/points/{one.pk}/cut/" if one.cut else None,
        "decided": one.decided, "decided_reason": one.decided_reason,
    }  # fmt: skip
