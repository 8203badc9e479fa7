"""脱敏: what of a row somebody sees who may see the table and not the persons in it.

Masked columns can be neither searched nor sorted by: an answer to "starts with 3701" would say what the
mask hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.exchange import Mask, apply_mask
from quancheng.core.tabular import Kind

_BY_KIND = {Kind.RESIDENT_ID: Mask.RESIDENT_ID, Kind.PHONE: Mask.PHONE}
_SECRET = 4
"""Level from which nothing of a personal cell is shown."""


def mask_of(column: ColumnSpec) -> Mask:
    """How a personal column is shown: numbers in part, names in part, anything else not at all."""
    if not column.personal:
        return Mask.KEEP
    if column.level >= _SECRET:
        return Mask.HIDE
    if column.kind in _BY_KIND:
        return _BY_KIND[column.kind]
    named = "name" in column.name.lower() or "姓名" in f"{column.zh}{column.name}"
    return Mask.NAME if named and column.kind is Kind.TEXT else Mask.HIDE


def masked_rows(schema: TableSchema, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the masks show them."""
    ways = {name: way for name in schema.names if (way := _way(schema, name)) is not Mask.KEEP}
    if not ways:
        return list(rows)
    return [{name: _shown(ways.get(name), name, value) for name, value in row.items()} for row in rows]


def masked_batches(schema: TableSchema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same for Arrow; a masked column that is no text is empty."""
    for batch in batches:
        columns = []
        for field in batch.schema:
            way, column = _way(schema, field.name), batch.column(field.name)
            if way is Mask.KEEP:
                columns.append(column)
            elif way is Mask.HIDE or not pa.types.is_string(field.type):
                columns.append(pa.nulls(batch.num_rows, field.type))
            else:
                shown = [_shown(way, field.name, value) for value in column.to_pylist()]
                columns.append(pa.array(shown, field.type))
        yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def open_columns(schema: TableSchema) -> tuple[str, ...]:
    """Columns that may be searched and sorted by without the right to reveal."""
    return tuple(column.name for column in schema.columns if mask_of(column) is Mask.KEEP)


def _way(schema: TableSchema, name: str) -> Mask:
    column = schema.column(name)
    return mask_of(column) if column is not None else Mask.HIDE


def _shown(way: Mask | None, name: str, value: Any) -> Any:
    return value if way is None else apply_mask(way, value, b"", name)
