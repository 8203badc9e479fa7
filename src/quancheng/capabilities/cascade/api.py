"""HTTP interface of cascade, below ``/api/v1/cascade/``: for people's programs; neighbours use ``protocols``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.cascade import actions, pages, queries
from quancheng.capabilities.cascade.models import Neighbour
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, NotSignedIn
from quancheng.kernel.middleware import call_of

router = Router()


class NeighbourOut(Schema):
    """A neighbour and how its feeds are."""

    code: str
    zh: str
    en: str
    kind: str
    state: str
    lateness: str
    behind: int
    equal: int
    differ: int
    heard_at: datetime | None
    simulated: bool


class NeighbourPage(Schema):
    """A page of neighbours."""

    items: list[NeighbourOut]
    next: str | None


class StreamOut(Schema):
    """One stream between this node and a neighbour."""

    kind: str
    name: str
    their_seq: int
    read: int
    given: int
    ours: int | None
    theirs: int | None
    equal: bool | None
    settled: bool | None


class WishOut(Schema):
    """A correction request."""

    id: int
    stream: str
    origin: str
    row: str
    incoming: bool
    owner: str
    state: str
    wanted: str
    deletes: bool
    note: str


class AnswerIn(Schema):
    """The answer to a correction request."""

    accepted: bool
    note: str


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


@router.get("/neighbours", response=NeighbourPage, auth=django_auth, summary="相邻节点 Neighbours")
def neighbours(
    request: HttpRequest, cursor: str = "", text: str = "", kind: str = "", state: str = ""
) -> Any:
    """Neighbours the asker may see, with their lateness and counts."""
    found = queries.neighbours(_actor(request), text=text, kind=kind, state=state)
    page = pagination.page(found, ("code",), {"cursor": cursor} if cursor else {})
    items = [
        {
            "code": one.neighbour.code, "zh": one.neighbour.zh, "en": one.neighbour.en, "kind": one.neighbour.kind,
            "state": one.neighbour.state, "lateness": one.lateness.value, "behind": one.behind, "equal": one.equal,
            "differ": one.differ, "heard_at": one.neighbour.heard_at, "simulated": one.neighbour.simulated,
        }
        for one in queries.states(list(page.items))
    ]  # fmt: skip
    return {"items": items, "next": page.next}


@router.get(
    "/neighbours/{code}/streams", response=list[StreamOut], auth=django_auth, summary="数据流 Streams"
)
def streams(request: HttpRequest, code: str) -> Any:
    """Cursors and counts of both sides."""
    actor = _actor(request)
    found = queries.readings(actor, queries.neighbour(actor, code))
    return [
        {
            "kind": one.book.kind, "name": one.book.name, "their_seq": one.reading.beat_seq, "read": one.read,
            "given": one.given, "ours": one.count.ours if one.count else None,
            "theirs": one.count.theirs if one.count else None, "equal": one.count.equal if one.count else None,
            "settled": one.count.settled if one.count else None,
        }
        for one in found
    ]  # fmt: skip


@router.post("/neighbours/{code}/{what}", auth=django_auth, summary="操作 Talk, count, pause, resume")
def command(request: HttpRequest, code: str, what: str) -> dict[str, str]:
    """``talk`` and ``count`` as jobs, ``pause`` and ``resume`` at once."""
    actor = _actor(request)
    found = queries.neighbour(actor, code)
    access.require(actor, "manage", found)
    if what in ("pause", "resume"):
        found = actions.set_state(call_of(request), code=code, paused=what == "pause")
    elif what in ("talk", "count"):
        pages.enqueue(what, found, "", "")
    else:
        raise NotFound()
    return {"code": found.code, "state": str(Neighbour.State(found.state).value)}


@router.get("/corrections", response=list[WishOut], auth=django_auth, summary="校核申请 Corrections")
def corrections(request: HttpRequest, way: str = "", state: str = "", cursor: str = "") -> Any:
    """Requests the asker may see, newest first, fifty at most."""
    found = queries.wishes(_actor(request), way=way, state=state)
    page = pagination.page(found, ("-asked_at", "-id"), {"cursor": cursor} if cursor else {})
    return [_wish(one) for one in page.items]


@router.post("/corrections/{pk}/answer", response=WishOut, auth=django_auth, summary="答复 Answer")
def answer(request: HttpRequest, pk: int, body: AnswerIn) -> Any:
    """Accepted, the row is changed as asked."""
    found = queries.wish(_actor(request), pk)
    return _wish(actions.answer_wish(call_of(request), wish=found, accepted=body.accepted, note=body.note))


def _wish(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk, "stream": one.book.name, "origin": one.row_origin, "row": one.row_local,
        "incoming": one.incoming, "owner": one.owner, "state": one.state, "wanted": one.wanted,
        "deletes": one.deletes, "note": one.note,
    }  # fmt: skip
