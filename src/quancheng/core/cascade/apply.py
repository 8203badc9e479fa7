"""接收: a batch heard becomes writes; heard again, late, early or damaged it becomes none."""

from __future__ import annotations

from dataclasses import replace

from quancheng.core.cascade.batch import (
    Batch,
    BatchKind,
    Change,
    ChangeKind,
    Entry,
    Finding,
    Notice,
    Outcome,
    Status,
    check_order,
    id_of,
)
from quancheng.core.cascade.correction import due
from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Draft, Ledger
from quancheng.core.cascade.model import Copy, Cursor, Path, Row, RowId, Supply, Version
from quancheng.core.cascade.route import Link, Node

__all__ = ["apply"]

GREATEST_ANSWERED = 2**52


def apply(node: Node, ledger: Ledger, batch: Batch, at: int, homecoming: bool = False) -> Outcome:
    """Hear a batch at a moment (seconds): what to write, or why not.

    What was heard before gives no writes. EARLY and STALE ask the sender to offer again from the returned
    cursor; REFUSED has a reason that a person must remove. HOME batches overrule our own rows, so they are
    refused unless we asked: ``homecoming``, while recovering.
    """
    cursor = ledger.cursor(batch.stream, batch.sender)
    try:
        link = _admit(node, batch, homecoming)
    except CascadeError as error:
        return Outcome(Status.REFUSED, cursor=cursor, reason=error.reason, detail=error.detail)
    status, after = _place(batch, cursor)
    if status is not Status.APPLIED:
        return Outcome(status, cursor=cursor)
    hearing = _Hearing(node, link, Draft(node, ledger, batch.stream, at))
    if batch.kind is BatchKind.HOME:
        hearing.take_home(batch)
    else:
        hearing.take(batch, cursor)
    if after is not None:
        hearing.draft.set_cursor(batch.sender, after)
    return Outcome(
        Status.APPLIED,
        hearing.draft.writes(),
        tuple(hearing.changes),
        tuple(hearing.notices),
        after or cursor,
    )


def _admit(node: Node, batch: Batch, homecoming: bool) -> Link:
    """The link of a batch that is for us, in order, and of rows that the sender may bring."""
    if batch.receiver != node.name:
        raise CascadeError(Reason.NOT_FOR_US, f"for {batch.receiver}, not {node.name}")
    link = node.link(batch.sender)
    if not link.hears_of(batch.stream):
        raise CascadeError(Reason.STREAM_CLOSED, f"{batch.sender} brings nothing of {batch.stream}")
    if batch.kind is BatchKind.HOME and not homecoming:
        raise CascadeError(Reason.NOT_ASKED, f"{batch.sender} gives back what we did not ask for")
    check_order(batch)
    for entry in batch.entries:
        if isinstance(entry, Entry):
            _admit_row(node, link, batch, entry)
    return link


def _admit_row(node: Node, link: Link, batch: Batch, entry: Entry) -> None:
    row = entry.row
    if not entry.path or entry.path[-1] != batch.sender:
        raise CascadeError(Reason.BAD_FIELD, f"the path of {row.id} does not end in the sender")
    # We answer a forged version of our own row with a greater one, which must stay a number.
    if row.owner == node.name and max(row.version) > GREATEST_ANSWERED:
        raise CascadeError(Reason.BAD_FIELD, f"no version of ours: {row.version}")
    if batch.kind is BatchKind.HOME:
        if row.owner != node.name:
            raise CascadeError(Reason.FOREIGN_OWNER, f"{row.id} is not ours")
    elif not link.may_say(batch.stream, row):
        raise CascadeError(Reason.FOREIGN_OWNER, f"{batch.sender} speaks for {row.owner}")


def _place(batch: Batch, cursor: Cursor | None) -> tuple[Status, Cursor | None]:
    """Whether a batch fits the position, and the position after it."""
    if batch.kind is BatchKind.HOME:
        return Status.APPLIED, None
    if batch.kind is BatchKind.SNAPSHOT:
        return _place_page(batch, cursor)
    if cursor is None or (batch.epoch, batch.route) > (cursor.epoch, cursor.route):
        return Status.EARLY, cursor
    if (batch.epoch, batch.route) != (cursor.epoch, cursor.route):
        return Status.STALE, cursor
    if cursor.snapshot:
        return Status.EARLY, cursor
    if batch.kind is BatchKind.REPAIR:
        # What was read of the log after the repair was made would be undone by it and never said again.
        return (Status.STALE if cursor.seq > batch.through else Status.APPLIED), cursor
    if batch.since > cursor.seq:
        return Status.EARLY, cursor
    if batch.through <= cursor.seq:
        return Status.DUPLICATE, cursor
    return Status.APPLIED, cursor._replace(seq=batch.through)


def _place_page(batch: Batch, cursor: Cursor | None) -> tuple[Status, Cursor | None]:
    after = Cursor(batch.epoch, batch.through, batch.route, batch.upto is not None, batch.upto)
    if cursor is None:
        return (Status.APPLIED if batch.after is None else Status.EARLY), after
    theirs = (batch.epoch, batch.route)
    ours = (cursor.epoch, cursor.route)
    if theirs < ours:
        return Status.STALE, cursor
    if batch.after is None:
        anew = theirs != ours or batch.through > cursor.seq
        return (Status.APPLIED if anew else Status.DUPLICATE), after
    if theirs != ours or batch.through != cursor.seq or not cursor.snapshot:
        return Status.STALE, cursor
    if cursor.after is None or batch.after > cursor.after:
        return Status.EARLY, cursor
    return (Status.APPLIED if batch.after == cursor.after else Status.DUPLICATE), after


class _Hearing:
    """One batch being heard: the draft of the writes, and what to tell of."""

    def __init__(self, node: Node, link: Link, draft: Draft) -> None:
        self.node = node
        self.sender = link.neighbour
        self.draft = draft
        self.repairing = False
        self.changes: list[Change] = []
        self.notices: list[Notice] = []

    def take(self, batch: Batch, cursor: Cursor | None) -> None:
        """Take the entries that are new, and for ranges of ids what is absent from them."""
        since = cursor.seq if batch.kind is BatchKind.DELTA and cursor is not None else -1
        self.repairing = batch.kind is BatchKind.REPAIR
        for entry in batch.entries:
            if entry.seq <= since:
                continue
            if isinstance(entry, Entry) and self.node.name not in entry.path:
                self.hear(entry.row, entry.path)
            elif isinstance(entry, Entry):
                self.unhear(entry.row.id, None)
            else:
                self.unhear(entry.id, entry.version)
        if batch.kind is not BatchKind.DELTA:
            self.miss(batch)

    def take_home(self, batch: Batch) -> None:
        """Take back own rows that others have newer than we do."""
        for entry in batch.entries:
            if not isinstance(entry, Entry):
                continue
            held = self.draft.get(entry.row.id)
            if held is None or entry.row.version > held.row.version:
                self.office(entry.row)

    def miss(self, batch: Batch) -> None:
        """What the sender supplied in this range and does not name any more is no longer supplied."""
        said = {id_of(entry) for entry in batch.entries}
        after = batch.after
        while True:
            ids = [copy.row.id for copy in self.draft.ledger.span(batch.stream, after, batch.upto, 1000)]
            for row in ids:
                if row not in said:
                    self.unhear(row, None)
            if len(ids) < 1000:
                return
            after = ids[-1]

    def hear(self, row: Row, path: Path) -> None:
        """The sender vouches for a row."""
        held = self.draft.get(row.id)
        ours = row.owner == self.node.name or (held is not None and held.row.owner == self.node.name)
        if ours and self.hear_own(row, path, held):
            return
        if held is None or not held.held:
            older = held is not None and held.overtaken and held.row.version > row.version
            if not row.deleted and not older:
                self.keep(row, (Supply(self.sender, path),))
            return
        supplies = _with(held.supplies, Supply(self.sender, path))
        if row.version > held.row.version or (row.version == held.row.version and self.forked(row, held.row)):
            self.keep(row, supplies)
            if held.row.owner == self.node.name:
                self.notices.append(Notice(Finding.OFFICE_LOST, row))
        elif held.row.owner != self.node.name:
            self.draft.put(held.row, held=True, rooted=held.rooted, supplies=supplies)

    def forked(self, row: Row, ours: Row) -> bool:
        """Whether the same version came with other content, and theirs is the one that all choose.

        A repair was asked for because ours is in doubt: then it is theirs.
        """
        if row == ours:
            return False
        self.notices.append(Notice(Finding.FORKED, row))
        return self.repairing or row.digest() > ours.digest()

    def keep(self, row: Row, supplies: tuple[Supply, ...]) -> None:
        self.draft.put(row, held=True, rooted=False, supplies=supplies)
        self.changes.append(Change(ChangeKind.DELETED if row.deleted else ChangeKind.STORED, row))
        if due(self.node, self.draft.ledger, self.draft.stream, row):
            self.notices.append(Notice(Finding.CORRECTION_DUE, row))

    def hear_own(self, row: Row, path: Path, held: Copy | None) -> bool:
        """A row that is ours by our book or by theirs; whether nothing more is to be done.

        Source wins: only we can have made a newer version that names us in our term, so we lost our
        memory. Another owner in our term (a hand-over taken and passed on while it was reclaimed) is
        settled by the versions, as everywhere else.
        """
        if held is not None and held.held and held.row.owner == self.node.name:
            if row.version < held.row.version or row == held.row:
                return True
            if row.owner == self.node.name and row.version.term == held.row.version.term:
                self.reissue(held.row, row, Finding.REWOUND)
                return True
        if row.owner != self.node.name:
            return False
        if held is not None and held.held and row.version <= held.row.version:
            return False
        if row.deleted and (held is None or not held.held):
            return True
        if held is None and row.version.epoch == self.draft.head.epoch:
            self.reissue(_dead(row), row, Finding.ZOMBIE)
        else:
            # Who gave it stays in its trail: the news that it was taken goes back that way.
            self.draft.put(row, held=True, rooted=False, supplies=(Supply(self.sender, path),))
            self.office(row)
        return True

    def reissue(self, ours: Row, theirs: Row, finding: Finding) -> None:
        """Issue our own content again, above the version that came back."""
        row = replace(ours, version=self.draft.version(theirs.version))
        self.draft.put(row, held=True, rooted=True, supplies=())
        self.notices.append(Notice(finding, theirs))

    def office(self, row: Row) -> None:
        """Take over a row that names us its owner."""
        ours = replace(row, version=self.draft.version(row.version))
        self.draft.put(ours, held=True, rooted=True, supplies=())
        self.changes.append(Change(ChangeKind.DELETED if row.deleted else ChangeKind.STORED, ours))
        self.notices.append(Notice(Finding.OFFICE_TAKEN, ours))

    def unhear(self, row: RowId, version: Version | None) -> None:
        """The sender no longer vouches for a row; without any support it goes."""
        held = self.draft.get(row)
        if held is None or held.row.owner == self.node.name:
            return
        if version is not None and held.row.version.untaken and version > held.row.version:
            self.overtake(held, version)
            return
        if not held.held:
            return
        supplies = tuple(supply for supply in held.supplies if supply.neighbour != self.sender)
        if supplies == held.supplies:
            return
        if supplies or held.rooted or held.row.deleted:
            self.draft.put(held.row, held=True, rooted=held.rooted, supplies=supplies)
            return
        self.draft.put(held.row.stripped(), held=False, rooted=False, supplies=())
        self.changes.append(Change(ChangeKind.WITHDRAWN, held.row.stripped()))
        if version is None and held.row.owner == self.sender:
            self.notices.append(Notice(Finding.FORGOTTEN_BY_OWNER, held.row))

    def overtake(self, held: Copy, version: Version) -> None:
        """A hand-over that we hold was taken, and we may not have what came of it: all support is void."""
        gone = replace(held.row.stripped(), version=version)
        self.draft.put(gone, held=False, rooted=False, supplies=())
        if held.held:
            self.changes.append(Change(ChangeKind.WITHDRAWN, gone))


def _with(supplies: tuple[Supply, ...], new: Supply) -> tuple[Supply, ...]:
    others = [supply for supply in supplies if supply.neighbour != new.neighbour]
    return tuple(sorted((*others, new)))


def _dead(row: Row) -> Row:
    return replace(row.stripped(), deleted=True)
