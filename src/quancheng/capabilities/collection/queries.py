"""Reads of collection, always from what the asker may see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.collection import lineage as events_of
from quancheng.capabilities.collection import rawfiles, staging
from quancheng.capabilities.collection.connectors.own import datasets as _datasets
from quancheng.capabilities.collection.models import (
    Address,
    Decision,
    Feed,
    LineageEdge,
    LineageEvent,
    RefusedRow,
    Run,
)
from quancheng.capabilities.collection.rates import rate_of, rates_of
from quancheng.capabilities.collection.values import Dataset, Lateness, Rate, RunState
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

OVERDUE = [Lateness.LATE.value, Lateness.SILENT.value, Lateness.NEVER.value]
DESK_ROLES = frozenset({"collection.officer", "collection.bureau"})


# -- feeds ------------------------------------------------------------------------------------
def feeds(
    actor: Actor, *, text: str = "", state: str = "", lateness: str = "", organ: str = "", connector: str = ""
) -> QuerySet[Feed]:
    """Feeds the actor may see, narrowed; ``organ``: a department code with its sub-tree; ``lateness`` ``overdue``: any kind of late."""
    found = access.visible(actor, Feed).select_related("organ")
    if state == "held":
        found = found.filter(runs__state=RunState.HELD.value)
    elif state:
        found = found.filter(state=state)
    if lateness == "overdue":
        found = found.filter(lateness__in=OVERDUE)
    elif lateness:
        found = found.filter(lateness=lateness)
    if connector:
        found = found.filter(connector=connector)
    if organ:
        found = found.filter(organ__in=people.subtree(organ))
    if words := text.strip():
        found = found.filter(
            Q(code__icontains=words) | Q(zh__icontains=words) | Q(en__icontains=words) | Q(entry=words)
        )
    return found


def feed(actor: Actor, code: str) -> Feed:
    """One feed; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Feed).select_related("organ").filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有归集任务 {code[:60]}。", f"There is no feed {code[:60]}."))
    return found


def feeds_of_entry(actor: Actor, entry: str, tables: tuple[str, ...] = ()) -> list[Feed]:
    """Feeds that serve a catalogue entry, by its code or its tables."""
    ours = Q(entry=entry) if entry else Q(pk__in=[])
    if tables:
        ours |= Q(table_id__in=tables)
    return list(access.visible(actor, Feed).select_related("organ").filter(ours).order_by("code"))


def overdue(actor: Actor) -> QuerySet[Feed]:
    """Feeds from which nothing came in the agreed time."""
    return feeds(actor, lateness="overdue")


def counts(actor: Actor) -> dict[str, int]:
    """Figures of the desk: feeds, overdue, held and failed."""
    mine = access.visible(actor, Feed).exclude(state=Feed.State.RETIRED)
    day = clock.now() - timedelta(days=1)
    seen = access.visible(actor, Run)
    return {
        "feeds": mine.count(),
        "overdue": mine.filter(lateness__in=OVERDUE).count(),
        "tripped": mine.filter(state=Feed.State.TRIPPED).count(),
        "held": seen.filter(state=RunState.HELD.value).count(),
        "failed": seen.filter(state=RunState.FAILED.value, began_at__gte=day).count(),
    }


def organs_of(actor: Actor) -> list[Any]:
    """Departments whose feeds the actor may set up, in tree order."""
    every = Feed._meta.get_field("organ").related_model._default_manager.filter(active=True).order_by("path")
    if "collection.bureau" in actor.role_ids:
        return list(every)
    mine = {pk for grant in actor.grants if grant.role == "collection.officer" for pk in grant.departments}
    return list(every.filter(pk__in=mine))


def addresses(actor: Actor) -> QuerySet[Address]:
    """Registered addresses the actor may see."""
    return access.visible(actor, Address).select_related("organ")


def datasets() -> dict[str, Dataset]:
    """Datasets that modules of the platform offer, by ``module.name``."""
    return _datasets()


# -- runs -------------------------------------------------------------------------------------
def runs(actor: Actor, *, feed: str = "", state: str = "") -> QuerySet[Run]:
    """Runs the actor may see, narrowed."""
    found = access.visible(actor, Run).select_related("feed__organ")
    if feed:
        found = found.filter(feed__code=feed)
    return found.filter(state=state) if state else found


def run(actor: Actor, run_id: str | uuid.UUID) -> Run:
    """One run; NotFound when there is none or the actor may not see it."""
    try:
        found = (
            access.visible(actor, Run).select_related("feed__organ").filter(pk=uuid.UUID(str(run_id))).first()
        )
    except ValueError:
        found = None
    if found is None:
        raise NotFound(Text("没有这次归集。", "There is no such run."))
    return found


def decisions(actor: Actor, found: Run) -> QuerySet[Decision]:
    """Decisions about a run, oldest first."""
    return access.visible(actor, Decision).filter(run=found).order_by("at")


def refused(actor: Actor, found: Run, *, reason: str = "", column: str = "") -> QuerySet[RefusedRow]:
    """Refused rows of a run, the first of them, personal cells masked."""
    rows = access.visible(actor, RefusedRow).filter(run=found)
    if reason:
        rows = rows.filter(reason=reason)
    return rows.filter(column=column) if column else rows


def refused_in_full(actor: Actor, found: Run) -> Iterator[dict[str, Any]]:
    """All refused rows as they came, for the source to correct; each reading of personal columns is on record."""
    access.require(actor, "correct", found)
    if found.feed.personal:
        audit.record(
            actor, "read", found.reference, {"feed": found.feed.code, "what": "refused rows"}, stream="uses"
        )
    return staging.refused_rows(rawfiles.folder_of(found.pk))


# -- rate -------------------------------------------------------------------------------------
def rate(organ: str) -> Rate:
    """归集率 of an organ with its sub-tree: entries that must be collected against those freshly collected."""
    return rate_of(organ)


# -- lineage ----------------------------------------------------------------------------------
DEPTH = 6


def lineage(table_id: str, *, depth: int = DEPTH) -> dict[str, Any]:
    """血缘 of a data table: ``{"name", "up": [...], "down": [...]}``, each node with its columns and its own up or down.

    Upwards what it was made from, downwards what was made from it; of each pair the newest run speaks.
    A trusted read: the asking module decides who may see it.
    """
    name = events_of.table_name(table_id)
    return {
        "name": name,
        "up": _walk(name, "target", "source", depth, {name}),
        "down": _walk(name, "source", "target", depth, {name}),
    }


def _walk(name: str, here: str, there: str, depth: int, met: set[str]) -> list[dict[str, Any]]:
    if depth <= 0:
        return []
    found: dict[str, LineageEdge] = {}
    for edge in LineageEdge.objects.filter(**{here: name}).order_by("-at")[:200]:
        found.setdefault(getattr(edge, there), edge)
    nodes = []
    for other, edge in sorted(found.items()):
        node: dict[str, Any] = {
            "name": other, "job": edge.job, "run": str(edge.run_id), "at": edge.at, "columns": edge.columns,
            "again": other in met, "next": [],
        }  # fmt: skip
        if not node["again"]:
            node["next"] = _walk(other, here, there, depth - 1, met | {other})
        nodes.append(node)
    return nodes


def lineage_events(actor: Actor, *, run: str = "") -> QuerySet[LineageEvent]:
    """OpenLineage events the actor may see."""
    found = access.visible(actor, LineageEvent)
    if not run:
        return found
    try:
        return found.filter(run_id=uuid.UUID(run))
    except ValueError:
        return found.none()


def organs(actor: Actor) -> list[dict[str, Any]]:
    """Feeds by organ with how many are overdue, for the bureau's view."""
    rows = (
        access.visible(actor, Feed)
        .exclude(state=Feed.State.RETIRED)
        .values("organ__code", "organ__zh", "organ__en")
        .annotate(feeds=Count("pk"), overdue=Count("pk", filter=Q(lateness__in=OVERDUE)))
        .order_by("organ__code")
    )
    return list(rows)


def rates_by_organ(actor: Actor) -> list[dict[str, Any]]:
    """归集率 of each organ whose feeds the actor may set up; organs from which nothing is due are left out."""
    mine = {one.code: one for one in organs_of(actor)}
    return [{"organ": mine[one.organ], "rate": one} for one in rates_of(set(mine))]
