"""表的文件: how the versions of a data table lie in the kernel's store.

A store table ``tables.t<uuid>`` has two partitions. ``base``: all rows sorted by the key, in row groups
of :data:`GROUP` rows. ``set``: change sets, each the rows a version brought, with ``_gone`` for keys that
were deleted and ``_version`` for the order. A read is the base without the changed keys, and their last
rows. The manifest makes it a snapshot: a version of the data table names a version of the store's table.

Specs are made by value here, never with ``store.define``: any process may meet a table, or a newer schema
of it, at any moment.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from django.db.models import Q

from quancheng.capabilities.tables.values import TableSchema
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.store import SnapshotExpired, StoreUnavailable, TableSpec, files
from quancheng.kernel.store.writing import lock_head, next_version

GROUP = 16_384
"""Rows a row group: what reading one page of a large table decodes."""
BASE, SET = "base", "set"
GONE, VERSION = "_gone", "_version"
_STAGING = "staging.tables"


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file that no manifest row names yet."""

    file: files.WrittenFile
    partition: str


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one new version: its change set, and what replaces older files."""

    change: Made | None = None
    base: Made | None = None
    merged: Made | None = None
    """All change sets so far as one."""

    def discard(self) -> None:
        """Remove them: they are not named after all. A disk that refuses leaves orphans for the nightly upkeep."""
        for made in (self.change, self.base, self.merged):
            if made is not None:
                with suppress(OSError):
                    files.remove(made.file.path)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a version, as the manifest describes it."""

    path: str
    partition: str
    rows: int
    bytes: int
    sha256: str
    key: str | None

    def checked(self) -> str:
        """Its full path, when it is what the manifest says; raises StoreDamaged."""
        return str(files.checked(self.path, self.bytes, self.sha256))


def set_schema(schema: TableSchema) -> pa.Schema:
    """Columns of a change set."""
    return schema.arrow().append(pa.field(GONE, pa.bool_())).append(pa.field(VERSION, pa.int64()))


def spec(name: str, schema: TableSchema) -> TableSpec:
    """The store's declaration of a table with this schema."""
    return TableSpec(name, set_schema(schema), schema.key, "text", upkeep=False)


def write(name: str, partition: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Made:
    """Write sorted batches as one file of row groups of :data:`GROUP`; raises StoreUnavailable."""
    reader = pa.RecordBatchReader.from_batches(schema, regrouped(batches, schema, GROUP))
    return Made(files.write(name, partition, reader), partition)


def regrouped(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly ``size``; the last may be smaller."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        rest = batch
        while rest.num_rows:
            part = rest.slice(0, size - count)
            rest = rest.slice(part.num_rows)
            held.append(part)
            count += part.num_rows
            if count == size:
                yield _joined(held, schema)
                held, count = [], 0
    if count:
        yield _joined(held, schema)


def _joined(held: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    table = pa.Table.from_batches(held).cast(schema).combine_chunks()
    return table.to_batches(max_chunksize=table.num_rows)[0]


def put(name: str, schema: TableSchema, version: int, files_of: Files, run: str) -> int:
    """Name new files in the manifest, in the caller's transaction; returns the store's version.

    What replaces older files (a new base all of them, a merged set the other sets) takes the version's own
    change set out of sight: it is kept beside them as the record of what changed.
    """
    from quancheng.kernel.store.models import Segment

    head = lock_head(spec(name, schema))
    now = clock.now()

    def add(made: Made, number: int, key: str | None, *, hidden: bool = False) -> None:
        file = made.file
        Segment.objects.create(
            table=name, partition=made.partition, added_version=number, path=file.path, rows=file.rows,
            bytes=file.bytes, sha256=file.sha256, bounds={}, key=key, run=run[:200], created_at=now,
            removed_version=number if hidden else None, removed_at=now if hidden else None,
        )  # fmt: skip

    whole = files_of.base or files_of.merged
    if whole is not None:
        number = next_version(head)
        old = Segment.objects.filter(table=name, removed_version__isnull=True)
        if files_of.base is None:
            old = old.filter(partition=SET)
        old.update(removed_version=number, removed_at=now)
        add(whole, number, None)
    if files_of.change is not None:
        add(files_of.change, next_version(head), f"v{version}", hidden=whole is not None)
    return head.version


def clear(name: str, schema: TableSchema) -> int:
    """Take every file out of the newest version: an empty table, or one that was dropped."""
    from quancheng.kernel.store.models import Segment

    head = lock_head(spec(name, schema))
    number = next_version(head)
    Segment.objects.filter(table=name, removed_version__isnull=True).update(
        removed_version=number, removed_at=clock.now()
    )
    return number


def pieces(name: str, store_version: int) -> list[Piece]:
    """Files of one version; raises SnapshotExpired when they are no longer kept."""
    from quancheng.kernel.store.models import Segment, TableHead

    if store_version == 0:
        return []
    head = TableHead.objects.filter(pk=name).first()
    if head is None or not head.oldest <= store_version <= head.version:
        raise expired(store_version)
    current = Segment.objects.filter(
        Q(removed_version__isnull=True) | Q(removed_version__gt=store_version),
        table=name,
        added_version__lte=store_version,
    ).order_by("added_version")
    return [Piece(*row) for row in current.values_list("path", "partition", "rows", "bytes", "sha256", "key")]


def change_pieces(name: str, since: int, until: int) -> list[Piece] | None:
    """Change sets of the versions after ``since`` up to ``until``; None when one is no longer kept."""
    from quancheng.kernel.store.models import Segment

    wanted = [f"v{number}" for number in range(since + 1, until + 1)]
    rows = Segment.objects.filter(table=name, key__in=wanted, file_removed=False)
    found = [Piece(*row) for row in rows.values_list("path", "partition", "rows", "bytes", "sha256", "key")]
    return found if len(found) == len(wanted) else None


def expired(version: int) -> SnapshotExpired:
    """The error of a version whose files are gone."""
    return SnapshotExpired(
        Text(
            f"数据表的版本 {version} 尚不存在或已过期。",
            f"Version {version} of the data table does not exist yet or has expired.",
        )
    )


@contextmanager
def staging() -> Iterator[Path]:
    """A folder beside the store for one piece of work; taken away afterwards. Raises StoreUnavailable."""
    top = files.folder() / _STAGING
    try:
        top.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=top))
    except OSError as error:
        raise StoreUnavailable(
            Text(f"无法建立暂存目录：{error.strerror}。", f"No staging folder: {error.strerror}.")
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def clean_staging(older_than_hours: float = 24.0) -> int:
    """Remove what killed processes left; returns how many folders."""
    top, limit = files.folder() / _STAGING, time.time() - older_than_hours * 3600
    old = [one for one in (top.iterdir() if top.exists() else ()) if one.stat().st_mtime < limit]
    for one in old:
        shutil.rmtree(one, ignore_errors=True)
    return len(old)
