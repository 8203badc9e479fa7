"""账本: where the copies of a node live, behind a protocol; a memory one; drafts of writes over one."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from quancheng.core.cascade.model import Copy, Cursor, Head, Row, RowId, Standing, Stream, Supply, Version
from quancheng.core.cascade.route import Node, best_path

__all__ = ["Draft", "Forget", "Ledger", "MemoryLedger", "Put", "SetCursor", "SetHead", "Write"]

LONGEST_TRAIL = 16


@dataclass(frozen=True, slots=True)
class Put:
    """Write: this copy replaces the one of its row, also in the log (写入副本)."""

    stream: Stream
    copy: Copy


@dataclass(frozen=True, slots=True)
class Forget:
    """Write: nothing is kept of the row (清除)."""

    stream: Stream
    row: RowId


@dataclass(frozen=True, slots=True)
class SetHead:
    """Write: the end of a stream's log (日志头)."""

    stream: Stream
    head: Head


@dataclass(frozen=True, slots=True)
class SetCursor:
    """Write: how far a neighbour's log was read (游标)."""

    stream: Stream
    neighbour: str
    cursor: Cursor


Write = Put | Forget | SetHead | SetCursor


class Ledger(Protocol):
    """What a store must answer (账本协议). All writes of one outcome go in one transaction, or none.

    ``changes`` and ``span`` read at most ``limit`` copies, by log number and by row id; bounds are
    exclusive below, inclusive above, None is open.
    """

    def head(self, stream: Stream) -> Head | None:
        """The end of the log; None for a stream never opened."""

    def get(self, stream: Stream, row: RowId) -> Copy | None:
        """The copy of a row."""

    def changes(self, stream: Stream, after: int, limit: int) -> Iterable[Copy]:
        """Copies whose log number is greater, in order of it."""

    def span(self, stream: Stream, after: RowId | None, upto: RowId | None, limit: int) -> Iterable[Copy]:
        """Copies in a range of row ids, in order of them."""

    def dead(self, stream: Stream, before: int, limit: int) -> Iterable[Copy]:
        """Copies that are not live, written before a moment (seconds), in order of log number."""

    def cursor(self, stream: Stream, neighbour: str) -> Cursor | None:
        """How far a neighbour's log was read."""

    def write(self, writes: Iterable[Write]) -> None:
        """Make the writes durable, all or none, in their order."""


class _Shelf:
    """One stream in memory: by id, and the ids in order."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.copies: dict[RowId, Copy] = {}
        self.ids: list[RowId] = []
        self.log: list[tuple[int, RowId]] = []


class MemoryLedger:
    """A ledger in memory (内存账本): for tests and small nodes."""

    def __init__(self) -> None:
        self._shelves: dict[Stream, _Shelf] = {}
        self._cursors: dict[tuple[Stream, str], Cursor] = {}

    def head(self, stream: Stream) -> Head | None:
        shelf = self._shelves.get(stream)
        return shelf.head if shelf else None

    def get(self, stream: Stream, row: RowId) -> Copy | None:
        shelf = self._shelves.get(stream)
        return shelf.copies.get(row) if shelf else None

    def changes(self, stream: Stream, after: int, limit: int) -> list[Copy]:
        shelf = self._shelves.get(stream)
        if shelf is None:
            return []
        found: list[Copy] = []
        start = bisect.bisect_right(shelf.log, after, key=lambda entry: entry[0])
        for index in range(start, len(shelf.log)):
            if len(found) == limit:
                break
            seq, row = shelf.log[index]
            copy = shelf.copies.get(row)
            if copy is not None and copy.seq == seq:
                found.append(copy)
        return found

    def span(self, stream: Stream, after: RowId | None, upto: RowId | None, limit: int) -> list[Copy]:
        shelf = self._shelves.get(stream)
        if shelf is None:
            return []
        low = 0 if after is None else bisect.bisect_right(shelf.ids, after)
        high = len(shelf.ids) if upto is None else bisect.bisect_right(shelf.ids, upto)
        return [shelf.copies[row] for row in shelf.ids[low : min(high, low + limit)]]

    def dead(self, stream: Stream, before: int, limit: int) -> list[Copy]:
        shelf = self._shelves.get(stream)
        copies = shelf.copies.values() if shelf else ()
        found = sorted((c for c in copies if not c.live and c.at < before), key=lambda copy: copy.seq)
        return found[:limit]

    def cursor(self, stream: Stream, neighbour: str) -> Cursor | None:
        return self._cursors.get((stream, neighbour))

    def write(self, writes: Iterable[Write]) -> None:
        for write in writes:
            if isinstance(write, SetCursor):
                self._cursors[write.stream, write.neighbour] = write.cursor
            elif isinstance(write, SetHead):
                self._shelf(write.stream).head = write.head
            elif isinstance(write, Forget):
                self._forget(self._shelf(write.stream), write.row)
            else:
                self._put(self._shelf(write.stream), write.copy)

    def _shelf(self, stream: Stream) -> _Shelf:
        return self._shelves.setdefault(stream, _Shelf(Head(0)))

    def _put(self, shelf: _Shelf, copy: Copy) -> None:
        old = shelf.copies.get(copy.row.id)
        if old is None:
            bisect.insort(shelf.ids, copy.row.id)
        shelf.copies[copy.row.id] = copy
        if old is None or old.seq != copy.seq:
            bisect.insort(shelf.log, (copy.seq, copy.row.id))
        if len(shelf.log) > 2 * len(shelf.copies) + 64:
            shelf.log = sorted((c.seq, c.row.id) for c in shelf.copies.values())

    def _forget(self, shelf: _Shelf, row: RowId) -> None:
        if shelf.copies.pop(row, None) is not None:
            del shelf.ids[bisect.bisect_left(shelf.ids, row)]


class Draft:
    """Writes to one stream being thought out over a ledger that they do not touch (草稿)."""

    def __init__(self, node: Node, ledger: Ledger, stream: Stream, at: int) -> None:
        self.node = node
        self.ledger = ledger
        self.stream = stream
        self.at = at
        self._before = ledger.head(stream)
        self.head = self._before or Head(1)
        self._copies: dict[RowId, Copy | None] = {}
        self._cursors: dict[str, Cursor] = {}
        self._neighbours = tuple(link.neighbour for link in node.links)

    def get(self, row: RowId) -> Copy | None:
        """The copy as it will be."""
        return self._copies[row] if row in self._copies else self.ledger.get(self.stream, row)

    def span(self, after: RowId | None, upto: RowId | None, limit: int) -> Iterator[Copy]:
        """Copies of the ledger in a range of ids; those drafted are read as they will be."""
        for copy in self.ledger.span(self.stream, after, upto, limit):
            drafted = self._copies.get(copy.row.id, copy)
            if drafted is not None:
                yield drafted

    def put(self, row: Row, *, held: bool, rooted: bool, supplies: tuple[Supply, ...]) -> None:
        """Hold the row so; a log number is spent only if some neighbour would be told something else."""
        old = self.get(row.id)
        new = Copy(row, 0, self.at, held, rooted, supplies)
        if old is not None and (old.row, old.held, old.rooted) == (row, held, rooted):
            if old.supplies == supplies:
                return
            if all(best_path(old.paths, name) == best_path(new.paths, name) for name in self._neighbours):
                self._copies[row.id] = Copy(row, old.seq, old.at, held, rooted, supplies, old.trail)
                return
        self.head = self.head._replace(seq=self.head.seq + 1)
        trail = _trail(old, new, self.head) if old else ()
        self._copies[row.id] = Copy(row, self.head.seq, self.at, held, rooted, supplies, trail)

    def forget(self, copy: Copy) -> None:
        """Keep nothing of a dead copy; who has not read so far needs a snapshot."""
        self._copies[copy.row.id] = None
        self.head = self.head._replace(floor=max(self.head.floor, copy.seq))

    def version(self, after: Version) -> Version:
        """The version that this node gives a row next."""
        return after.next(self.head.epoch, self.head.seq + 1)

    def set_cursor(self, neighbour: str, cursor: Cursor) -> None:
        """Remember how far the neighbour's log was read."""
        self._cursors[neighbour] = cursor

    def open(self, epoch: int) -> None:
        """Begin a new life of the log."""
        self.head = self.head._replace(epoch=epoch)

    def writes(self) -> tuple[Write, ...]:
        """What changes; nothing if nothing does."""
        found: list[Write] = []
        for row, copy in self._copies.items():
            found.append(Forget(self.stream, row) if copy is None else Put(self.stream, copy))
        if self.head != (self._before or Head(1)) or (found and self._before is None):
            found.append(SetHead(self.stream, self.head))
        for neighbour, cursor in self._cursors.items():
            if self.ledger.cursor(self.stream, neighbour) != cursor:
                found.append(SetCursor(self.stream, neighbour, cursor))
        return tuple(found)


def _trail(old: Copy, new: Copy, head: Head) -> tuple[Standing, ...]:
    """The past of a copy: how it stood before is added, unless nothing changed for anybody.

    A reader whose cursor passed a number need not have seen what stood there: the row may have moved on in
    the log before. Only when the last entry is below the floor has every reader seen that very entry. A
    row that was handed over keeps its past: those it came from may still have to hear that it was taken.
    """
    kept = list(old.trail) if old.seq > head.floor or new.row.former else []
    last = Standing(old.row.scope, old.paths)
    if last != Standing(new.row.scope, new.paths) and last.paths:
        kept = [past for past in kept if past != last]
        kept.append(last)
    if len(kept) <= LONGEST_TRAIL:
        return tuple(kept)
    givers = sorted({path[-1] for past in kept for path in past.paths if path})
    return (Standing(None, ((), *((name,) for name in givers))),)
