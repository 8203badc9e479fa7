"""HTTP interface of the catalogue, below ``/api/v1/catalogue/``; strangers read what is public."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.catalogue import actions, queries
from quancheng.capabilities.catalogue.models import Demand
from quancheng.capabilities.catalogue.values import EntryInfo, Filters
from quancheng.core.catalogue import plain, show
from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router()
_MOST = 100


class CatalogueEntry(Schema):
    """An entry as the caller may see it."""

    entry_id: str
    code: str
    organ: str
    state: str
    live: bool
    version: str
    hidden_items: int
    simulated: bool
    resource: dict[str, Any]


class CatalogueFound(Schema):
    """A page of hits with counts by facet."""

    total: int
    widened: bool
    next: str | None
    facets: dict[str, list[tuple[str, int]]]
    items: list[CatalogueEntry]


class CatalogueVersion(Schema):
    """A published version."""

    number: int
    version: str
    digest: str
    impact: str
    at: datetime
    resource: dict[str, Any]


class CatalogueChange(Schema):
    """One change between two versions."""

    path: str
    kind: str
    impact: str
    before: Any
    after: Any


class CatalogueDemand(Schema):
    """A demand."""

    number: str
    name: str
    organ: str
    target: str
    state: str
    answer: str
    asked_at: datetime


class CatalogueComparison(Schema):
    """The duty list of an organ against the catalogue."""

    organ: str
    covered: dict[str, list[str]]
    missing: list[str]
    exempt: list[str]
    unfounded: list[str]


class CatalogueEntryIn(Schema):
    """An entry to draft: the values of core.catalogue.Resource."""

    resource: dict[str, Any]


@router.get("/entries", response=CatalogueFound, summary="检索目录 Search the catalogue")
def entries(
    request: HttpRequest,
    q: str = "",
    organ: str = "",
    classes: str = "",
    share: str = "",
    openness: str = "",
    cycle: str = "",
    formats: str = "",
    cursor: str = "",
    size: int = 20,
) -> CatalogueFound:
    """Words (bigrams, "phrases", -without, begin*) and filters; the facets count all hits."""
    if not 1 <= size <= _MOST or len(q) > 200:
        raise InvalidInput()
    wanted = Filters(organ, classes, share, openness, cycle, formats)
    found = queries.search(call_of(request).actor, q, wanted, size=size, cursor=cursor)
    facets = {name: [tuple(one) for one in rows] for name, rows in found.facets.items()}
    items = [_entry(hit.entry) for hit in found.hits]
    return CatalogueFound(
        total=found.total, widened=found.widened, next=found.next, facets=facets, items=items
    )


@router.post("/entries", response=CatalogueEntry, auth=django_auth, summary="登记条目 Draft an entry")
def create(request: HttpRequest, body: CatalogueEntryIn) -> CatalogueEntry:
    """A draft of one's own organ; faults that stop reading are refused with their fields."""
    call = call_of(request)
    made = actions.create_entry(call, resource=body.resource)
    return _entry(queries.entry(call.actor, made.entry_id))


@router.get("/entries/{entry_id}", response=CatalogueEntry, summary="一个条目 One entry")
def entry(request: HttpRequest, entry_id: str) -> CatalogueEntry:
    """By its id, or by its code with the slash written as it is in `code` of the list."""
    return _entry(queries.entry(call_of(request).actor, entry_id))


@router.get("/entries/{entry_id}/versions", response=list[CatalogueVersion], summary="版本 Versions")
def versions(request: HttpRequest, entry_id: str) -> list[CatalogueVersion]:
    """Published versions, the newest first; digests are of the whole version."""
    return [
        CatalogueVersion(
            number=one.number, version=one.version, digest=one.digest, impact=one.impact, at=one.at,
            resource=plain(one.resource),
        )
        for one in queries.versions(call_of(request).actor, entry_id)
    ]  # fmt: skip


@router.get(
    "/entries/{entry_id}/changes", response=list[CatalogueChange], summary="版本差异 Changes between versions"
)
def changes(request: HttpRequest, entry_id: str, before: int, after: int) -> list[CatalogueChange]:
    """What changed from one version to another, the strongest impact first."""
    found = queries.difference(call_of(request).actor, entry_id, before, after)
    return [
        CatalogueChange(
            path=show(one.path) if len(one.path) != 2 else f"{one.path[0]}[{one.path[1]}]",
            kind=one.kind.value, impact=one.impact.value, before=one.before, after=one.after,
        )
        for one in found.changes
    ]  # fmt: skip


@router.get("/demands", response=list[CatalogueDemand], auth=django_auth, summary="需求清单 Demands")
def demands(request: HttpRequest, state: str = "", cursor: str = "", size: int = 50) -> list[CatalogueDemand]:
    """Demands the caller may see, the newest first."""
    rows = queries.demands(call_of(request).actor, state=state)
    page = pagination.page(rows, ("-id",), {"cursor": cursor, "size": size})
    return [_demand(one) for one in page]


@router.get(
    "/duties/{organ}", response=CatalogueComparison, auth=django_auth, summary="权责比对 Duties compared"
)
def duties(request: HttpRequest, organ: str) -> CatalogueComparison:
    """Codes of duties and entries; by what the caller may see."""
    found = queries.comparison(call_of(request).actor, organ)
    covered = {code: list(entries) for code, entries in found.covered}
    return CatalogueComparison(
        organ=organ, covered=covered, missing=list(found.missing), exempt=list(found.exempt),
        unfounded=list(found.unfounded),
    )  # fmt: skip


def _entry(one: EntryInfo) -> CatalogueEntry:
    return CatalogueEntry(
        entry_id=str(one.entry_id), code=one.code, organ=one.organ, state=one.state, live=one.live,
        version=one.resource.version, hidden_items=one.hidden, simulated=one.simulated, resource=plain(one.resource),
    )  # fmt: skip


def _demand(one: Demand) -> CatalogueDemand:
    return CatalogueDemand(
        number=one.number, name=one.name, organ=one.organ.code, target=one.target.code if one.target else "",
        state=one.state, answer=one.answer, asked_at=one.asked_at,
    )  # fmt: skip
