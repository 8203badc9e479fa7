"""提供: what a node says to a neighbour that has read its log so far: changes, a snapshot, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from quancheng.core.cascade.batch import Batch, BatchKind, Entry, Withdrawal
from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Ledger
from quancheng.core.cascade.model import Copy, Cursor, Head, Path, RowId, Standing, Stream
from quancheng.core.cascade.route import Link, Node, best_path

__all__ = ["CatchUp", "catch_up", "homecoming", "offer", "offerable", "repair", "walk"]

CHUNK = 1000
SCAN = 20_000


class CatchUp(StrEnum):
    """How a reader comes up to date (追赶方式)."""

    NOTHING = "NOTHING"
    DELTAS = "DELTAS"
    SNAPSHOT = "SNAPSHOT"
    RESUME = "RESUME"


def catch_up(cursor: Cursor | None, head: Head, revision: int) -> CatchUp:
    """Decide between changes and a snapshot from positions alone.

    A new reader, another epoch, another revision of the filter, or a reader behind the floor (what died
    meanwhile is forgotten) needs a snapshot. A reader ahead of the log proves that the log was restored
    without a new epoch: ``CascadeError`` (REWOUND), for going on would skip changes.
    """
    if cursor is None or cursor.epoch != head.epoch or cursor.route != revision:
        return CatchUp.SNAPSHOT
    if cursor.seq > head.seq:
        raise CascadeError(Reason.REWOUND, f"the reader has {cursor.seq}, the log ends at {head.seq}")
    if cursor.seq < head.floor:
        return CatchUp.SNAPSHOT
    if cursor.snapshot:
        return CatchUp.RESUME
    return CatchUp.DELTAS if cursor.seq < head.seq else CatchUp.NOTHING


def offerable(link: Link, stream: Stream, copy: Copy) -> Path | None:
    """The path under which a held copy is offered to the neighbour; None if it is not."""
    if not copy.held or not link.admits(stream, copy.row.scope):
        return None
    return best_path(copy.paths, link.neighbour)


def offer(
    node: Node, ledger: Ledger, neighbour: str, stream: Stream, cursor: Cursor | None, limit: int = 1000
) -> Batch | None:
    """The next batch for a neighbour at this cursor, of at most ``limit`` entries; None: it has all.

    The cursor is the neighbour's own (its receipt or its question). Asking twice gives the same; a lost
    batch is asked for again. ``CascadeError``: UNKNOWN_LINK, STREAM_CLOSED, REWOUND.
    """
    link = _link(node, neighbour, stream)
    limit = max(1, limit)
    head = ledger.head(stream) or Head(1)
    way = catch_up(cursor, head, link.revision)
    if way is CatchUp.NOTHING:
        return None
    if way is CatchUp.DELTAS and cursor is not None:
        return _deltas(node, ledger, link, stream, cursor.seq, head, limit)
    if way is CatchUp.RESUME and cursor is not None:
        return _page(node, ledger, link, stream, cursor.seq, cursor.after, limit)
    return _page(node, ledger, link, stream, head.seq, None, limit)


def repair(
    node: Node, ledger: Ledger, neighbour: str, stream: Stream, after: RowId | None, upto: RowId | None
) -> Batch:
    """All that the neighbour should have from us in a range of ids, to replace what it has."""
    link = _link(node, neighbour, stream)
    head = ledger.head(stream) or Head(1)
    said = [_speak(node, link, stream, copy, True) for copy in walk(ledger, stream, after, upto)]
    entries = tuple(entry for entry in said if entry is not None)
    return _covering(BatchKind.REPAIR, node, link, stream, head.epoch, head.seq, entries, after, upto)


def homecoming(
    node: Node, ledger: Ledger, neighbour: str, stream: Stream, after: RowId | None, limit: int = 1000
) -> Batch:
    """Copies of the neighbour's own rows, to give back after it lost them (归还): the page after ``after``."""
    link = _link(node, neighbour, stream)
    head = ledger.head(stream) or Head(1)
    said: list[Entry] = []
    upto: RowId | None = None
    for copy in walk(ledger, stream, after, None):
        if copy.held and copy.row.owner == neighbour:
            said.append(Entry(copy.row, (neighbour, node.name), copy.seq))
            if len(said) == limit:
                upto = copy.row.id
                break
    batch = _covering(BatchKind.HOME, node, link, stream, head.epoch, head.seq, tuple(said), after, upto)
    return replace(batch, more=upto is not None)


def walk(ledger: Ledger, stream: Stream, after: RowId | None, upto: RowId | None) -> Iterator[Copy]:
    """All copies in a range of ids, read in pieces."""
    while True:
        copies = tuple(ledger.span(stream, after, upto, CHUNK))
        yield from copies
        if len(copies) < CHUNK:
            return
        after = copies[-1].row.id


def _link(node: Node, neighbour: str, stream: Stream) -> Link:
    link = node.link(neighbour)
    if not link.carries(stream):
        raise CascadeError(Reason.STREAM_CLOSED, f"{stream} does not go to {neighbour}")
    return link


def _speak(node: Node, link: Link, stream: Stream, copy: Copy, snapshot: bool) -> Entry | Withdrawal | None:
    """What the neighbour hears of a copy; in a ``snapshot`` what is absent is withdrawn."""
    path = offerable(link, stream, copy)
    if path is not None:
        return Entry(copy.row, (*path, node.name), copy.seq)
    told = not snapshot and any(_was_offerable(link, stream, past) for past in copy.trail)
    if told or _may_keep_a_hand_over(link, copy):
        return Withdrawal(copy.row.id, copy.row.version, copy.seq)
    return None


def _may_keep_a_hand_over(link: Link, copy: Copy) -> bool:
    """Whether the neighbour may still hold the row as it was handed over, though it was taken since.

    A former owner holds it by its own right until it hears of a newer version, and so do those on the way
    from it. Where the new owner's row may not go back along that way, its version does: from the new owner
    to whoever gave it the row, and on to whoever gave it to them.
    """
    if not copy.row.former:
        return False
    former = link.neighbour in copy.row.former and best_path(copy.paths, link.neighbour) is not None
    return former or link.neighbour in copy.givers


def _was_offerable(link: Link, stream: Stream, past: Standing) -> bool:
    admitted = past.scope is None or link.admits(stream, past.scope)
    return admitted and best_path(past.paths, link.neighbour) is not None


def _deltas(
    node: Node, ledger: Ledger, link: Link, stream: Stream, since: int, head: Head, limit: int
) -> Batch:
    said: list[Entry | Withdrawal] = []
    through = since
    for _ in range(max(1, SCAN // limit)):
        copies = tuple(ledger.changes(stream, through, limit - len(said)))
        for copy in copies:
            entry = _speak(node, link, stream, copy, False)
            if entry is not None:
                said.append(entry)
            through = copy.seq
        if len(copies) == 0:
            through = head.seq
        if through == head.seq or len(said) == limit:
            break
    return Batch(
        BatchKind.DELTA,
        node.name,
        link.neighbour,
        stream,
        head.epoch,
        since,
        through,
        link.revision,
        tuple(said),
        more=through < head.seq,
    )


def _page(
    node: Node,
    ledger: Ledger,
    link: Link,
    stream: Stream,
    begun: int,
    after: RowId | None,
    limit: int,
) -> Batch:
    """A page of a snapshot begun at log number ``begun``; what changes meanwhile follows as changes."""
    head = ledger.head(stream) or Head(1)
    said: list[Entry | Withdrawal] = []
    upto = after
    done = False
    for _ in range(max(1, SCAN // limit)):
        wanted = limit - len(said)
        copies = tuple(ledger.span(stream, upto, None, wanted))
        spoken = (_speak(node, link, stream, copy, True) for copy in copies)
        said.extend(entry for entry in spoken if entry is not None)
        done = len(copies) < wanted
        upto = None if done else copies[-1].row.id
        if done or len(said) == limit:
            break
    batch = _covering(BatchKind.SNAPSHOT, node, link, stream, head.epoch, begun, tuple(said), after, upto)
    return replace(batch, more=not done or begun < head.seq)


def _covering(
    kind: BatchKind,
    node: Node,
    link: Link,
    stream: Stream,
    epoch: int,
    through: int,
    entries: tuple[Entry | Withdrawal, ...],
    after: RowId | None,
    upto: RowId | None,
) -> Batch:
    return Batch(
        kind, node.name, link.neighbour, stream, epoch, 0, through, link.revision, entries, after, upto
    )
