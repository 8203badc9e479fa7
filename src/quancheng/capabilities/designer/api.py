"""HTTP interface of the designer: /api/v1/designer/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.designer import actions, checking, queries
from quancheng.capabilities.designer.models import MatterDraft
from quancheng.core.text import Text
from quancheng.kernel.problems import READ, Bilingual, Problem

router = Router()


class DraftOut(Schema):
    id: int
    code: str
    name: Bilingual
    state: str
    revision: int
    base_version: int | None
    published_version: int | None


class DraftPage(Schema):
    items: list[DraftOut]
    next: str | None
    previous: str | None


class TroubleOut(Schema):
    part: str
    element: str
    text: Bilingual
    blocks: bool
    example: str


class ContentIn(Schema):
    content: dict[str, Any]
    revision: int = 0
    part: str = "basic"


class ReleaseProposeIn(Schema):
    revision: int
    note: str


class RevisionIn(Schema):
    revision: int


WRITE = {**READ, 409: Problem, 413: Problem}


def _out(one: MatterDraft) -> DraftOut:
    return DraftOut(
        id=one.pk, code=one.code, name=Bilingual(**Text.of(one.name).to_dict()), state=one.state, revision=one.revision,
        base_version=one.base_version, published_version=one.published_version,
    )  # fmt: skip


@router.get("/drafts", response={200: DraftPage, **READ}, auth=django_auth)
def drafts(request: HttpRequest, q: str = "", state: str = "", cursor: str = "") -> DraftPage:
    """A page of drafts of the asker's departments."""
    page = queries.drafts(request.actor, {"q": q, "state": state, **({"cursor": cursor} if cursor else {})})  # type: ignore[attr-defined]
    return DraftPage(items=[_out(one) for one in page.items], next=page.next, previous=page.previous)


@router.post("/drafts", response={201: DraftOut, **WRITE}, auth=django_auth)
def begin(request: HttpRequest, body: ContentIn) -> tuple[int, DraftOut]:
    """A new draft of this content."""
    return 201, _out(actions.begin_draft(request.call(), content_=body.content))  # type: ignore[attr-defined]


@router.get("/drafts/{int:pk}", response={200: dict[str, Any], **READ}, auth=django_auth)
def draft(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One draft with its content."""
    found = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    return {**_out(found).dict(), "content": found.content}


@router.put("/drafts/{int:pk}", response={200: DraftOut, **WRITE}, auth=django_auth)
def save(request: HttpRequest, pk: int, body: ContentIn) -> DraftOut:
    """Save the whole content; a stale ``revision`` is a conflict."""
    found = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    part = (
        body.part if body.part in {"basic", "conditions", "materials", "form", "tables", "flow"} else "basic"
    )
    call = request.call()  # type: ignore[attr-defined]
    return _out(
        actions.save_draft(call, draft=found, content_=body.content, part=part, revision=body.revision)
    )


@router.get("/drafts/{int:pk}/troubles", response={200: list[TroubleOut], **READ}, auth=django_auth)
def troubles(request: HttpRequest, pk: int) -> list[TroubleOut]:
    """What keeps a draft from being published, and warnings."""
    found = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    return [
        TroubleOut(part=one.part.value, element=one.element, text=Bilingual(**one.text.to_dict()), blocks=one.blocks, example=one.example)
        for one in checking.troubles(found.content)
    ]  # fmt: skip


@router.post("/drafts/{int:pk}/propose", response={200: DraftOut, **WRITE}, auth=django_auth)
def propose(request: HttpRequest, pk: int, body: ReleaseProposeIn) -> DraftOut:
    """Propose a draft for publication."""
    found = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    return _out(actions.propose_draft(request.call(), draft=found, revision=body.revision, note=body.note))  # type: ignore[attr-defined]


@router.post("/drafts/{int:pk}/publish", response={200: DraftOut, **WRITE}, auth=django_auth)
def publish(request: HttpRequest, pk: int, body: RevisionIn) -> DraftOut:
    """Publish a proposed draft, as another person than the proposer."""
    found = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    return _out(actions.publish_draft(request.call(), draft=found, revision=body.revision))  # type: ignore[attr-defined]
