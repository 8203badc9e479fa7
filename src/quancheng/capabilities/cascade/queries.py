"""Reads of cascade, always from what the asker may see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.cascade.models import Book, Count, Feed, Letter, Neighbour, Reading, Remark, Wish
from quancheng.capabilities.cascade.pulses import state_of
from quancheng.core.cascade import Lateness, RowId, Stream, StreamKind
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "Feeds", "State", "books", "count_of", "counts", "feeds", "letters", "neighbour", "neighbours", "readings",
    "remarks", "states", "wish", "wishes",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """A neighbour and how its feeds are (节点时效)."""

    neighbour: Neighbour
    lateness: Lateness
    behind: int
    """Changes known and not read yet."""
    equal: int
    differ: int

    @property
    def kind(self) -> str:
        """The kind of tag it is shown with."""
        return {Lateness.FRESH: "ok", Lateness.LATE: "warn", Lateness.SILENT: "bad"}[self.lateness]


@dataclass(frozen=True, slots=True)
class Feeds:
    """One stream between this node and a neighbour (数据流往来)."""

    book: Book
    reading: Reading
    count: Count | None

    @property
    def read(self) -> int:
        """How far we read their log."""
        cursor = self.reading.cursor
        return int(cursor[1]) if cursor and not cursor[3] else 0

    @property
    def unread(self) -> int:
        """Changes of theirs that we lack (log numbers)."""
        return max(0, self.reading.beat_seq - self.read)

    @property
    def given(self) -> int:
        """How far they read our log."""
        cursor = self.reading.theirs
        return int(cursor[1]) if cursor and not cursor[3] else 0


def neighbours(actor: Actor, *, text: str = "", kind: str = "", state: str = "") -> QuerySet[Neighbour]:
    """Neighbours the actor may see, narrowed."""
    found = access.visible(actor, Neighbour)
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    if words := text.strip():
        found = found.filter(Q(code__icontains=words) | Q(zh__icontains=words) | Q(en__icontains=words))
    return found


def neighbour(actor: Actor, code: str) -> Neighbour:
    """One neighbour; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Neighbour).filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有登记节点 {code[:60]}。", f"There is no node {code[:60]}."))
    return found


def states(found: list[Neighbour]) -> list[State]:
    """How the feeds of neighbours are."""
    codes = [one.code for one in found]
    by_code: dict[str, list[Reading]] = defaultdict(list)
    for row in Reading.objects.filter(neighbour__in=codes):
        by_code[row.neighbour].append(row)
    agreed: dict[str, list[bool]] = defaultdict(list)
    for code, equal in Count.objects.filter(neighbour__in=codes).values_list("neighbour", "equal"):
        agreed[code].append(equal)
    now = int(clock.now().timestamp())
    return [
        State(
            one, state_of(one, by_code[one.code], now), sum(_behind(row) for row in by_code[one.code]),
            sum(agreed[one.code]), len(agreed[one.code]) - sum(agreed[one.code]),
        )
        for one in found
    ]  # fmt: skip


def _behind(row: Reading) -> int:
    read = int(row.cursor[1]) if row.cursor and not row.cursor[3] else 0
    return max(0, row.beat_seq - read)


def readings(actor: Actor, found: Neighbour) -> list[Feeds]:
    """Streams between this node and a neighbour, with the last counts."""
    counted = {one.book_id: one for one in access.visible(actor, Count).filter(neighbour=found.code)}
    rows = access.visible(actor, Reading).filter(neighbour=found.code).select_related("book")
    return [
        Feeds(row.book, row, counted.get(row.book_id)) for row in rows.order_by("book__kind", "book__name")
    ]


def books(actor: Actor) -> QuerySet[Book]:
    """Streams of this node."""
    return access.visible(actor, Book).order_by("kind", "name")


def counts(actor: Actor) -> QuerySet[Count]:
    """Counts of both sides."""
    return access.visible(actor, Count).select_related("book")


def count_of(actor: Actor, found: Neighbour, stream: Stream) -> Count | None:
    """The last count of a stream from a neighbour."""
    return (
        counts(actor)
        .filter(neighbour=found.code, book__kind=stream.kind.value, book__name=stream.name)
        .first()
    )


def letters(actor: Actor, *, neighbour: str = "", status: str = "", way: str = "") -> QuerySet[Letter]:
    """Batches, narrowed."""
    found = access.visible(actor, Letter).select_related("book")
    if neighbour:
        found = found.filter(neighbour=neighbour)
    if status:
        found = found.filter(status=status)
    if way:
        found = found.filter(incoming=way == "in")
    return found


def wishes(actor: Actor, *, way: str = "", state: str = "", text: str = "") -> QuerySet[Wish]:
    """Correction requests the actor may see, narrowed."""
    found = access.visible(actor, Wish).select_related("book")
    if way:
        found = found.filter(incoming=way == "in")
    if state:
        found = found.filter(state=state)
    if words := text.strip():
        found = found.filter(Q(row_local__icontains=words) | Q(book__name__icontains=words))
    return found


def wish(actor: Actor, pk: int) -> Wish:
    """One request; NotFound when there is none or the actor may not see it."""
    found = access.visible(actor, Wish).select_related("book").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def remarks(actor: Actor, *, neighbour: str = "") -> QuerySet[Remark]:
    """Findings of the machinery."""
    found = access.visible(actor, Remark).select_related("book")
    return found.filter(neighbour=neighbour) if neighbour else found


def feeds(actor: Actor) -> QuerySet[Feed]:
    """Catalogues of others that are harvested."""
    return access.visible(actor, Feed).order_by("code")


def stream(kind: str, name: str) -> Stream:
    """A stream by its names; NotFound for an unknown kind."""
    try:
        return Stream(StreamKind(kind), name)
    except ValueError as wrong:
        raise NotFound() from wrong


def row_id(origin: str, local: str) -> RowId:
    """The id of a row."""
    return RowId(origin, local)


def summary(actor: Actor) -> dict[str, Any]:
    """Figures of the front page."""
    found = states(list(neighbours(actor).exclude(state=Neighbour.State.WAITING)))
    counted = counts(actor)
    return {
        "neighbours": len(found),
        "silent": sum(one.lateness is Lateness.SILENT for one in found),
        "late": sum(one.lateness is Lateness.LATE for one in found),
        "behind": sum(one.behind for one in found),
        "equal": counted.filter(equal=True).count(),
        "counted": counted.count(),
        "open_wishes": wishes(actor, state=Wish.State.OPEN).count(),
    }
