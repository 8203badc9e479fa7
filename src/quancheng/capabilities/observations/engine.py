"""查询引擎: one in-memory DuckDB a process, a cursor for each question, files of the lake only.

DuckDB keeps the footers of Parquet files between questions (files never change), which is most of
what a small question costs. Its configuration is locked; only the lake's folder can be read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from quancheng.capabilities.observations import lake
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import Where
from quancheng.kernel.store.errors import StoreDamaged

if TYPE_CHECKING:
    from quancheng.capabilities.observations.state import State

_COLUMNS = ", ".join(lake.NAMES)
_engines: dict[tuple[int, Path], duckdb.DuckDBPyConnection] = {}
_making = threading.Lock()


def _engine() -> duckdb.DuckDBPyConnection:
    place = files.folder().resolve()
    key = (os.getpid(), place)
    with _making:
        found = _engines.get(key)
        if found is None:
            found = duckdb.connect(":memory:")
            quoted = str(place).replace("'", "''")
            found.execute("SET TimeZone = 'UTC'")
            found.execute("SET parquet_metadata_cache = true")
            found.execute(f"SET allowed_directories = ['{quoted}']")
            found.execute("SET enable_external_access = false")
            found.execute("SET lock_configuration = true")
            _engines[key] = found
        return found


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of one's own for a while; temporary views are not seen by others."""
    cursor = _engine().cursor()
    try:
        yield cursor
    except (duckdb.IOException, duckdb.InternalException) as error:
        raise StoreDamaged from error
    finally:
        with suppress(duckdb.Error):
            cursor.close()


def define_view(cursor: duckdb.DuckDBPyConnection, state: State, where: Where) -> None:
    """Make the view ``observations``: sealed rows without edited ones, and the rows of the tail."""
    cursor.register("observations_tail", lake.arrow_of(state.tail_rows(where)))
    parts = [f"SELECT {_COLUMNS} FROM observations_tail"]  # noqa: S608
    sealed = sealed_rows(cursor, state, where)
    if sealed:
        parts.append(sealed)
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW observations AS {' UNION ALL '.join(parts)}")


def sealed_rows(
    cursor: duckdb.DuckDBPyConnection, state: State, where: Where, paths: list[str] | None = None
) -> str:
    """A SELECT of what still counts in ``raw`` (or some files of it); empty when there is nothing."""
    if paths is None:
        paths = [str(path) for path in state.raw.narrow(where=where).files]
    if not paths:
        return ""
    terms = conditions(where)
    if state.edits:
        cursor.register("observations_edited", pa.table({"id": state.edits.ids}))
        terms.append("id NOT IN (SELECT id FROM observations_edited)")
    if len(state.dropped):
        cursor.register("observations_dropped", pa.table({"stream": state.dropped}))
        terms.append("stream NOT IN (SELECT stream FROM observations_dropped)")
    return f"SELECT {_COLUMNS} FROM {parquet(paths)}{where_of(terms)}"  # noqa: S608


def parquet(paths: list[str]) -> str:
    """The table function that reads some files as one table."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], union_by_name = false, hive_partitioning = false)"


def conditions(where: Where, time: str = "time") -> list[str]:
    """Terms of a WHERE clause; all values are integers of ours."""
    terms = []
    for name in ("stream", "id"):
        if name in where:
            terms.append(_among(name, where[name]))
    low, before = where.get("time", (None, None))
    if low is not None:
        terms.append(f"{time} >= {int(low)}")
    if before is not None:
        terms.append(f"{time} < {int(before)}")
    return terms


def _among(name: str, values: Any) -> str:
    wanted = sorted({int(value) for value in values})
    if not wanted:
        return "false"
    if len(wanted) == 1:
        return f"{name} = {wanted[0]}"
    listed = ", ".join(map(str, wanted))
    return f"{name} BETWEEN {wanted[0]} AND {wanted[-1]} AND {name} IN ({listed})"


def where_of(terms: list[str]) -> str:
    """The WHERE clause of some terms."""
    return f" WHERE {' AND '.join(terms)}" if terms else ""
