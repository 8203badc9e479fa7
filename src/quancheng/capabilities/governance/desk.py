"""数据官工作台: what waits for the asker in every part, by deadline; each part decides what the asker may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.collection import queries as collection
from quancheng.capabilities.exchange import queries as exchange
from quancheng.capabilities.ledgers import queries as ledgers
from quancheng.capabilities.masters import queries as masters
from quancheng.capabilities.quality import queries as quality
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

SHOWN = 20
"""Rows of a kind on the desk; the rest stands behind the kind's own list."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits (待办): ``due`` is None where no limit runs."""

    kind: str
    title: str
    url: str
    due: date | None = None
    overdue: bool = False
    """Late by the part's own clock, which counts hours, not days."""

    def late(self, today: date) -> bool:
        return self.overdue or (self.due is not None and self.due < today)


@dataclass(frozen=True, slots=True)
class Kind:
    """Things of a kind that wait: how many, the first of them, where all are."""

    id: str
    text: Text
    count: int
    url: str
    rows: tuple[Waiting, ...]


def kinds(actor: Actor) -> list[Kind]:
    """What waits, kinds with nothing left out."""
    found = (_returned(actor), _demands(actor), _requests(actor), _held(actor), _late(actor), _orders(actor),
             _corrections(actor), _differences(actor))  # fmt: skip
    return [one for one in found if one.count]


def by_deadline(found: Iterable[Kind]) -> list[Waiting]:
    """All rows, the nearest deadline first, without one last."""
    rows = [row for kind in found for row in kind.rows]
    return sorted(rows, key=lambda row: (row.due is None, row.due or date.max, row.kind, row.title))


def _own(actor: Actor, *roles: str) -> set[int]:
    return {pk for one in actor.grants if one.role in roles for pk in one.departments}


def _day(at: datetime | None) -> date | None:
    return at.astimezone(clock.LOCAL).date() if at else None


def _expected(feed: Any) -> date | None:
    """The day on which the feed should have brought something: its agreed time after the last success."""
    since = feed.last_success_at or feed.active_since
    return _day(since + timedelta(minutes=feed.sla_minutes)) if since else None


def _kind(name: str, text: Text, found: QuerySet[Any], url: str, row: Any) -> Kind:
    return Kind(name, text, found.count(), url, tuple(row(one) for one in found[:SHOWN]))


def _returned(actor: Actor) -> Kind:
    own = _own(actor, "catalogue.officer")
    found = catalogue.rows(actor).filter(state="returned", organ_id__in=own).order_by("changed_at", "id")
    return _kind("returned", Text("退回的目录", "Entries returned"), found, reverse("catalogue:index") + "?state=returned&mine=1",
                 lambda one: Waiting("returned", one.name, reverse("catalogue:entry", args=[one.entry_id])))  # fmt: skip


def _demands(actor: Actor) -> Kind:
    own = _own(actor, "catalogue.officer")
    found = catalogue.demands(actor, state="open").filter(target_id__in=own).order_by("asked_at", "id")
    return _kind("demands", Text("待响应的数据需求", "Demands to answer"), found, reverse("catalogue:demands") + "?state=open",
                 lambda one: Waiting("demands", one.name, reverse("catalogue:demand", args=[one.number])))  # fmt: skip


def _requests(actor: Actor) -> Kind:
    side = "all" if exchange.BUREAU in actor.role_ids else "received"
    wanted = {"side": side, "stage": "open"}
    found = exchange.requests(actor, wanted).exclude(due=None).order_by("due", "id")
    return _kind("requests", Text("计时中的共享申请", "Sharing requests under the clock"), found,
                 reverse("exchange:requests") + f"?side={side}&stage=open",
                 lambda one: Waiting("requests", f"{one.number} {one.resource_zh}",
                                     reverse("exchange:request", args=[one.number]), one.due))  # fmt: skip


def _held(actor: Actor) -> Kind:
    found = collection.runs(actor, state="held").order_by("began_at")
    return _kind("held", Text("待决定的归集", "Collection runs held"), found, reverse("collection:runs") + "?state=held",
                 lambda one: Waiting("held", one.feed.zh, reverse("collection:run", args=[one.pk])))  # fmt: skip


def _late(actor: Actor) -> Kind:
    found = collection.overdue(actor).order_by("late_since", "code")
    return _kind("late", Text("未按时的归集", "Feeds that are late"), found, reverse("collection:index") + "?lateness=overdue",
                 lambda one: Waiting("late", one.zh, reverse("collection:feed", args=[one.code]), _expected(one), overdue=True))  # fmt: skip


def _orders(actor: Actor) -> Kind:
    found = quality.issues(actor, state="open").exclude(due_at=None).order_by("due_at", "id")
    return _kind("orders", Text("质量整改工单", "Repair orders"), found, reverse("quality:issues") + "?state=open",
                 lambda one: Waiting("orders", f"{one.number} {one.sheet.zh}", one.get_absolute_url(), _day(one.due_at)))  # fmt: skip


def _corrections(actor: Actor) -> Kind:
    """A person's own requests are not work: only those who answer see the kind."""
    found = masters.corrections(actor, "sent").order_by("due_on", "id")
    if not actor.role_ids & {"masters.steward", "masters.contact"}:
        found = found.none()
    return _kind("corrections", Text("校核请求", "Corrections asked for"), found, reverse("masters:corrections") + "?state=sent",
                 lambda one: Waiting("corrections", f"{one.golden.master.zh} {one.field}",
                                     reverse("masters:correction", args=[one.pk]), one.due_on))  # fmt: skip


def _differences(actor: Actor) -> Kind:
    found = ledgers.differences(actor, state="waiting").order_by("sent_at", "id")
    return _kind("differences", Text("台账差异", "Ledger differences"), found, reverse("ledgers:differences") + "?state=waiting",
                 lambda one: Waiting("differences", one.label, reverse("ledgers:difference", args=[one.pk])))  # fmt: skip
