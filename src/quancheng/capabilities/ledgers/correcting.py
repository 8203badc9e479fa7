"""订正: what rows say otherwise than the base, and how an accepted difference is written into its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quancheng.capabilities.ledgers import base
from quancheng.capabilities.ledgers.columns import canonical
from quancheng.capabilities.ledgers.models import Book, Difference, Returned, Row
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables.values import TableSchema
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput


def differences_of(call: Call, book: Book) -> Iterator[Difference]:
    """New differences of a book's filled rows; not yet kept."""
    if not book.prefilled:
        return
    tables_by_id = {one.table: one for one in Returned.objects.filter(active=True).select_related("organ")}
    told = _told(book)
    filled = Row.objects.filter(book=book, state=Row.State.DONE).order_by("number")
    for row in filled.iterator(chunk_size=500):
        for one in _of_row(call, book, row, tables_by_id):
            if (row.pk, one.kind, one.column, one.found) not in told:
                yield one


def _told(book: Book) -> set[tuple[int | None, str, str, str]]:
    """What was sent before and is waiting, rejected or accepted with the same value."""
    rows = Difference.objects.filter(book=book).values_list("row_id", "kind", "column", "found", "state")
    told = {(row, kind, column, found) for row, kind, column, found, _ in rows}
    waiting = {(row, kind, column, "") for row, kind, column, _, state in rows if state == "waiting"}
    return told | waiting


def _of_row(call: Call, book: Book, row: Row, known: dict[str, Returned]) -> Iterator[Difference]:
    if row.base_key and row.standing == Row.Standing.ABSENT:
        if book.base is not None:
            yield _made(call, book, row, book.base, kind=Difference.Kind.MISSING, found=row.note)
        return
    if not row.base_key:
        if row.standing == Row.Standing.ADDED and book.base is not None:
            content = {
                one.source: row.cells.get(one.name, "")
                for one in book.prefilled
                if one.table == book.base.table
            }
            yield _made(call, book, row, book.base, kind=Difference.Kind.EXTRA, content=content)
        return
    for one in book.prefilled:
        now, before = row.cells.get(one.name, ""), row.base.get(one.name, "")
        if now != before and one.table in known:
            yield _made(
                call, book, row, known[one.table], kind=Difference.Kind.VALUE, column=one.name, source=one.source,
                base=before, found=now,
            )  # fmt: skip


def _made(call: Call, book: Book, row: Row, returned: Returned, **facts: Any) -> Difference:
    return Difference(
        book=book, row=row, returned=returned, organ=returned.organ, key=_key_in(book, row, returned),
        label=row.key or str(row.number), region_code=row.region_code, sent_by=str(call.actor)[:120],
        sent_at=call.at, simulated=book.simulated, **facts,
    )  # fmt: skip


def _key_in(book: Book, row: Row, returned: Returned) -> list[str]:
    """A row's key in a table: in the base table its own, in others the book's key."""
    if book.base is not None and returned.pk == book.base.pk:
        return list(row.base_key)
    return [row.key] if row.key else []


def still_differing(row: Row) -> int:
    """Cells of a row of the base that are not what the base has."""
    if not row.base_key:
        return 0
    return sum(1 for one in row.book.prefilled if row.cells.get(one.name, "") != row.base.get(one.name, ""))


# -- into the source ----------------------------------------------------------------------------
def write_to_source(found: Difference) -> int:
    """Change the source's table as an accepted difference says; returns the new version.

    Raises Conflict when the table has another value than the field worker was shown, InvalidInput.
    """
    schema = base.schema_of(found.returned)
    upserts: list[dict[str, Any]] = []
    deletes: list[tuple[Any, ...]] = []
    match found.kind:
        case Difference.Kind.VALUE:
            upserts.append(_corrected(found, schema))
        case Difference.Kind.MISSING:
            base.sole(found.returned, found.key)
            deletes.append(base.typed_key(schema, found.key))
        case _:
            upserts.append(_fresh(found, schema))
    done = tables.apply_changes(
        Call.system("ledgers"), table_id=found.returned.table, upserts=upserts, deletes=deletes,
        run=f"ledgers:difference:{found.pk}",
    )  # fmt: skip
    return int(done.version)


def _corrected(found: Difference, schema: TableSchema) -> dict[str, Any]:
    row = dict(base.sole(found.returned, found.key))
    spec = base.column_spec(found.returned, found.source)
    now = canonical(row.get(found.source), spec.kind)
    if now not in (found.base, found.found):
        raise Conflict(
            Text(
                f"来源数据现在是“{now}”，与上报时的“{found.base}”不同。",
                f"The source says “{now}” now, not “{found.base}” as when this was sent.",
            ),
            todo=Text(
                "请不采纳并说明，由基层重新核对。", "Reject it with a word; the field will look again."
            ),
        )
    row[found.source] = base.typed(found.found, spec.kind)
    if row[found.source] is None and (spec.required or found.source in schema.key):
        raise InvalidInput(
            Text(f"来源字段“{spec.zh}”不能为空。", f"“{spec.name}” of the source must not be empty.")
        )
    return row


def new_row(found: Difference, schema: TableSchema) -> dict[str, Any]:
    """The row an extra one becomes in its source."""
    kinds = {one.name: one.kind for one in schema.columns}
    row = {name: base.typed(str(text), kinds[name]) for name, text in found.content.items() if name in kinds}
    row.setdefault(found.returned.region_column, found.region_code)
    return row


def _fresh(found: Difference, schema: TableSchema) -> dict[str, Any]:
    row = new_row(found, schema)
    missing = [
        one.zh or one.name
        for one in schema.columns
        if (one.required or one.name in schema.key) and row.get(one.name) is None
    ]
    if missing:
        names = "、".join(missing)
        raise InvalidInput(
            Text(f"新增一行还缺：{names}。", f"The new row lacks: {names}."),
            todo=Text(
                "请不采纳并说明，由基层补齐后再报。", "Reject it with a word; the field will complete it."
            ),
        )
    if base.look_up(found.returned, [base.key_of(schema, row)]):
        raise Conflict(Text("来源数据中已有这一行。", "The source holds this row by now."))
    return row
