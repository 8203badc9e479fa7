"""HTTP interface of messages: /api/v1/messages/."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.messages import actions, queries
from quancheng.capabilities.messages.models import Message
from quancheng.kernel.problems import Bilingual, Problem

router = Router(auth=django_auth)


class MessageOut(Schema):
    """消息."""

    id: int
    kind: str
    title: Bilingual
    body: Bilingual
    link: str
    created_at: datetime
    read_at: datetime | None
    simulated: bool


class MessagePage(Schema):
    items: list[MessageOut]
    next: str | None
    previous: str | None


class Count(Schema):
    count: int


class Filters(Schema):
    unread: bool = False
    kind: str = Field("", max_length=10)
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)


@router.get("/", response={200: MessagePage, 401: Problem, 422: Problem}, summary="我的消息 My messages")
def listing(request: HttpRequest, filters: Query[Filters]) -> Any:
    params = {
        "unread": "1" if filters.unread else "",
        "kind": filters.kind,
        "cursor": filters.cursor,
        "size": filters.size,
    }
    return queries.messages_of(request.actor, params)  # type: ignore[attr-defined]


@router.get("/unread", response={200: Count, 401: Problem}, summary="未读数 Unread count (at most 100)")
def unread(request: HttpRequest) -> dict[str, int]:
    return {"count": queries.unread_count(request.actor)}  # type: ignore[attr-defined]


@router.post("/read-all", response={200: Count, 401: Problem, 403: Problem}, summary="全部已读 Mark all read")
def read_all(request: HttpRequest) -> dict[str, int]:
    return {"count": actions.mark_all_read(request.call())}  # type: ignore[attr-defined]


@router.post(
    "/{pk}/read",
    response={200: MessageOut, 401: Problem, 403: Problem, 404: Problem, 422: Problem},
    summary="标为已读 Mark one read",
)
def read(request: HttpRequest, pk: int) -> Message:
    found = queries.message(request.actor, pk)  # type: ignore[attr-defined]
    return actions.mark_read(request.call(), message=found)  # type: ignore[attr-defined]
