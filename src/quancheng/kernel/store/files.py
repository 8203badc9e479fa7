"""Files on disk: written whole and durably, or not at all; checked before they are believed.

The order (write, fsync file, rename, fsync folder) is the one of SQLite's and LevelDB's
atomic replacement; only after it may a manifest row name the file.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel.store.errors import StoreDamaged, StoreUnavailable

TEMPORARY = ".tmp-"
"""Files so named are unfinished; no manifest row ever points to one."""
ROW_GROUP = 122_880
"""Rows a row group: DuckDB's own vector multiple, so that pruning works inside files."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file, durable, not yet in the manifest."""

    path: str
    """Relative to the store's folder."""
    rows: int
    bytes: int
    sha256: str


def folder() -> Path:
    """The store's folder."""
    return Path(settings.STORE_FOLDER)


def write(
    table: str, partition: str, data: pa.RecordBatchReader, *, delta: Collection[str] = ()
) -> WrittenFile:
    """Write a Parquet file durably under a name nobody else uses.

    ``delta``: integer columns kept as differences of neighbours (DELTA_BINARY_PACKED, Parquet format,
    Encodings), which suits times and ids in order; the others have dictionaries.
    Raises StoreUnavailable, leaving nothing, when the disk refuses.
    """
    place = folder() / table / partition
    name = f"{uuid.uuid4().hex}.parquet"
    temporary = place / f"{TEMPORARY}{name}"
    try:
        _make_folders(place)
        with temporary.open("xb") as file:
            sink = _HashingSink(file)
            rows = _write_parquet(sink, data, delta)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(place / name)
        _sync(place)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreUnavailable(
            Text(
                f"写入表 {table} 失败:{error.strerror or error}。",
                f"Writing table {table} failed: {error.strerror or error}.",
            )
        ) from error
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    relative = (place / name).relative_to(folder()).as_posix()
    return WrittenFile(relative, rows, sink.size, sink.digest.hexdigest())


def remove(path: str) -> None:
    """Delete a file of the store, if it is still there."""
    (folder() / path).unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_believed: set[tuple[str, int, int, str]] = set()


def checked(path: str, size: int, sha256: str) -> Path:
    """The full path of a file that is what the manifest says.

    Size is compared at every use; the checksum once a process and file (a file never changes,
    so one that did has another modification time and is checked again). Raises StoreDamaged.
    """
    full = folder() / path
    try:
        state = full.stat()
    except FileNotFoundError:
        raise damaged(path, "文件缺失", "the file is missing") from None
    if state.st_size != size:
        raise damaged(path, "文件长度不符", f"{state.st_size} bytes instead of {size}")
    known = (path, state.st_ino, state.st_mtime_ns, sha256)
    if known not in _believed:
        if sha256_of(full) != sha256:
            raise damaged(path, "校验和不符", "the checksum differs")
        _believed.add(known)
    return full


def damaged(path: str, zh: str, en: str) -> StoreDamaged:
    """The error that says a file cannot be believed."""
    return StoreDamaged(Text(f"数据文件 {path}:{zh}。", f"Data file {path}: {en}."))


@contextmanager
def reading() -> Iterator[None]:
    """Turns a reader's complaint about a file's content into StoreDamaged."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreDamaged(
            Text(f"数据文件无法读取:{error}", f"A data file cannot be read: {error}")
        ) from error


class _HashingSink:
    """A write-only file that counts and hashes what passes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        done = 0
        while done < len(view):
            done += self.file.write(view[done:]) or 0
        self.digest.update(view)
        self.size += len(view)
        return len(view)

    def flush(self) -> None:
        """Called by Arrow when the Parquet footer is written."""

    def close(self) -> None:
        """Called by Arrow; the file itself is closed by :func:`write` after its fsync."""
        self.closed = True


def _write_parquet(sink: _HashingSink, data: pa.RecordBatchReader, delta: Collection[str] = ()) -> int:
    rows = 0
    with pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        data.schema,
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=[name for name in data.schema.names if name not in delta] if delta else True,
        column_encoding=dict.fromkeys(delta, "DELTA_BINARY_PACKED") or None,
    ) as writer:
        for batch in data:
            if batch.num_rows:
                writer.write_table(pa.Table.from_batches([batch]), row_group_size=ROW_GROUP)
                rows += batch.num_rows
    return rows


def _make_folders(place: Path) -> None:
    """Make the folders of a file and make their names durable too."""
    missing = [part for part in (place, *place.parents) if not part.exists()]
    place.mkdir(parents=True, exist_ok=True)
    for part in missing:
        _sync(part.parent)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
