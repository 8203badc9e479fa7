"""HTTP interface of supervision, for the auditor only: entries, checkpoints, set-aside deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.protect import queries
from quancheng.capabilities.protect.forms import AuditFilter, DeliveryFilter, SealFilter
from quancheng.kernel import pagination
from quancheng.kernel.middleware import call_of

router = Router(auth=django_auth)


class PageParams(Schema):
    """Cursor and size."""

    cursor: str = ""
    size: str = ""


class EntryParams(PageParams):
    """Filters of entries; days are local, both included."""

    actor: str = ""
    verb: str = ""
    object: str = ""
    stream: str = ""
    since: str = ""
    until: str = ""


class SealParams(PageParams):
    """Filter of checkpoints."""

    stream: str = ""


class DeliveryParams(PageParams):
    """Filters of deliveries."""

    type: str = ""
    subject: str = ""
    subscriber: str = ""


class EntryOut(Schema):
    """审计记录 without its details: those are read one by one, and each reading is audited."""

    stream: str
    sequence: int
    time: datetime
    action: str
    verb: str
    object_ref: str
    outcome: str
    actor_kind: str
    actor_name: str
    module: str
    simulated: bool
    previous: str
    hash: str


class CheckpointOut(Schema):
    """检查点."""

    stream: str
    size: int
    root: str
    note: str
    created_at: datetime


class DeliveryOut(Schema):
    """搁置的投递."""

    id: int
    event_id: str
    type: str
    subject: str
    subscriber: str
    attempts: int
    crashes: int
    last_error: str
    created_at: datetime

    @staticmethod
    def resolve_event_id(row: Any) -> str:
        return str(row.event_id)


class EntryPage(Schema):
    """A page of entries."""

    items: list[EntryOut]
    next: str | None
    previous: str | None


class CheckpointPage(Schema):
    """A page of checkpoints."""

    items: list[CheckpointOut]
    next: str | None
    previous: str | None


class DeliveryPage(Schema):
    """A page of deliveries."""

    items: list[DeliveryOut]
    next: str | None
    previous: str | None


@router.get("entries", response=EntryPage, summary="审计记录 Audit entries")
def entries(request: HttpRequest, params: Query[EntryParams]) -> Any:
    """Entries newest first."""
    actor = call_of(request).actor
    queries.entries(actor)
    narrowing = AuditFilter(params.dict()).narrowing(strict=True)
    return _answer(queries.page(queries.entries(actor, **narrowing), queries.NEWEST_FIRST, params.dict()))


@router.get("checkpoints", response=CheckpointPage, summary="检查点 Signed checkpoints")
def checkpoints(request: HttpRequest, params: Query[SealParams]) -> Any:
    """Checkpoints newest first, with their signed notes."""
    actor = call_of(request).actor
    queries.checkpoints(actor)
    narrowing = SealFilter(params.dict()).strictly()
    return _answer(queries.page(queries.checkpoints(actor, **narrowing), queries.NEWEST_FIRST, params.dict()))


@router.get("deliveries", response=DeliveryPage, summary="搁置的投递 Set-aside deliveries")
def deliveries(request: HttpRequest, params: Query[DeliveryParams]) -> Any:
    """Deliveries given up, newest first, with the reason."""
    actor = call_of(request).actor
    queries.dead_deliveries(actor)
    narrowing = DeliveryFilter(params.dict()).strictly()
    found = queries.dead_deliveries(actor, **narrowing)
    return _answer(queries.page(found, queries.NEWEST_FIRST, params.dict()))


def _answer(found: pagination.Page[Any]) -> dict[str, Any]:
    return {"items": found.items, "next": found.next, "previous": found.previous}
