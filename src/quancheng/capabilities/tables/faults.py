"""读取故障: a reader's complaint about a file becomes StoreDamaged; one about the query stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from quancheng.core.text import Text
from quancheng.kernel.store import StoreDamaged


@contextmanager
def reading() -> Iterator[None]:
    """Around everything that opens files."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException, OSError, pa.ArrowInvalid) as error:
        if isinstance(error, duckdb.InvalidInputException) and "parquet" not in str(error).lower():
            raise
        raise StoreDamaged(
            Text(f"数据文件无法读取：{error}", f"A data file cannot be read: {error}")
        ) from error
