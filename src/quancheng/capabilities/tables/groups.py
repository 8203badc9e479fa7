"""文件的块: footers and decoded row groups of files, kept by each process.

A file never changes, so what was read of it serves every version that names it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quancheng.capabilities.tables.faults import reading

_BYTES = 96 * 1024 * 1024
"""Decoded rows a process keeps."""
_FILES = 64
"""Files a process keeps open."""

Key = tuple[Any, int]


class Decoded:
    """Decoded rows by where they come from, least lately used first out (已解码的行)."""

    def __init__(self, most: int) -> None:
        self._held: OrderedDict[Key, pa.Table] = OrderedDict()
        self._bytes, self._most = 0, most
        self._lock = threading.Lock()

    def get(self, key: Key) -> pa.Table | None:
        """What is kept under a key."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: Key, rows: pa.Table) -> pa.Table:
        """Keep rows; gives them back."""
        with self._lock:
            if key not in self._held:
                self._held[key] = rows
                self._bytes += rows.nbytes
                while self._bytes > self._most and len(self._held) > 1:
                    self._bytes -= self._held.popitem(last=False)[1].nbytes
        return rows

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self._bytes = 0


decoded = Decoded(_BYTES)


class BaseFile:
    """A base file with its footer read (基础文件)."""

    def __init__(self, path: str) -> None:
        self.path = path
        with reading():
            self._file = pq.ParquetFile(path)
        self.names: tuple[str, ...] = tuple(self._file.schema_arrow.names)
        self.sizes = [self._file.metadata.row_group(at).num_rows for at in range(self._file.num_row_groups)]
        self._lock = threading.Lock()
        self._bounds: dict[str, tuple[list[Any], list[Any]] | None] = {}

    def group(self, at: int, schema: pa.Schema) -> pa.Table:
        """One row group with every column of a schema; a column younger than the file is empty."""
        key = (self.path, at)
        found = decoded.get(key)
        if found is None:
            with self._lock, reading():
                found = decoded.keep(key, self._file.read_row_group(at, use_threads=False))
        return filled(found, schema)

    def bounds(self, column: str) -> tuple[list[Any], list[Any]] | None:
        """Least and greatest value of a column in each row group; None when they are not kept."""
        if column not in self._bounds:
            self._bounds[column] = self._measured(column)
        return self._bounds[column]

    def _measured(self, column: str) -> tuple[list[Any], list[Any]] | None:
        at = self.names.index(column)
        kind = self._file.schema_arrow.field(at).type
        if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_date(kind)):
            return None
        lows, highs = [], []
        for group in range(len(self.sizes)):
            found = self._file.metadata.row_group(group).column(at).statistics
            if found is None or not found.has_min_max:  # texts of some kilobytes have none
                return None
            lows.append(found.min)
            highs.append(found.max)
        return lows, highs


def filled(part: pa.Table, wanted: pa.Schema) -> pa.Table:
    """A table with the columns of a schema, empty ones for those it lacks."""
    if part.schema.equals(wanted):
        return part
    columns = [
        part.column(field.name) if field.name in part.column_names else pa.nulls(part.num_rows, field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


_files: OrderedDict[str, BaseFile] = OrderedDict()
_lock = threading.Lock()


def base_file(path: str) -> BaseFile:
    """A file, from memory when this process had it open already."""
    with _lock:
        found = _files.get(path)
        if found is not None:
            _files.move_to_end(path)
            return found
    made = BaseFile(path)
    with _lock:
        found = _files.setdefault(path, made)
        while len(_files) > _FILES:
            _files.popitem(last=False)
    return found


def set_rows(path: str) -> pa.Table:
    """All rows of a change set."""
    found = decoded.get((path, -1))
    if found is None:
        with reading():
            found = decoded.keep((path, -1), pq.read_table(path, partitioning=None, use_threads=False))
    return found


def forget() -> None:
    """Let everything go (tests)."""
    decoded.clear()
    with _lock:
        _files.clear()
