"""行体: rows of tables as canonical JSON, and back into Arrow, a column at a time.

The form is the same on all nodes for the same row: members sorted, no blanks, dates and times in ISO 8601,
decimals as text; an absent value is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ORIGIN", "arrow_of", "body_of", "key_of", "key_values", "rows_of"]

ORIGIN = "origin_node"
"""Column of a landing table that keeps the node where a row began."""
_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder().decode


def body_of(row: Mapping[str, Any]) -> str:
    """The canonical text of a row, without the origin."""
    kept = {name: _plain(row[name]) for name in sorted(row) if name != ORIGIN and row[name] is not None}
    return _encode(kept).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (
            value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        ).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value


def key_of(values: Sequence[Any]) -> str:
    """The local name of a row: its key if that is one plain text, else the key as JSON.

    Names of rows have no blanks at their ends and only printable characters; JSON escapes the others.
    """
    if len(values) == 1 and isinstance(values[0], str):
        text = values[0]
        if text and text.isprintable() and text == text.strip() and not text.startswith("["):
            return text
    plain = [_plain(value) for value in values]
    text = _encode(plain).decode()
    return text if text.isprintable() else json.dumps(plain, separators=(",", ":"))


def key_values(local: str) -> list[Any]:
    """Undo ``key_of`` (as JSON values)."""
    return list(_decode(local)) if local.startswith("[") else [local]


def rows_of(bodies: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of many bodies, decoded in one go."""
    return list(_decode("[" + ",".join(bodies) + "]"))


def arrow_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows of JSON values as a table of ``schema``; unknown members are dropped. Raises ArrowInvalid."""
    columns = [_column([row.get(one.name) for row in rows], one.type) for one in schema]
    return pa.table(columns, schema=schema)


def _column(values: list[Any], wanted: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(wanted):
        stripped = pc.utf8_rtrim(pa.array(values, pa.string()), "Z")
        return (
            stripped.cast(pa.timestamp("us")).cast(wanted) if wanted.tz is None else _zoned(stripped, wanted)
        )
    if pa.types.is_decimal(wanted) or pa.types.is_date(wanted):
        texts = [None if value is None else str(value) for value in values]
        return pa.array(texts, pa.string()).cast(wanted)
    if pa.types.is_floating(wanted):
        return pa.array([None if value is None else float(value) for value in values], wanted)
    return pa.array(values, wanted)


def _zoned(naive: pa.Array, wanted: pa.DataType) -> pa.Array:
    return pc.assume_timezone(naive.cast(pa.timestamp("us")), "UTC").cast(wanted)
