"""A ledger on the standard library's SQLite: one table of copies, so that a million rows need no memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

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
    Supply,
    Version,
    Write,
)

SCHEMA = """
create table if not exists copy(
  stream text, origin text, local text, seq integer, at integer, held integer, live integer, rooted integer,
  row text, support text, primary key (stream, origin, local)) without rowid;
create unique index if not exists copy_seq on copy(stream, seq);
create index if not exists copy_dead on copy(stream, at) where live = 0;
create table if not exists head(stream text primary key, epoch integer, seq integer, floor integer);
create table if not exists cursor(stream text, neighbour text, cursor text, primary key (stream, neighbour));
"""


class SqliteLedger:
    """``Ledger`` in a file or in memory; every ``write`` is one transaction."""

    def __init__(self, path: str = ":memory:") -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA)

    def head(self, stream: Stream) -> Head | None:
        found = self.db.execute(
            "select epoch, seq, floor from head where stream = ?", (_key(stream),)
        ).fetchone()
        return Head(*found) if found else None

    def get(self, stream: Stream, row: RowId) -> Copy | None:
        found = self._read("origin = ? and local = ?", (_key(stream), *row))
        return found[0] if found else None

    def changes(self, stream: Stream, after: int, limit: int) -> list[Copy]:
        return self._read("seq > ? order by seq limit ?", (_key(stream), after, limit))

    def span(self, stream: Stream, after: RowId | None, upto: RowId | None, limit: int) -> list[Copy]:
        where, given = "1", []
        if after is not None:
            where, given = where + " and (origin, local) > (?, ?)", [*given, *after]
        if upto is not None:
            where, given = where + " and (origin, local) <= (?, ?)", [*given, *upto]
        return self._read(f"{where} order by origin, local limit ?", (_key(stream), *given, limit))

    def dead(self, stream: Stream, before: int, limit: int) -> list[Copy]:
        return self._read("live = 0 and at < ? order by seq limit ?", (_key(stream), before, limit))

    def cursor(self, stream: Stream, neighbour: str) -> Cursor | None:
        found = self.db.execute(
            "select cursor from cursor where stream = ? and neighbour = ?", (_key(stream), neighbour)
        ).fetchone()
        if not found:
            return None
        *rest, after = json.loads(found[0])
        return Cursor(*rest, RowId(*after) if after else None)

    def write(self, writes: Iterable[Write]) -> None:
        writes = tuple(writes)
        if not writes:
            return
        self.db.execute("begin immediate")
        try:
            for write in writes:
                self._one(write)
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def _one(self, write: Write) -> None:
        key = _key(write.stream)
        if isinstance(write, SetCursor):
            self.db.execute(
                "insert or replace into cursor values (?, ?, ?)",
                (key, write.neighbour, json.dumps(write.cursor)),
            )
        elif isinstance(write, SetHead):
            self.db.execute("insert or replace into head values (?, ?, ?, ?)", (key, *write.head))
        elif isinstance(write, Forget):
            self.db.execute(
                "delete from copy where stream = ? and origin = ? and local = ?", (key, *write.row)
            )
        elif isinstance(write, Put):
            copy = write.copy
            self.db.execute(
                "insert or replace into copy values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    *copy.row.id,
                    copy.seq,
                    copy.at,
                    copy.held,
                    copy.live,
                    copy.rooted,
                    _row_out(copy.row),
                    json.dumps([copy.supplies, copy.trail]),
                ),
            )

    def _read(self, where: str, given: tuple[object, ...]) -> list[Copy]:
        query = f"select row, seq, at, held, rooted, support, origin, local from copy where stream = ? and {where}"
        return [_copy_in(*found) for found in self.db.execute(query, given)]


def _key(stream: Stream) -> str:
    return f"{stream.kind.value}/{stream.name}"


def _row_out(row: Row) -> str:
    return json.dumps(
        [row.owner, row.version, row.region, row.organ, row.body, row.deleted, row.evidence, row.former],
        ensure_ascii=False,
    )


def _copy_in(
    text: str, seq: int, at: int, held: int, rooted: int, support: str, origin: str, local: str
) -> Copy:
    owner, version, region, organ, body, deleted, evidence, former = json.loads(text)
    row = Row(
        RowId(origin, local),
        owner,
        Version(*version),
        region,
        organ,
        body,
        deleted,
        evidence,
        tuple(former),
    )
    supplies, trail = json.loads(support)
    return Copy(
        row,
        seq,
        at,
        bool(held),
        bool(rooted),
        tuple(Supply(name, tuple(path)) for name, path in supplies),
        tuple(
            Standing(Scope(*scope) if scope else None, tuple(tuple(path) for path in paths))
            for scope, paths in trail
        ),
    )
