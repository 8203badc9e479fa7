"""打开的版本: one version of a table, opened for reading; kept by each process as long as it is used.

A version never changes, so an opened one is shared by all threads: an in-memory DuckDB that can open
these files and nothing else (queries run on cursors), the overlay of changed rows, counts that were made.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from quancheng.capabilities.tables import groups, lake
from quancheng.capabilities.tables.faults import reading
from quancheng.capabilities.tables.groups import BaseFile
from quancheng.capabilities.tables.lake import BASE, GONE, SET, VERSION, Piece
from quancheng.capabilities.tables.values import TableSchema
from quancheng.kernel.store import files

if TYPE_CHECKING:
    from quancheng.capabilities.tables.paging import Pager

T = TypeVar("T")
_KEPT = 24
"""Opened versions a process keeps; each is some hundred kilobytes and its overlay."""
_MEMORY = "768MB"
_SMALL_ROWS, _SMALL_BYTES = 200_000, 6 * 1024 * 1024
"""A version of at most so much is held in memory by DuckDB itself, once it has been asked a few times."""
_SOON = 3


def quoted(name: str) -> str:
    """A column's name in SQL (ISO/IEC 9075-2, delimited identifier)."""
    return '"' + name.replace('"', '""') + '"'


def columns_sql(names: Sequence[str], alias: str = "") -> str:
    """Names as a list in SQL."""
    return ", ".join(f"{alias}{quoted(name)}" for name in names)


class Pack:
    """One opened version (打开的版本)."""

    def __init__(self, name: str, store_version: int, schema: TableSchema, pieces: Sequence[Piece]) -> None:
        self.name, self.store_version, self.schema = name, store_version, schema
        self.arrow = schema.arrow()
        self.base = [piece.checked() for piece in pieces if piece.partition == BASE and piece.rows]
        self.sets = [piece.checked() for piece in pieces if piece.partition == SET]
        self.base_rows = sum(piece.rows for piece in pieces if piece.partition == BASE)
        self.bytes = sum(piece.bytes for piece in pieces)
        self._asked = 0
        self.ordered = not self.sets
        """Whether ``t`` gives its rows in key order by itself."""
        self.counts: OrderedDict[Any, tuple[int, bool]] = OrderedDict()
        self.lock = threading.RLock()
        """The one lock of a pack: what is made once is made under it, so no two locks wait for each other."""
        self._made: dict[str, Any] = {}

    @classmethod
    def over(cls, pack: Pack, overlay: pa.Table) -> Pack:
        """The base of an opened version under other changes, which no manifest names yet."""
        new = cls(pack.name, pack.store_version, pack.schema, ())
        new.base, new.base_rows = pack.base, pack.base_rows
        new._made["overlay"] = overlay
        return new

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._made:
            with self.lock:
                if name not in self._made:
                    self._made[name] = make()
        return self._made[name]  # type: ignore[no-any-return]

    @property
    def overlay(self) -> pa.Table | None:
        """The last change of each changed key, in key order; None when there is none."""
        if not self.sets:
            return self._made.get("overlay")
        return self._once("overlay", lambda: latest(read_sets(self.sets, self.schema), self.schema))

    @property
    def files(self) -> list[BaseFile]:
        """The base files with their footers read."""
        return self._once("files", lambda: [groups.base_file(path) for path in self.base])

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB with the view ``t``; take cursors of it."""
        return self._once("connection", self._connect)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = confined(self.base)
        self.define(connection)
        return connection

    @property
    def pager(self) -> Pager:
        """Rows by number."""
        from quancheng.capabilities.tables.paging import Pager

        return self._once("pager", lambda: Pager(self))

    def define(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The view ``t`` of this version in a connection that may open its files."""
        # as tables: what is registered is seen by this connection alone, not by its cursors
        _make(connection, "t_shape", self.arrow.empty_table())
        if self.overlay is not None:
            _make(connection, "t_changed", self.overlay)
        with reading():
            connection.execute(f"CREATE VIEW t AS {self._source()}")

    def _source(self) -> str:
        names = columns_sql(self.schema.names)
        base = " UNION ALL ".join(self._selects())
        if not base:
            base = f"SELECT {names} FROM t_shape"  # noqa: S608
        if self.overlay is None:
            return base
        keys = columns_sql(self.schema.key)
        return (
            f"SELECT {names} FROM ({base}) b ANTI JOIN t_changed USING ({keys})"  # noqa: S608
            f" UNION ALL SELECT {names} FROM t_changed WHERE NOT {GONE}"
        )

    def _selects(self) -> list[str]:
        """One SELECT for the files of each shape: a file may be older than a column."""
        shapes: dict[tuple[str, ...], list[str]] = {}
        for path, file in zip(self.base, self.files, strict=True):
            shapes.setdefault(file.names, []).append(path)
        found = []
        for shape, paths in shapes.items():
            cells = [
                quoted(name)
                if name in shape
                else f"NULL::{_sql_type(self.arrow.field(name).type)} AS {quoted(name)}"
                for name in self.schema.names
            ]
            found.append(f"SELECT {', '.join(cells)} FROM read_parquet([{listed(paths)}])")  # noqa: S608
        return found

    def _settle(self) -> bool:
        """Hold a small version in memory, in key order: a question then decodes no file."""
        if self.base_rows > _SMALL_ROWS or self.bytes > _SMALL_BYTES:
            return False
        with reading():
            order = columns_sql(self.schema.key)
            self.connection.execute(f"CREATE TABLE t_held AS SELECT * FROM t ORDER BY {order}")  # noqa: S608
            self.connection.execute("CREATE OR REPLACE VIEW t AS SELECT * FROM t_held")
        self.ordered = True
        return True

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for one thread; complaints about files become StoreDamaged."""
        self._asked += 1
        if self._asked > _SOON:
            self._once("settled", self._settle)
        cursor = self.connection.cursor()
        try:
            with reading():
                yield cursor
        finally:
            cursor.close()


def _make(connection: duckdb.DuckDBPyConnection, name: str, data: pa.Table) -> None:
    connection.register("given", data)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")  # noqa: S608
    connection.unregister("given")


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "BIGINT"
    if pa.types.is_decimal(kind):
        return "DECIMAL(38,10)"
    if pa.types.is_date(kind):
        return "DATE"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ"
    return "BOOLEAN" if pa.types.is_boolean(kind) else "VARCHAR"


def listed(paths: Sequence[str]) -> str:
    """Paths as SQL literals."""
    return ", ".join("'" + path.replace("'", "''") + "'" for path in paths)


def confined(paths: Sequence[str], spill: str = "", *, locked: bool = True) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that can open these files (and spill to one folder) and nothing else."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET temp_directory = '{spill}'")
    connection.execute(f"SET allowed_paths = [{listed(paths)}]")
    if spill:
        connection.execute(f"SET allowed_directories = ['{spill}']")
    connection.execute("SET enable_external_access = false")
    if locked:
        connection.execute("SET lock_configuration = true")
    return connection


def read_sets(paths: Sequence[str], schema: TableSchema) -> pa.Table:
    """All rows of change sets, with every column of the schema."""
    wanted = lake.set_schema(schema)
    return pa.concat_tables([groups.filled(groups.set_rows(path), wanted) for path in paths])


def latest(rows: pa.Table, schema: TableSchema) -> pa.Table:
    """Of change rows the last one of each key, in key order."""
    if not rows.num_rows:
        return rows
    order = [(name, "ascending") for name in schema.key]
    ordered = rows.sort_by([*order, (VERSION, "descending")]).combine_chunks()
    count = ordered.num_rows
    same: Any = None
    for name in schema.key:
        column = ordered[name]
        equal = pc.equal(column.slice(1), column.slice(0, count - 1))
        same = equal if same is None else pc.and_(same, equal)
    first = pa.chunked_array([pa.array([True]), *pc.invert(same).chunks])
    return ordered.filter(first).combine_chunks()


_packs: OrderedDict[tuple[str, ...], Pack] = OrderedDict()
_lock = threading.Lock()


def opened(name: str, store_version: int, schema: TableSchema) -> Pack:
    """The opened version, from memory when this process had these files open already.

    Known by its files, not by its number: a version that was rolled back leaves its number to another.
    A pack let go closes when the last query on it ends: nobody's rows vanish under them.
    """
    pieces = lake.pieces(name, store_version)
    key = (str(files.folder()), name, *(piece.path for piece in pieces))
    with _lock:
        pack = _packs.get(key)
        if pack is not None and pack.schema == schema:
            _packs.move_to_end(key)
            return pack
    pack = Pack(name, store_version, schema, pieces)
    with _lock:
        _packs[key] = pack
        for old in [
            one
            for one, held in _packs.items()
            if one[:2] == key[:2] and held.store_version < store_version - 8
        ]:
            del _packs[old]
        while len(_packs) > _KEPT:
            _packs.popitem(last=False)
    return pack


def forget() -> None:
    """Let all opened versions go (tests, a folder that was replaced)."""
    with _lock:
        _packs.clear()
    groups.forget()
