"""Parquet: batches of a columnar file as rows (Apache Parquet format 2).

The footer tells rows, columns and unpacked size before a page is read; they are held against the limits.
It tells the size of pages, not of values: one long text in a dictionary page may stand in a million rows. So
texts are read as dictionaries, and each is made a Python value once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from quancheng.core.tabular.encoding import check_size
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Broken, Limits, Place, Row, Value

__all__ = ["parquet_names", "read_parquet"]

_BATCH = 2048


def _open(stream: BinaryIO, limits: Limits) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(stream, limits.bytes)
    try:
        schema = pq.read_schema(stream)
        texts = [
            field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
        ]
        stream.seek(0)
        file = pq.ParquetFile(stream, read_dictionary=texts)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(Reason.BROKEN_FILE, str(error)[:200]) from error
    footer = file.metadata
    if footer.num_rows > limits.rows:
        raise TableError(Reason.TOO_MANY_ROWS, f"{footer.num_rows} > {limits.rows}")
    if footer.num_columns > limits.columns:
        raise TableError(Reason.TOO_MANY_COLUMNS, f"{footer.num_columns} > {limits.columns}")
    unpacked = sum(footer.row_group(group).total_byte_size for group in range(footer.num_row_groups))
    if unpacked > limits.unpacked:
        raise TableError(Reason.UNPACKED_TOO_LARGE, str(unpacked))
    return file


def parquet_names(stream: BinaryIO, limits: Limits) -> tuple[str, ...]:
    """The columns, as the footer names them (列名)."""
    return tuple(_open(stream, limits).schema_arrow.names)


def read_parquet(stream: BinaryIO, limits: Limits) -> Iterator[Row]:
    """Rows of all row groups in order (读取 Parquet); nested values become JSON text, bytes hexadecimal."""
    import pyarrow as pa

    file = _open(stream, limits)
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
            columns = [_cells(column, limits.cell) for column in batch.columns]
            for values in zip(*columns, strict=True):
                number += 1
                yield Row(Place("", number), values)
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise TableError(Reason.BROKEN_FILE, str(error)[:200]) from error


def _cells(column: Any, limit: int) -> list[Value]:
    """The values of a column of a batch; those of a dictionary are cut once, however often they stand there."""
    import pyarrow as pa

    if not isinstance(column, pa.DictionaryArray):
        return [_value(value, limit) for value in column.to_pylist()]
    known: list[Value] = [_value(one.as_py(), limit) for one in column.dictionary]
    return [None if at is None else known[at] for at in column.indices.to_pylist()]


def _value(value: object, limit: int) -> Value:
    if isinstance(value, bytes):
        value = value.hex()
    elif isinstance(value, dict | list | timedelta):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str):
        if len(value) > limit:
            return Broken(Reason.CELL_TOO_LONG, value[:limit])
        return Broken(Reason.CONTROL_CHARACTER, value.replace("\0", "�")) if "\0" in value else value or None
    return value if isinstance(value, bool | int | float | Decimal | date | datetime | time) else None
