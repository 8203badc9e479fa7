"""产生: what a node does to its own rows: edit, delete, hand over, take back, answer, forget, recover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from quancheng.core.cascade.batch import Change, ChangeKind, Finding, Notice, Outcome, Status
from quancheng.core.cascade.correction import answer, correction_stream, propose, request_in
from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Draft, Ledger
from quancheng.core.cascade.model import Copy, Row, RowId, Stream, Version, check_name
from quancheng.core.cascade.route import Node

__all__ = ["Edit", "HandOver", "Reclaim", "Remove", "Upsert", "compact", "produce", "recover", "settle"]

NEW = Version(1, 0, 0)
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Upsert:
    """Make a row or change it (新增或修改). ``body`` is text in a canonical form of the caller's choice.

    A new row must have this node as its origin.
    """

    id: RowId
    region: str
    organ: str
    body: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a row everywhere (删除); a tombstone stays until ``compact``."""

    id: RowId


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give a row to another node that is responsible from now on (改由另一节点负责).

    The caller checks that routes carry the row, as the new owner's, to the new owner, and that a route for
    the stream leads back over the same nodes, whatever rows it admits: where the new owner's row may not
    return, the news that it was taken does, and who may not have the row any more drops it.
    """

    id: RowId
    to: str


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Take back a hand-over that nobody has taken yet (收回)."""

    id: RowId


Edit = Upsert | Remove | HandOver | Reclaim


def produce(node: Node, ledger: Ledger, stream: Stream, edits: Iterable[Edit], at: int) -> Outcome:
    """Do edits at a moment (seconds), all or none. What changes nothing writes nothing.

    An ``Upsert`` or ``Remove`` of a row that another node owns becomes a correction request (notice
    CORRECTION_SENT), never a change. ``CascadeError``: UNKNOWN_ROW, NOT_OWNER, NOT_RECLAIMABLE,
    BAD_NAME, BAD_ROW.
    """
    desk = _Desk(node, ledger, stream, at)
    for edit in edits:
        desk.do(edit)
    return desk.outcome()


def settle(
    node: Node,
    ledger: Ledger,
    stream: Stream,
    request: RowId,
    accepted: bool,
    note: str,
    at: int,
    evidence: str = "",
) -> Outcome:
    """Answer a correction request about a stream (答复校核); accepted, the proposed change is made too.

    ``CascadeError``: UNKNOWN_ROW (no such request or row), NOT_OWNER.
    """
    row, asked = request_in(ledger, stream, request)
    desk = _Desk(node, ledger, stream, at)
    target = desk.owned(asked.row)
    if accepted and asked.deleted:
        desk.do(Remove(asked.row))
    elif accepted:
        desk.do(Upsert(asked.row, target.row.region, target.row.organ, asked.body, evidence))
    answer(desk.corrections, row, accepted, note)
    return desk.outcome()


def compact(node: Node, ledger: Ledger, stream: Stream, before: int, at: int, limit: int = 10_000) -> Outcome:
    """Forget at most ``limit`` of the dead written before a moment (墓碑期限): deleted and withdrawn rows.

    Readers that have not come so far get a snapshot. Repeat until nothing is written. Markers of hand-overs
    that were taken elsewhere stay: their versions are what a former owner must still hear of.
    """
    draft = Draft(node, ledger, stream, at)
    while True:
        found = tuple(ledger.dead(stream, before, limit))
        doomed = [copy for copy in found if not copy.overtaken]
        if doomed or len(found) < limit:
            break
        limit *= 2
    for copy in doomed:
        draft.forget(copy)
    return Outcome(Status.APPLIED, draft.writes())


def recover(node: Node, ledger: Ledger, stream: Stream, epoch: int, at: int) -> Iterator[Outcome]:
    """Begin a new life of a log restored from a backup (新纪元): pages of writes, each to be written
    before the next is asked for.

    All own rows are issued again, so that what this node has is newer than what it once said. First
    take back what neighbours know better (``homecoming``), or it is overruled. May be begun again with
    the same epoch. ``CascadeError``: OLD_EPOCH.
    """
    head = ledger.head(stream)
    if head is not None and epoch < head.epoch:
        raise CascadeError(Reason.OLD_EPOCH, f"epoch {epoch} after {head.epoch}")
    first = Draft(node, ledger, stream, at)
    first.open(epoch)
    yield Outcome(Status.APPLIED, first.writes())
    after: RowId | None = None
    while True:
        copies = tuple(ledger.span(stream, after, None, PAGE))
        draft = Draft(node, ledger, stream, at)
        for copy in copies:
            if copy.row.owner == node.name and copy.row.version.epoch < epoch:
                again = replace(copy.row, version=draft.version(copy.row.version))
                draft.put(again, held=True, rooted=True, supplies=())
        yield Outcome(Status.APPLIED, draft.writes())
        if len(copies) < PAGE:
            return
        after = copies[-1].row.id


class _Desk:
    """Edits being done on a draft of the stream, and on one of the correction stream if needed."""

    def __init__(self, node: Node, ledger: Ledger, stream: Stream, at: int) -> None:
        self.node = node
        self.ledger = ledger
        self.draft = Draft(node, ledger, stream, at)
        self.corrections = Draft(node, ledger, correction_stream(stream), at)
        self.changes: list[Change] = []
        self.notices: list[Notice] = []

    def outcome(self) -> Outcome:
        writes = (*self.draft.writes(), *self.corrections.writes())
        return Outcome(Status.APPLIED, writes, tuple(self.changes), tuple(self.notices))

    def do(self, edit: Edit) -> None:
        if isinstance(edit, Upsert):
            self.upsert(edit)
        elif isinstance(edit, Remove):
            self.remove(edit)
        elif isinstance(edit, HandOver):
            self.hand_over(edit)
        else:
            self.reclaim(edit)

    def owned(self, row: RowId) -> Copy:
        """An own living row; else UNKNOWN_ROW or NOT_OWNER."""
        held = self.draft.get(row)
        if held is None or not held.live:
            raise CascadeError(Reason.UNKNOWN_ROW, f"{self.node.name} does not hold {row}")
        if held.row.owner != self.node.name:
            raise CascadeError(Reason.NOT_OWNER, f"{row} is owned by {held.row.owner}")
        return held

    def upsert(self, edit: Upsert) -> None:
        held = self.draft.get(edit.id)
        if held is not None and held.row.owner != self.node.name:
            self.ask(held, edit.body, deleted=False)
            return
        if held is None and edit.id.origin != self.node.name:
            raise CascadeError(Reason.UNKNOWN_ROW, f"{edit.id} began elsewhere and is not held here")
        check_name(edit.id.local, "a row")
        wanted = (edit.region, edit.organ, edit.body, edit.evidence)
        if held is not None and held.live:
            have = held.row
            if (have.region, have.organ, have.body, have.evidence) == wanted:
                return
        version = self.draft.version(held.row.version if held is not None else NEW)
        former = held.row.former if held is not None else ()
        row = Row(
            edit.id,
            self.node.name,
            version,
            edit.region,
            edit.organ,
            edit.body,
            evidence=edit.evidence,
            former=former,
        )
        self.put(row, ChangeKind.STORED)

    def remove(self, edit: Remove) -> None:
        held = self.draft.get(edit.id)
        if held is None or (held.held and held.row.deleted):
            return
        if held.row.owner != self.node.name:
            self.ask(held, "", deleted=True)
            return
        version = self.draft.version(held.row.version)
        self.put(replace(held.row.stripped(), version=version, deleted=True), ChangeKind.DELETED)

    def hand_over(self, edit: HandOver) -> None:
        row = self.owned(edit.id).row
        check_name(edit.to, "a node")
        if edit.to == self.node.name:
            return
        version = Version(row.version.term + 1, 0, 0)
        former = (*(name for name in row.former if name != self.node.name), self.node.name)
        self.put(replace(row, owner=edit.to, version=version, former=former), ChangeKind.STORED)

    def reclaim(self, edit: Reclaim) -> None:
        held = self.draft.get(edit.id)
        mine = held is not None and held.live and held.rooted and held.row.version.untaken
        if held is None or not mine or held.row.owner == self.node.name:
            raise CascadeError(Reason.NOT_RECLAIMABLE, f"{edit.id} is not a hand-over of ours still open")
        version = self.draft.version(Version(held.row.version.term + 1, 0, 0))
        self.put(replace(held.row, owner=self.node.name, version=version), ChangeKind.STORED)

    def ask(self, held: Copy, body: str, *, deleted: bool) -> None:
        """Ask the owner; wishing what is already so asks nothing."""
        if held.live and not deleted and held.row.body == body:
            return
        request = propose(self.corrections, held.row, body, deleted)
        if request is not None:
            self.notices.append(Notice(Finding.CORRECTION_SENT, request))

    def put(self, row: Row, kind: ChangeKind) -> None:
        row.digest()
        self.draft.put(row, held=True, rooted=True, supplies=())
        self.changes.append(Change(kind, row))
