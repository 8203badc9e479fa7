"""Reading one version of a table: no locks, the same answer however often it is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
from django.db.models import Max, Q

from quancheng.core.text import Text
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import Bounds, Where, expression, may_hold
from quancheng.kernel.store.errors import SnapshotExpired, StoreDamaged
from quancheng.kernel.store.specs import TableSpec, spec_of

_PARQUET = "union_by_name = true, hive_partitioning = false"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a snapshot, as the manifest describes it."""

    path: str
    partition: str
    rows: int
    bytes: int
    sha256: str
    bounds: Bounds
    version: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was at one version: immutable, may be used as long as its files are kept."""

    spec: TableSpec
    version: int
    entries: tuple[FileEntry, ...]

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(entry.rows for entry in self.entries)

    @property
    def files(self) -> tuple[Path, ...]:
        """Full paths, each checked; raises StoreDamaged, SnapshotExpired when meanwhile removed."""
        try:
            return tuple(files.checked(e.path, e.bytes, e.sha256) for e in self.entries)
        except StoreDamaged as damage:
            if self._expired():
                raise _no_version(self.spec.name, self.version) from damage
            raise

    def _expired(self) -> bool:
        from quancheng.kernel.store.models import TableHead

        head = TableHead.objects.filter(pk=self.spec.name).first()
        return head is not None and self.version < head.oldest

    def narrow(self, *, partitions: Collection[str] | None = None, where: Where | None = None) -> Snapshot:
        """Without the files that cannot hold a wanted row.

        Whole files only: rows are still to be filtered. ``where`` as in :meth:`arrow`; it prunes
        by sort columns.
        """
        kept = tuple(
            entry
            for entry in self.entries
            if (partitions is None or entry.partition in partitions) and may_hold(entry.bounds, where or {})
        )
        return replace(self, entries=kept)

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pa.Table:
        """Answer of an SQL query over ``t`` (this snapshot), as an Arrow table.

        Runs in an in-memory DuckDB that can open this snapshot's files and nothing else.
        Raises StoreDamaged for an unreadable file, ``duckdb.Error`` for a bad query.
        """
        with self.connected() as connection, _duckdb_reading():
            return connection.execute(query, params).to_arrow_table()

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """An in-memory DuckDB with the view ``t``, for several queries."""
        paths = [str(path) for path in self.files]
        connection = duckdb.connect(":memory:")
        try:
            connection.register("t_shape", self.spec.schema.empty_table())
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SET allowed_paths = [{listed}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            view = "CREATE VIEW t AS SELECT * FROM t_shape"
            if paths:  # union by name: older files may lack columns added later
                view += f" UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], {_PARQUET})"  # noqa: S608
            with _duckdb_reading():
                connection.execute(view)
            yield connection
        finally:
            connection.close()

    def arrow(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Rows as an Arrow table, in file order (sorted inside each file).

        ``where`` maps columns to a value, a list or set of values, or a pair (from, before) with
        None for an open end; all must hold. Only files that may hold such rows are opened.
        """
        narrowed = self.narrow(where=where)
        if not narrowed.entries:
            empty = self.spec.schema.empty_table()
            return empty if columns is None else empty.select(list(columns))
        paths = [str(path) for path in narrowed.files]
        with files.reading():
            dataset = pads.dataset(paths, schema=self.spec.schema, format="parquet")
            return dataset.to_table(
                columns=None if columns is None else list(columns), filter=expression(where or {})
            )


def snapshot(table: str, version: int | None = None, *, at: datetime | None = None) -> Snapshot:
    """A table now, at a version, or as it was at a moment.

    Raises NotFound for an undeclared table, SnapshotExpired for a version that is not (or no
    longer) there, ValueError when both version and moment are given.
    """
    from quancheng.kernel.store.models import Segment, TableHead

    spec = spec_of(table)
    if version is not None and at is not None:
        raise ValueError("version or at, not both 版本与时间只能给一个")
    head = TableHead.objects.filter(pk=table).first()
    newest, oldest = (head.version, head.oldest) if head else (0, 0)
    if at is not None:
        before = Segment.objects.filter(table=table, created_at__lte=at)
        version = min(before.aggregate(last=Max("added_version"))["last"] or 0, newest)
    wanted = newest if version is None else version
    if not oldest <= wanted <= newest:
        raise _no_version(table, wanted)
    current = Segment.objects.filter(
        Q(removed_version__isnull=True) | Q(removed_version__gt=wanted),
        table=table,
        added_version__lte=wanted,
    ).order_by("partition", "added_version")
    rows = current.values_list("path", "partition", "rows", "bytes", "sha256", "bounds", "added_version")
    return Snapshot(spec, wanted, tuple(FileEntry(*row) for row in rows))


def _no_version(table: str, version: int) -> SnapshotExpired:
    return SnapshotExpired(
        Text(
            f"表 {table} 的版本 {version} 尚不存在或已过期。",
            f"Version {version} of table {table} does not exist yet or has expired.",
        )
    )


@contextmanager
def _duckdb_reading() -> Iterator[None]:
    """DuckDB's complaints about files, not about queries, become StoreDamaged."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.InternalException) as error:
        if isinstance(error, duckdb.InvalidInputException) and "parquet" not in str(error).lower():
            raise
        raise StoreDamaged(
            Text(f"数据文件无法读取:{error}", f"A data file cannot be read: {error}")
        ) from error
