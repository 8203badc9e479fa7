"""Reads of the catalogue. Everything starts from ``access.visible``, but for what says that it is trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db.models import Q, QuerySet

from quancheng.capabilities.catalogue import duty_queries, facets, fulltext, redaction
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Demand, Entry, Link, State, Step, Version
from quancheng.capabilities.catalogue.values import (
    Difference,
    EntryInfo,
    Filters,
    Found,
    Hit,
    Part,
    VersionInfo,
)
from quancheng.core.catalogue import (
    Branch,
    Finding,
    Query,
    Resource,
    View,
    changes,
    check,
    excerpt,
    impact_of,
    parse,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import InvalidInput, NotFound

_MOST = 200
rate = duty_queries.rate
comparison = duty_queries.comparison
duties = duty_queries.duties
duty_organs = duty_queries.organs


# -- entries ----------------------------------------------------------------------------------
def rows(actor: Actor) -> QuerySet[Entry]:
    """Entries the actor may see, with their organ."""
    found: QuerySet[Entry] = access.visible(actor, Entry).select_related("organ")
    return found


def row(actor: Actor, code_or_id: str | UUID) -> Entry:
    """One visible entry by code or id; raises NotFound."""
    found = rows(actor).filter(_named(code_or_id)).first()
    if found is None:
        raise NotFound()
    return found


def entry(actor: Actor, code_or_id: str | UUID) -> EntryInfo:
    """One entry as the actor may see it; raises NotFound."""
    return infos(actor, [row(actor, code_or_id)])[0]


def entries(
    actor: Actor,
    *,
    organ: str = "",
    live: bool | None = None,
    share: str = "",
    limit: int = 1000,
    after: str = "",
) -> list[EntryInfo]:
    """Entries as the actor may see them, by code; ``after`` is the last code of the page before."""
    found = rows(actor).filter(code__gt=after).order_by("code")
    if organ:
        found = found.filter(organ__code=organ)
    if live is not None:
        found = found.filter(live=live)
    if share:
        found = found.filter(share=share)
    return infos(actor, list(found[:limit]))


def public_entry(code_or_id: str | UUID) -> EntryInfo:
    """What a stranger reads of one entry; raises NotFound for all that is not public."""
    return entry(Actor.anonymous(), code_or_id)


def public_entries(*, limit: int = 1000, after: str = "") -> list[EntryInfo]:
    """What strangers read, by code."""
    return entries(Actor.anonymous(), limit=limit, after=after)


def entry_of_table(table_id: str | UUID) -> EntryInfo | None:
    """The entry a data table belongs to, whole. Trusted: the caller has decided about rights."""
    found = Link.objects.filter(table_id=str(table_id)).select_related("entry__organ").first()
    return None if found is None else _info(found.entry, found.entry.resource, 0, _tables([found.entry.pk]))


def trusted_entry(code_or_id: str | UUID) -> EntryInfo | None:
    """One entry, whole and in any state. Trusted: the caller has decided about rights."""
    found = Entry.objects.filter(_named(code_or_id)).select_related("organ").first()
    return None if found is None else _info(found, found.resource, 0, _tables([found.pk]))


def infos(actor: Actor, found: Iterable[Entry]) -> list[EntryInfo]:
    """Visible rows as values: items above the reader's level are left out and counted."""
    listed = list(found)
    tables = _tables([one.pk for one in listed])
    return [_info(one, *shown(actor, one), tables) for one in listed]


def shown(actor: Actor, one: Entry) -> tuple[Resource, int]:
    """What of an entry an actor reads, and how many items are withheld."""
    if owns(actor, one):
        return one.resource, 0
    whole = one.resource
    if actor.kind in {ActorKind.OFFICIAL, ActorKind.SYSTEM}:
        seen = redaction.for_level(whole, city.official_level())
    else:
        seen = redaction.for_public(whole, city.public_level())
    return seen, len(whole.items) - len(seen.items)


def owns(actor: Actor, one: Entry) -> bool:
    """Whether the actor works on entries of this organ (or on all)."""
    return access.allowed(actor, "work", one)


def findings(one: Entry) -> tuple[Finding, ...]:
    """What is wrong with the working copy, all at once."""
    return check(one.draft, city.standards())


def steps(actor: Actor, one: Entry) -> QuerySet[Step]:
    """What happened to it, newest first."""
    return access.visible(actor, Step).filter(entry=one).order_by("-id")


# -- search -----------------------------------------------------------------------------------
def search(
    actor: Actor,
    text: str = "",
    wanted: Filters | None = None,
    *,
    size: int = 20,
    cursor: str = "",
    mine: bool = False,
) -> Found:
    """Entries by words and filters, with facet counts; nothing found asks again for any of the words.

    ``mine``: only entries the actor works on. ``cursor`` is a number of hits to pass over.
    """
    wanted = wanted or Filters()
    start = _start(cursor)
    known, seen = facets.rows_for(actor)
    if mine:
        seen = seen & facets.ids_for(actor, "work")
    query = parse(text)
    fits = facets.fitting(known, wanted)
    widened = False
    if query.wanted:
        places, scores = _scored(actor, query, known, seen)
        if not len(places) and _units(query) > 1:
            places, scores = _scored(actor, query, known, seen, any_of=True)
            widened = bool(len(places))
        kept = fits[places]
        places, scores = places[kept], scores[kept]
    elif text.strip():
        places, scores = np.empty(0, dtype=np.int64), np.empty(0)
    else:
        places = np.flatnonzero(fits & known.mask(seen))[::-1]  # the newest first
        scores = np.zeros(len(places))
    ids = known.pks[places]
    page = ids[start : start + size].tolist()
    scored = dict(zip(page, scores[start : start + size].tolist(), strict=True))
    by_pk = {one.pk: one for one in rows(actor).filter(pk__in=page)}
    listed = infos(actor, [by_pk[pk] for pk in page if pk in by_pk])
    pks = [pk for pk in page if pk in by_pk]
    hits = [_hit(query, one, scored.get(pk, 0.0)) for pk, one in zip(pks, listed, strict=True)]
    return Found(
        tuple(hits),
        len(ids),
        facets.count(known, places),
        widened,
        str(start + size) if start + size < len(ids) else None,
        str(max(0, start - size)) if start else None,
    )


def _scored(
    actor: Actor, query: Query, known: facets.Rows, seen: frozenset[int], *, any_of: bool = False
) -> tuple[facets.Ids, npt.NDArray[np.float64]]:
    """Places of the entries that answer and their scores, the best first, of equal ones the older first."""
    best = np.full(len(known.pks), -np.inf)
    for scope in scopes(actor):
        found = fulltext.search(scope, query, any_of=any_of)
        if not found:
            continue
        table = np.array(found, dtype=np.float64)
        allowed = known.mask(facets.ids_for(actor, "work") if scope == "desk" else seen)
        ids = table[:, 0].astype(np.int64)
        there = np.isin(ids, known.pks, assume_unique=True)
        places, scores = known.places(ids), table[there, 1]
        scores = np.where(allowed[places], scores, -np.inf)
        best[places] = np.maximum(best[places], scores)
    hits = np.flatnonzero(best > -np.inf)
    order = hits[np.lexsort((hits, -best[hits]))]
    return order, best[order]


def scopes(actor: Actor) -> tuple[str, ...]:
    """Which texts an actor may search."""
    if actor.kind is ActorKind.SYSTEM or "catalogue.manager" in actor.role_ids:
        return ("desk",)
    if actor.kind is ActorKind.OFFICIAL:
        return ("official", "desk") if access.allowed(actor, "work", Entry) else ("official",)
    return ("public",)


def _hit(query: Query, one: EntryInfo, score: float) -> Hit:
    words = "；".join(item.name.zh for item in one.resource.items)
    body = f"{one.resource.abstract.zh} {words}".strip()
    return Hit(
        one, score, Part.of(excerpt(query, one.resource.name.zh, 80)), Part.of(excerpt(query, body, 110))
    )


def _units(query: Query) -> int:
    return sum(len(clause.units) for clause in query.wanted)


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 6:
        raise InvalidInput(Text("翻页位置无效。", "The page cursor is not valid."))
    return int(cursor)


# -- versions and views -----------------------------------------------------------------------
def versions(actor: Actor, code_or_id: str | UUID) -> list[VersionInfo]:
    """Published versions, the newest first, each as the actor may see it."""
    one = row(actor, code_or_id)
    found = Version.objects.filter(entry=one).order_by("-number") if one.number else []
    return [_version(actor, one, version) for version in found]


def difference(actor: Actor, code_or_id: str | UUID, before: int, after: int) -> Difference:
    """What changed between two versions; raises NotFound."""
    known = {one.number: one for one in versions(actor, code_or_id)}
    if before not in known or after not in known:
        raise NotFound()
    found = changes(known[before].resource, known[after].resource)
    return Difference(known[before], known[after], found, impact_of(found))


def pending(one: Entry) -> Difference | None:
    """What publishing the working copy would change; None while nothing is published."""
    if one.published is None:
        return None
    found = changes(read_resource(one.published), one.draft)
    return Difference(
        _unsaved(one, read_resource(one.published)), _unsaved(one, one.draft), found, impact_of(found)
    )


def branches(actor: Actor, view: View) -> tuple[Branch, ...]:
    """One of the three views with the entries the actor may see; classes without any are left out."""
    found = [_Hung(code, tuple(one for one in classes.split("|") if one))
             for code, classes in rows(actor).filter(live=True).values_list("code", "classes")]  # fmt: skip
    return tuple(branch for branch in city.tree().view(view, found) if branch.total)  # type: ignore[arg-type]


class _Hung:
    """As much of an entry as the class tree asks for."""

    __slots__ = ("classes", "code")

    def __init__(self, code: str, classes: tuple[str, ...]) -> None:
        self.code, self.classes = code, classes


# -- demands ----------------------------------------------------------------------------------
def demands(actor: Actor, *, state: str = "", organ: str = "") -> QuerySet[Demand]:
    """Demands the actor may see."""
    found: QuerySet[Demand] = access.visible(actor, Demand).select_related("organ", "target", "entry")
    if state:
        found = found.filter(state=state)
    return found.filter(Q(organ__code=organ) | Q(target__code=organ)) if organ else found


def demand(actor: Actor, number: str) -> Demand:
    """One demand; raises NotFound."""
    found = demands(actor).filter(number=number).first()
    if found is None:
        raise NotFound()
    return found


def queue(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Entry]:
    """What waits for the actor's decision or publication, the oldest first."""
    waiting = access.visible(actor, Entry, verb="decide").select_related("organ")
    waiting = waiting.filter(state__in=[State.SUBMITTED, State.APPROVED])
    return pagination.page(waiting, ("changed_at", "id"), params)


# -- values -----------------------------------------------------------------------------------
def _named(code_or_id: str | UUID) -> Q:
    if isinstance(code_or_id, UUID):
        return Q(entry_id=code_or_id)
    try:
        return Q(entry_id=UUID(code_or_id)) if len(code_or_id) in (32, 36) else Q(code=code_or_id)
    except ValueError:
        return Q(code=code_or_id)


def _tables(pks: list[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for pk, distribution, table in (
        Link.objects.filter(entry_id__in=pks)
        .order_by("id")
        .values_list("entry_id", "distribution", "table_id")
    ):
        found.setdefault(pk, {})[distribution] = table
    return found


def _info(one: Entry, resource: Resource, hidden: int, tables: Mapping[int, Mapping[str, str]]) -> EntryInfo:
    return EntryInfo(
        one.entry_id, one.code, one.organ.code, resource, one.state, one.live, one.public, one.number,
        one.changed_at, str(State(one.state).label), hidden, tables.get(one.pk, {}), one.simulated,
    )  # fmt: skip


def _version(actor: Actor, one: Entry, version: Version) -> VersionInfo:
    resource = read_resource(version.resource)
    if not owns(actor, one):
        official = actor.kind in {ActorKind.OFFICIAL, ActorKind.SYSTEM}
        cut = redaction.for_level if official else redaction.for_public
        resource = cut(resource, city.official_level() if official else city.public_level())
    return VersionInfo(
        version.number, version.version, version.digest, version.impact, version.at, version.by, resource
    )


def _unsaved(one: Entry, resource: Resource) -> VersionInfo:
    return VersionInfo(one.number, resource.version, "", "", one.changed_at, "", resource)
