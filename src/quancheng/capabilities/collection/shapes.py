"""表结构: columns as JSON, as the tables module's schema, as Arrow; typed values on their way into Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pyarrow as pa

from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.tabular import Column, Kind, Reason, Typed
from quancheng.kernel import clock

_STEP = Decimal(1).scaleb(-10)
_ROOM = Context(prec=60)
_WHOLE_DIGITS = 28


def table_schema(columns: Sequence[Mapping[str, Any]], key: Sequence[str]) -> TableSchema:
    """The schema of the data table from columns kept as JSON."""
    return TableSchema(
        tuple(
            ColumnSpec(
                name=str(one["name"]),
                kind=Kind(one["kind"]),
                zh=str(one.get("zh", "")),
                en=str(one.get("en", "")),
                required=bool(one.get("required")) or one["name"] in key,
                level=int(one.get("level", 1)),
                personal=bool(one.get("personal")),
            )
            for one in columns
        ),
        tuple(key),
    )


def column_facts(column: Column) -> dict[str, Any]:
    """A column of a module's dataset as JSON."""
    return {
        "name": column.name, "kind": column.kind.value, "zh": column.zh, "en": column.en,
        "required": column.required, "level": column.level, "personal": column.personal,
    }  # fmt: skip


def fitting(value: Typed, kind: Kind) -> Typed | Reason:
    """A converted value as the table keeps it, or why it cannot.

    Times without offset are the city's and kept in UTC; numbers have 28 digits before the point and are
    rounded to 10 behind it (decimal128(38,10)).
    """
    if isinstance(value, datetime):
        local = value if value.tzinfo else value.replace(tzinfo=clock.LOCAL)
        return local.astimezone(UTC)
    if kind is Kind.DECIMAL and isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number and number.adjusted() >= _WHOLE_DIGITS:
            return Reason.NOT_DECIMAL
        return number.quantize(_STEP, rounding=ROUND_HALF_EVEN, context=_ROOM)
    return value


def batch_of(rows: Sequence[Sequence[Typed]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows in the table's order as one Arrow batch."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(list(column), type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
