"""Arrow 行变为普通值: rows as Python values and as JSON, without the trailing zeros of stored decimals."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def plain_rows(data: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as dicts: int, Decimal as written, date, aware datetime in UTC, bool, str, None."""
    rows: list[dict[str, Any]] = data.to_pylist()
    decimals = [field.name for field in data.schema if pa.types.is_decimal(field.type)]
    moments = [field.name for field in data.schema if pa.types.is_timestamp(field.type)]
    if not (decimals or moments):
        return rows
    for row in rows:
        for name in decimals:
            row[name] = short(row[name])
        for name in moments:
            if row[name] is not None:
                row[name] = row[name].astimezone(UTC)
    return rows


def short(value: Decimal | None) -> Decimal | None:
    """12.5000000000 as 12.5, 100.0000000000 as 100."""
    if value is None:
        return None
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if whole == value else value.normalize()


def json_bytes(value: Any) -> bytes:
    """JSON of plain values: decimals as numbers with all their digits, days and moments in ISO 8601."""
    return _ENCODER.encode(value)
