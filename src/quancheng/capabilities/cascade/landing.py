"""落表: what was heard lands in the data table, many rows at a time, once, in order of the log."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pyarrow as pa
from django.db import connection

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.bodies import ORIGIN, arrow_of, key_values, rows_of
from quancheng.capabilities.cascade.forms_of_tables import TABLES, landing_schema, schema_in, stream_of_table
from quancheng.capabilities.cascade.models import Book, Neighbour, Remark
from quancheng.capabilities.cascade.network import own_name
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_queries
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core.cascade import Row, Stream, StreamKind
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["land", "open_landings"]

PIECE = 50_000
_HEARD = (
    "SELECT seq, origin, local, live, body FROM cascade_holding"
    " WHERE book_id = %s AND seq > %s AND seq <= %s AND heard ORDER BY seq LIMIT %s"
)


@action("cascade.land", idempotent=False)
def land(call: Call, *, stream: Stream) -> int:
    """把收到的行落入数据表: at most ``PIECE`` rows; how many. 0: all that was heard is there. Raises Forbidden."""
    access.require(call.actor, "publish", Book)
    book = books.lock(stream)
    if not book.table_id or book.landed >= book.seq:
        audit.note(stream=str(book), rows=0)
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, (book.pk, book.landed, book.seq, PIECE))
        found = cursor.fetchall()
    upto = found[-1][0] if len(found) == PIECE else book.seq
    if found:
        _apply(call, book, found, upto)
    book.landed = upto
    book.save(update_fields=["landed", "gathered"])
    audit.note(stream=str(book), rows=len(found), upto=upto)
    return len(found) or 1


def _apply(call: Call, book: Book, found: list[Any], upto: int) -> None:
    schema = table_queries.view(book.table_id).schema
    if (
        ORIGIN not in schema.key
    ):  # a table that only gives: of what was heard only rows that began here belong to it
        found = [one for one in found if one[1] == own_name()]
    if not found:
        return
    rows = rows_of(one[4] for one in found if one[3])
    for row, one in zip(rows, (one for one in found if one[3]), strict=True):
        row[ORIGIN] = one[1]
    deletes = [_key(schema, origin, local) for _, origin, local, live, _ in found if not live]
    upserts: pa.Table = arrow_of(rows, schema.arrow())
    done = tables.apply_changes(
        call,
        table_id=book.table_id,
        upserts=upserts,
        deletes=deletes,
        run=f"cascade:{book.pk}:{book.epoch}:{upto}",
    )
    # Nobody else changed the table since it was last gathered: what we put in need not be looked at again.
    if done.inserted + done.updated + done.deleted and book.gathered == done.version - 1:
        book.gathered = done.version


def _key(schema: TableSchema, origin: str, local: str) -> tuple[Any, ...]:
    values = dict(zip([name for name in schema.key if name != ORIGIN], key_values(local), strict=False))
    if ORIGIN in schema.key:
        values[ORIGIN] = origin
    row = arrow_of([values], pa.schema([schema.arrow().field(name) for name in schema.key])).to_pylist()[0]
    return tuple(row[name] for name in schema.key)


@action("cascade.open_landings", idempotent=False)
def open_landings(call: Call, *, owner: str) -> int:
    """为收到的表建落地表: for each description heard, a table that keeps the origin of its rows; how many were made.

    ``owner``: the department that keeps them here. Raises Forbidden.
    """
    access.require(call.actor, "publish", Book)
    made = 0
    for copy in books.BookLedger().changes(TABLES, 0, 10_000):
        book = books.open_book(stream_of_table(copy.row.id.local))
        if not copy.live or book.table_id:
            continue
        if _open(call, book, copy.row, owner):
            made += 1
        elif not Remark.objects.filter(finding="BAD_FORM", book=book).exists():
            Remark.objects.create(
                finding="BAD_FORM", book=book, origin=copy.row.id.origin, local=copy.row.id.local, at=call.at
            )
    audit.note(made=made)
    return made


def _open(call: Call, book: Book, row: Row, owner: str) -> bool:
    """Make the table of a description; False when it cannot be: its rows wait in the ledger."""
    simulated = Neighbour.objects.filter(code=row.id.origin, simulated=True).exists()
    try:
        form = json.loads(row.body)
        schema = landing_schema(schema_in(form))
        zh, en = str(form["zh"]), str(form["en"])
        info = tables.create_table(
            call, name=_name(book.name), zh=zh, en=en, schema=schema, owner=owner, simulated=simulated
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidInput, Conflict):
        return False
    book.table_id, book.zh, book.form, book.gathered = str(info.table_id), zh, form, info.version
    book.simulated = simulated
    book.save(update_fields=["table_id", "zh", "form", "gathered", "simulated"])
    return True


def _name(stream: str) -> str:
    """A name for the landing table: the stream's own where tables may be called so."""
    if re.fullmatch(r"[a-z0-9_.-]{1,80}", stream):
        return f"cascade.{stream}"
    return f"cascade.{hashlib.sha256(stream.encode()).hexdigest()[:16]}"


def to_land() -> list[Stream]:
    """Streams of tables with something to land."""
    found = Book.objects.filter(kind=StreamKind.TABLE.value).exclude(table_id="")
    return [Stream(StreamKind(one.kind), one.name) for one in found if one.landed < one.seq]
