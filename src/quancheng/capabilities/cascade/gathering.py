"""收表: changes of shared tables become edits of this node's rows; changes of foreign rows become requests.

Where a row is owned elsewhere the table gets the owner's content back at once: the source wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.bodies import ORIGIN, arrow_of, body_of, key_of, rows_of
from quancheng.capabilities.cascade.forms_of_tables import TABLES, form_out, landing_schema, stream_of_table
from quancheng.capabilities.cascade.hearing import publish
from quancheng.capabilities.cascade.models import Book, Remark
from quancheng.capabilities.cascade.network import own_name
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_queries
from quancheng.capabilities.tables.values import RowChange, TableSchema
from quancheng.core.cascade import Edit, Finding, Notice, Remove, RowId, Stream, StreamKind, Upsert
from quancheng.core.cascade.model import LONGEST_NAME
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["gather", "share_table", "to_gather"]

PIECE = 5000


@action("cascade.table.share")
def share_table(
    call: Call,
    *,
    name: str,
    table_id: str,
    region: str = "",
    organ: str = "",
    region_column: str = "",
    organ_column: str = "",
) -> Book:
    """共享一张表: its rows go to neighbours as their routes admit. Raises Forbidden, InvalidInput, Conflict.

    ``region_column``/``organ_column`` say where a row belongs; without them all rows belong to ``region`` and
    ``organ``. A table whose key holds the node of origin also takes the rows of others; another only gives.
    """
    access.require(call.actor, "manage", Book)
    view = table_queries.view(table_id)
    names = {one.name for one in view.schema.columns}
    for field, column in (("region_column", region_column), ("organ_column", organ_column)):
        if column and column not in names:
            said = Text(f"表中没有列 {column}。", f"The table has no column {column}.")
            raise InvalidInput(said, fields={field: said})
    book = books.lock(stream_of_table(name))
    if book.table_id and book.table_id != table_id:
        raise Conflict(Text(f"数据流 {name} 已连接另一张表。", f"The stream {name} has another table."))
    info = table_queries.table(call.actor, table_id)
    form = form_out(view.schema, info.zh, info.en, region, organ, region_column, organ_column)
    book.table_id, book.zh, book.form, book.simulated = table_id, info.zh, form, info.simulated
    book.save(update_fields=["table_id", "zh", "form", "simulated"])
    text = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    publish(call, stream=TABLES, edits=[Upsert(RowId(own_name(), name), region, organ, text)])
    audit.note(stream=name, table=table_id)
    return book


def to_gather() -> list[Book]:
    """Shared tables that changed since they were gathered."""
    found = []
    for book in Book.objects.filter(kind=StreamKind.TABLE.value).exclude(table_id=""):
        if table_queries.view(book.table_id).version > book.gathered:
            found.append(book)
    return found


def gather(book: Book, call: Callable[[], Call], alive: Callable[[], None] = lambda: None) -> int:
    """Take the changes of a table since the last time into its stream; how many rows were looked at.

    Cut in the middle it begins again and finds what it did unchanged.
    """
    view = table_queries.view(book.table_id)
    stream, looked = Stream(StreamKind(book.kind), book.name), 0
    changes = iter(table_queries.changes(book.table_id, book.gathered, view.version))
    foreign, unnamed = list[RowId](), list[RowId]()
    for piece in _pieces(changes):
        edits = [_edit(book.form, view.schema, change) for change in piece]
        unnamed += [edit.id for edit in edits if len(edit.id.local) > LONGEST_NAME]
        edits = [edit for edit in edits if len(edit.id.local) <= LONGEST_NAME]
        outcome = publish(call(), stream=stream, edits=edits)
        foreign += _not_ours(stream, edits, outcome.notices)
        looked += len(piece)
        alive()
    _gathered(call(), book=book, version=view.version, give_back=foreign, unnamed=unnamed)
    return looked


def _pieces(changes: Iterator[RowChange]) -> Iterator[list[RowChange]]:
    while piece := list(islice(changes, PIECE)):
        yield piece


def _edit(form: dict[str, Any], schema: TableSchema, change: RowChange) -> Edit:
    key = dict(zip(schema.key, change.key, strict=True))
    origin = str(key.pop(ORIGIN, "") or own_name())
    row_id = RowId(origin, key_of(list(key.values())))
    if change.row is None:
        return Remove(row_id)
    region = str(change.row.get(form.get("region_column") or "") or form.get("region") or "")
    organ = str(change.row.get(form.get("organ_column") or "") or form.get("organ") or "")
    return Upsert(row_id, region, organ, body_of(change.row))


def _not_ours(stream: Stream, edits: Iterable[Edit], notices: Iterable[Notice]) -> list[RowId]:
    if not any(notice.finding is Finding.CORRECTION_SENT for notice in notices):
        return []
    ledger = books.BookLedger()
    ids = [edit.id for edit in edits]
    ledger.fetch(stream, ids)
    copies = (ledger.get(stream, row) for row in ids)
    return [copy.row.id for copy in copies if copy is not None and copy.row.owner != own_name()]


@action("cascade.gathered", idempotent=False)
def _gathered(call: Call, *, book: Book, version: int, give_back: list[RowId], unnamed: list[RowId]) -> int:
    """收表完成: the version is noted; rows of other owners get their content back; too long keys are told of."""
    access.require(call.actor, "publish", Book)
    stream = Stream(StreamKind(book.kind), book.name)
    book = books.lock(stream)
    book.gathered = version
    for row in unnamed[:100]:
        Remark.objects.create(
            finding="BAD_NAME", book=book, origin=row.origin, local=row.local[:LONGEST_NAME], at=call.at
        )
    if give_back:
        ledger = books.BookLedger()
        ledger.fetch(stream, give_back)
        copies = [
            copy for copy in (ledger.get(stream, row) for row in give_back) if copy is not None and copy.live
        ]
        schema = table_queries.view(book.table_id).schema
        rows = rows_of(copy.row.body for copy in copies)
        for row, copy in zip(rows, copies, strict=True):
            row[ORIGIN] = copy.row.id.origin
        upserts = arrow_of(rows, schema.arrow())
        run = f"cascade:back:{book.pk}:{version}"
        done = tables.apply_changes(call, table_id=book.table_id, upserts=upserts, deletes=(), run=run)
        if done.inserted + done.updated and done.version == version + 1:
            book.gathered = done.version
    book.save(update_fields=["gathered"])
    audit.note(stream=str(book), version=version, given_back=len(give_back))
    return version


def make_table(call: Call, *, name: str, zh: str, en: str, schema: TableSchema, owner: str) -> str:
    """A table that takes rows of several nodes; its id."""
    info = tables.create_table(call, name=name, zh=zh, en=en, schema=landing_schema(schema), owner=owner)
    return str(info.table_id)
