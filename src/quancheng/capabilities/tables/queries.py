"""Reads of tables: what an actor may see, and trusted reads for modules that have decided already."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from quancheng.capabilities.tables import changing, heads
from quancheng.capabilities.tables.models import Change, DataTable
from quancheng.capabilities.tables.values import RowChange, TableInfo
from quancheng.capabilities.tables.view import View
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound


def visible_tables(actor: Actor, *, q: str = "", owner: str = "") -> QuerySet[DataTable]:
    """Tables the actor may see, by words of the name and by department code."""
    found = access.visible(actor, DataTable).filter(dropped_at=None).select_related("owner")
    for word in q.split():
        found = found.filter(Q(name__icontains=word) | Q(zh__icontains=word) | Q(en__icontains=word))
    return found.filter(owner__code=owner) if owner else found


def tables(actor: Actor, *, q: str = "", owner: str = "", limit: int = 1000) -> list[TableInfo]:
    """The same as values, by name."""
    return [row.info for row in visible_tables(actor, q=q, owner=owner).order_by("name")[:limit]]


def table(actor: Actor, table_id: str | UUID) -> TableInfo:
    """A table the actor may see; raises NotFound."""
    return row_of(visible_tables(actor), table_id).info


def info(table_id: str | UUID) -> TableInfo:
    """A table, without rights: for modules that have decided already. Raises NotFound."""
    return _trusted(table_id).info


def named(name: str) -> TableInfo | None:
    """A table by its name, without rights; None when there is none."""
    row = DataTable.objects.filter(name=name, dropped_at=None).select_related("owner").first()
    return row.info if row else None


def view(table_id: str | UUID, version: int | None = None) -> View:
    """A version for reading, **without rights**: the calling module has decided already.

    Raises NotFound, SnapshotExpired for a version that is not (or no longer) kept.
    """
    if version is None:
        found = heads.newest(_uuid(table_id))
        if found is None:
            raise _no_table()
        return found
    return view_of(_trusted(table_id), version)


def view_of(row: DataTable, version: int | None = None) -> View:
    """The same for a row at hand."""
    store_version, rows, number = row.store_version, row.rows, row.version
    if version is not None and version != row.version:
        store_version, rows, number = changing.at_version(row, version)
    return heads.view_at(row, store_version, rows, number)


def changes(table_id: str | UUID, since: int, until: int | None = None) -> Iterator[RowChange]:
    """The net change of each key after version ``since`` up to ``until`` (the newest), in key order.

    Without rights, as :func:`view`. Raises SnapshotExpired when the versions between are no longer kept;
    then take everything anew (``since=0``).
    """
    row = _trusted(table_id)
    yield from changing.changes(row, since, row.version if until is None else until)


def history(actor: Actor, table_id: str | UUID) -> QuerySet[Change]:
    """What was done to a table, newest first, for those who may see it."""
    row = row_of(visible_tables(actor), table_id)
    return access.visible(actor, Change).filter(table=row).order_by("-at", "-id")


def row_of(rows: QuerySet[DataTable], table_id: str | UUID) -> DataTable:
    """One of the rows by its id; raises NotFound."""
    found = rows.filter(table_id=_uuid(table_id)).first()
    if found is None:
        raise _no_table()
    return found


def _uuid(table_id: str | UUID) -> UUID:
    try:
        return table_id if isinstance(table_id, UUID) else UUID(table_id)
    except ValueError:
        raise _no_table() from None


def _no_table() -> NotFound:
    return NotFound(Text("没有这张数据表。", "There is no such data table."))


def _trusted(table_id: str | UUID) -> DataTable:
    return row_of(DataTable.objects.filter(dropped_at=None).select_related("owner"), table_id)
