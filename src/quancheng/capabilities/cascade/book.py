"""账本: the ledger protocol of ``core.cascade`` on the business database, in bulk on both engines.

Rows stand once, at the number of their last change, so ``changes`` is one range of an index. Reads of single
rows during the hearing of a batch are answered from what ``fetch`` read before in a few statements.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import connection

from quancheng.capabilities.cascade.cascade_client import cursor_in, cursor_out
from quancheng.capabilities.cascade.models import Book, Reading
from quancheng.core.cascade import (
    Copy,
    Cursor,
    Forget,
    Head,
    Put,
    Row,
    RowId,
    Scope,
    SetCursor,
    SetHead,
    Standing,
    Stream,
    StreamKind,
    Supply,
    Version,
    Write,
)

__all__ = ["BookLedger", "book_of", "copy_in", "lock", "open_book"]

COLUMNS = (
    "origin, local, seq, at, held, live, rooted, heard, owner, term, epoch, number, region, organ, body,"
    " evidence, history, digest"
)
_READ = "origin, local, seq, at, held, rooted, owner, term, epoch, number, region, organ, body, evidence, history, live"
_SELECT = f"SELECT {_READ} FROM cascade_holding WHERE book_id = %s AND "  # noqa: S608
_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[2:])
_PUT = (
    f"INSERT INTO cascade_holding (book_id, {COLUMNS}) VALUES ({', '.join(['%s'] * 19)})"  # noqa: S608
    f" ON CONFLICT (book_id, origin, local) DO UPDATE SET {_UPDATES}"
)
_FORGET = "DELETE FROM cascade_holding WHERE book_id = %s AND origin = %s AND local = %s"
CHUNK = 500


def book_of(stream: Stream) -> Book | None:
    """The book of a stream, or None."""
    return Book.objects.filter(kind=stream.kind.value, name=stream.name).first()


def open_book(stream: Stream) -> Book:
    """The book of a stream, made on first use; inside an action."""
    book, _ = Book.objects.get_or_create(kind=stream.kind.value, name=stream.name)
    return book


def lock(stream: Stream) -> Book:
    """The book, kept from other writers until the transaction ends; inside an action."""
    open_book(stream)
    return Book.objects.select_for_update().get(kind=stream.kind.value, name=stream.name)


class BookLedger:
    """``core.cascade.Ledger`` over the tables of this module (账本)."""

    def __init__(self) -> None:
        self._books: dict[Stream, Book | None] = {}
        self._near: dict[tuple[Stream, RowId], Copy | None] = {}

    def book(self, stream: Stream) -> Book | None:
        """The book of a stream as first read."""
        if stream not in self._books:
            self._books[stream] = book_of(stream)
        return self._books[stream]

    def fetch(self, stream: Stream, rows: Iterable[RowId]) -> None:
        """Read many copies at once, so that ``get`` need not ask the database."""
        book = self.book(stream)
        wanted = sorted(set(rows))
        for row in wanted:
            self._near[stream, row] = None
        if book is None:
            return
        for origin, found in groupby(wanted, key=lambda row: row.origin):
            local = [row.local for row in found]
            for start in range(0, len(local), CHUNK):
                part = local[start : start + CHUNK]
                marks = ", ".join(["%s"] * len(part))
                for copy in _query(f"origin = %s AND local IN ({marks})", (book.pk, origin, *part)):
                    self._near[stream, copy.row.id] = copy

    def head(self, stream: Stream) -> Head | None:
        book = self.book(stream)
        return Head(book.epoch, book.seq, book.floor) if book is not None and book.opened else None

    def get(self, stream: Stream, row: RowId) -> Copy | None:
        key = (stream, row)
        if key not in self._near:
            self.fetch(stream, (row,))
        return self._near[key]

    def changes(self, stream: Stream, after: int, limit: int) -> Sequence[Copy]:
        book = self.book(stream)
        return _query("seq > %s ORDER BY seq LIMIT %s", (book.pk, after, limit)) if book else ()

    def span(self, stream: Stream, after: RowId | None, upto: RowId | None, limit: int) -> Sequence[Copy]:
        book = self.book(stream)
        if book is None:
            return ()
        where, given = _range(after, upto)
        return _query(f"{where} ORDER BY origin, local LIMIT %s", (book.pk, *given, limit))

    def dead(self, stream: Stream, before: int, limit: int) -> Sequence[Copy]:
        book = self.book(stream)
        return _query("NOT live AND at < %s ORDER BY seq LIMIT %s", (book.pk, before, limit)) if book else ()

    def cursor(self, stream: Stream, neighbour: str) -> Cursor | None:
        book = self.book(stream)
        if book is None:
            return None
        found = (
            Reading.objects.filter(book=book, neighbour=neighbour).values_list("cursor", flat=True).first()
        )
        return cursor_in(found)

    def write(self, writes: Iterable[Write], *, heard: bool = False) -> None:
        """Make the writes in the caller's transaction; ``heard``: they came from a neighbour."""
        for stream, group in _by_stream(writes):
            book = lock(stream)
            puts = [_out(book.pk, one.copy, heard) for one in group if isinstance(one, Put)]
            gone = [(book.pk, *one.row) for one in group if isinstance(one, Forget)]
            with connection.cursor() as cursor:
                if puts:
                    cursor.executemany(_PUT, puts)
                if gone:
                    cursor.executemany(_FORGET, gone)
            for one in group:
                if isinstance(one, SetHead):
                    book.epoch, book.seq, book.floor = one.head
                    book.opened = True
                elif isinstance(one, SetCursor):
                    Reading.objects.update_or_create(
                        book=book, neighbour=one.neighbour, defaults={"cursor": cursor_out(one.cursor)}
                    )
            book.stamp += 1
            book.save(update_fields=["epoch", "seq", "floor", "opened", "stamp"])
            self._books[stream] = book
        self._near.clear()


def _by_stream(writes: Iterable[Write]) -> Iterator[tuple[Stream, list[Write]]]:
    groups: dict[Stream, list[Write]] = {}
    for one in writes:
        groups.setdefault(one.stream, []).append(one)
    yield from groups.items()


def _range(after: RowId | None, upto: RowId | None) -> tuple[str, list[str]]:
    where, given = ["1 = 1"], list[str]()
    if after is not None:
        where.append("(origin, local) > (%s, %s)")
        given += after
    if upto is not None:
        where.append("(origin, local) <= (%s, %s)")
        given += upto
    return " AND ".join(where), given


def _query(where: str, given: Sequence[Any]) -> list[Copy]:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + where, given)
        return [copy_in(*found) for found in cursor.fetchall()]


def _out(book: int, copy: Copy, heard: bool) -> tuple[Any, ...]:
    row = copy.row
    history = ""
    if copy.supplies or copy.trail or row.former:
        history = json.dumps(
            [copy.supplies, copy.trail, row.former], ensure_ascii=False, separators=(",", ":")
        )
    return (
        book, row.id.origin, row.id.local, copy.seq, copy.at, copy.held, copy.live, copy.rooted, heard, row.owner,
        *row.version, row.region, row.organ, row.body, row.evidence, history, row.digest(),
    )  # fmt: skip


def copy_in(
    origin: str, local: str, seq: int, at: int, held: Any, rooted: Any, owner: str, term: int, epoch: int,
    number: int, region: str, organ: str, body: str, evidence: str, history: str, live: Any,
) -> Copy:  # fmt: skip
    """A copy from its columns. Not live and held means deleted."""
    supplies, trail, former = json.loads(history) if history else ((), (), ())
    row = Row(
        RowId(origin, local), owner, Version(term, epoch, number), region, organ, body,
        deleted=bool(held) and not live, evidence=evidence, former=tuple(former),
    )  # fmt: skip
    return Copy(
        row, seq, at, bool(held), bool(rooted),
        tuple(Supply(name, tuple(path)) for name, path in supplies),
        tuple(
            Standing(Scope(*scope) if scope else None, tuple(tuple(path) for path in paths)) for scope, paths in trail
        ),
    )  # fmt: skip


def streams() -> list[Stream]:
    """All streams of this node."""
    return [Stream(StreamKind(kind), name) for kind, name in Book.objects.values_list("kind", "name")]


def opened_streams() -> list[Stream]:
    """Streams that have a log here."""
    found = Book.objects.filter(opened=True).values_list("kind", "name")
    return [Stream(StreamKind(kind), name) for kind, name in found]
