"""读行的人: a table as one reader may see it; persons are masked, or their reading is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.tables import actions
from quancheng.capabilities.tables.masking import masked_rows, open_columns
from quancheng.capabilities.tables.models import DataTable
from quancheng.capabilities.tables.queries import view_of
from quancheng.capabilities.tables.values import Found, RowChange, TableSchema
from quancheng.capabilities.tables.view import View
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who may see a table, and how (读者)."""

    actor: Actor
    row: DataTable
    view: View
    schema: TableSchema
    masked: bool

    @property
    def searchable(self) -> tuple[str, ...]:
        """Columns they may search and sort by."""
        return open_columns(self.schema) if self.masked else self.schema.names

    def search(self, call: Call, *, q: str = "", **asked: Any) -> Found:
        """Rows as they may see them; words are sought in the columns they may search."""
        if self.masked:
            self._refuse_hidden(asked)
        words: Any = self._words(q) if self.masked else q
        if words is None:
            return Found([], 0, False, None, self.schema.names)
        found = self.view.search(q=words, **asked) if not self.masked else self._masked(words, asked)
        self.looked(call, len(found.rows))
        return found

    def cells(self, change: RowChange) -> list[Any]:
        """The cells of a changed row; of a deleted one only its key."""
        row = change.row
        if row is None:
            row = dict.fromkeys(self.schema.names) | dict(zip(self.schema.key, change.key, strict=True))
        return list((masked_rows(self.schema, [row]) if self.masked else [row])[0].values())

    def looked(self, call: Call, count: int) -> None:
        """Record that persons were read unmasked."""
        if count and not self.masked and self.schema.personal:
            actions.reveal_rows(call, table_id=self.row.table_id, version=self.view.version, count=count)

    def _masked(self, words: str, asked: dict[str, Any]) -> Found:
        columns = self.searchable
        found = self.view.search(q=words, within=columns, **asked)
        return Found(
            masked_rows(self.schema, found.rows), found.total, found.total_estimated, found.next, found.fields
        )

    def _words(self, q: str) -> str | None:
        return q if self.searchable or not q.strip() else None

    def _refuse_hidden(self, asked: dict[str, Any]) -> None:
        from quancheng.capabilities.tables.wanted import read_sort
        from quancheng.core.exchange import fields_of

        used: set[str] = set(fields_of(asked["where"])) if asked.get("where") is not None else set()
        used |= set(asked.get("filters") or {}) | {name for name, _ in read_sort(asked.get("sort") or "")}
        if hidden := sorted(used & self.schema.personal):
            raise InvalidInput(fields={name: Text("脱敏的列不能用于筛选和排序", "masked") for name in hidden})


def reader_of(actor: Actor, row: DataTable, version: int | None = None) -> Reader:
    """A table for one who may see it."""
    schema = row.structure
    masked = bool(schema.personal) and not access.allowed(actor, "reveal", row)
    return Reader(actor, row, view_of(row, version), schema, masked)


def names_of(fields: str) -> Sequence[str] | None:
    """Column names with commas between."""
    return [part.strip() for part in fields.split(",") if part.strip()] or None
