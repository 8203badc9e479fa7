"""应答: rows of a search as the bytes of an answer, in the shape CKAN's DataStore gives them.

After the documentation of ckanext-datastore, ``datastore_search`` (CKAN 2.12); without its row number
``_id``, which no version of ours has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from quancheng.capabilities.tables.plain import json_bytes, plain_rows
from quancheng.capabilities.tables.values import ColumnSpec, Total
from quancheng.capabilities.tables.wanted import MOST_ROWS, wanted
from quancheng.core.tabular import Kind, safe_cell
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from quancheng.capabilities.tables.view import View

_TYPES = {
    Kind.INTEGER: "int8",
    Kind.DECIMAL: "numeric",
    Kind.DATE: "date",
    Kind.DATETIME: "timestamptz",
    Kind.BOOLEAN: "bool",
}
"""Kinds by PostgreSQL's names, which clients of the DataStore know."""
FORMATS = ("objects", "lists", "csv", "tsv")


def datastore_search(
    view: View,
    *,
    filters: Mapping[str, Any] | None = None,
    q: str | Mapping[str, str] = "",
    fields: Sequence[str] | str | None = None,
    sort: str | Sequence[str] = "",
    limit: int = 100,
    offset: int = 0,
    distinct: bool = False,
    records_format: str = "objects",
    include_total: bool = True,
    total_estimation_threshold: int | None = None,
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """``result`` of ``datastore_search``, as JSON. ``extra``: members to add (``resource_id``, ``_links``).

    A limit above the greatest is brought down to it, as CKAN does. Counts are exact unless a threshold of
    estimation is given. Raises InvalidInput naming the argument at fault.
    """
    if records_format not in FORMATS:
        raise InvalidInput(fields={"records_format": Text(f"应为 {FORMATS} 之一", f"one of {FORMATS}")})
    names = [part.strip() for part in fields.split(",")] if isinstance(fields, str) else fields
    asked = wanted(
        view.schema, q=q, fields=names or None, sort=sort, limit=min(limit, MOST_ROWS), offset=offset,
        distinct=distinct, filters=filters,
    )  # fmt: skip
    how = Total.ESTIMATE if total_estimation_threshold else Total.EXACT
    page, total, estimated = view.answer(asked, how if include_total else Total.NONE)
    result: dict[str, Any] = {
        "include_total": include_total,
        "limit": asked.limit,
        "offset": offset,
        "records_format": records_format,
        **(extra or {}),
        "fields": [field_of(view.schema.column(name)) for name in asked.fields],
        "records": records(page, records_format),
    }
    if filters:
        result["filters"] = filters
    if q:
        result["q"] = q
    if sort:
        result["sort"] = sort
    if include_total:
        result["total"], result["total_was_estimated"] = total, estimated
    return json_bytes(result)


def field_of(column: ColumnSpec | None) -> dict[str, Any]:
    """A column as the DataStore describes it."""
    assert column is not None
    info = {"label": column.zh or column.name, "label_en": column.en or column.name}
    return {"id": column.name, "type": _TYPES.get(column.kind, "text"), "info": info}


def records(page: pa.Table, records_format: str) -> list[Any] | str:
    """Rows as objects, as lists, or as one text of CSV or TSV without head."""
    rows = plain_rows(page)
    if records_format == "objects":
        return rows
    lists = [list(row.values()) for row in rows]
    if records_format == "lists":
        return lists
    out = io.StringIO()
    csv.writer(out, delimiter="," if records_format == "csv" else "\t", lineterminator="\n").writerows(
        [cell_text(value) for value in row] for row in lists
    )
    return out.getvalue()


def cell_text(value: Any) -> str:
    """A value in a file of text: nothing a spreadsheet would run, moments in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else f"{value}"
