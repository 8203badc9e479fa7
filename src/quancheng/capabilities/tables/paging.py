"""翻页: rows of a version by their number in key order, decoding only the row groups a page lies in.

The base is cut into intervals at the first key of each row group. An interval's rows are those of its
group whose keys were not changed, and the changed ones whose keys fall into it; how many that is, is
known for all intervals, so the page at any offset is found without reading what comes before.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quancheng.capabilities.tables.lake import GONE, VERSION
from quancheng.capabilities.tables.packs import Pack, columns_sql, listed, reading

_BYTES = 96 * 1024 * 1024
"""Decoded row groups a process keeps."""
_FEW = 4
"""Row groups looked through for a key before DuckDB is asked."""


class _Groups:
    """Decoded intervals of all versions, least lately used first."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, int], pa.Table] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, int]) -> pa.Table | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: tuple[int, int], rows: pa.Table) -> None:
        with self._lock:
            if key in self._held:
                return
            self._held[key] = rows
            self._bytes += rows.nbytes
            while self._bytes > _BYTES and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


_groups = _Groups()
_numbers = iter(range(1, 1 << 62))


class Pager:
    """Rows of one opened version by number (按行号取行)."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._number = next(_numbers)
        self._sizes: list[int] = []
        self._where: list[tuple[int, int]] = []
        for at, file in enumerate(pack.files):
            for group in range(file.metadata.num_row_groups):
                self._where.append((at, group))
                self._sizes.append(file.metadata.row_group(group).num_rows)
        self._cuts: list[int] = []
        self._extremes: tuple[list[Any], list[Any]] | None = None
        if pack.overlay is not None:
            self._merge(pack.overlay)
        self._ends = list(accumulate(self._sizes))

    @property
    def rows(self) -> int:
        """Rows of the version."""
        return self._ends[-1] if self._ends else 0

    def page(self, offset: int, limit: int) -> pa.Table:
        """Rows ``offset`` to ``offset + limit`` in key order."""
        parts, wanted = [], min(limit, self.rows - offset)
        at = bisect_left(self._ends, offset + 1)
        while wanted > 0 and at < len(self._ends):
            start = offset - (self._ends[at] - self._sizes[at])
            part = self._interval(at).slice(start, wanted)
            parts.append(part)
            wanted -= part.num_rows
            offset += part.num_rows
            at += 1
        if not parts:
            return self._pack.arrow.empty_table()
        return pa.concat_tables(parts) if len(parts) > 1 else parts[0]

    def near(self, equal: Mapping[str, Any]) -> pa.Table | None:
        """Rows whose columns equal these values, when they can only lie in a few intervals; else None.

        The key's first column decides: rows lie in its order, and each row group knows its bounds.
        """
        first = self._pack.schema.key[0]
        bounds = self._bounds(first) if first in equal and not self._cuts else None
        if bounds is None:
            return None
        wanted = equal[first]
        start, end = bisect_left(bounds[1], wanted), bisect_right(bounds[0], wanted)
        if end - start > _FEW:
            return None
        parts = []
        for at in range(start, end):
            rows = self._interval(at)
            for name, value in equal.items():
                rows = rows.filter(pc.equal(rows[name], pa.scalar(value, rows.schema.field(name).type)))
            parts.append(rows)
        return pa.concat_tables(parts) if parts else self._pack.arrow.empty_table()

    def _bounds(self, first: str) -> tuple[list[Any], list[Any]] | None:
        """Least and greatest value of the key's first column in each row group; None when they are not kept."""
        kind = self._pack.arrow.field(first).type
        if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_date(kind)):
            return None
        if self._extremes is None:
            lows, highs = [], []
            for at, group in self._where:
                file = self._pack.files[at]
                column = file.schema_arrow.names.index(first)
                found = file.metadata.row_group(group).column(column).statistics
                if found is None or not found.has_min_max:  # texts of some kilobytes have none
                    return None
                lows.append(found.min)
                highs.append(found.max)
            self._extremes = (lows, highs)
        return self._extremes

    def _merge(self, overlay: pa.Table) -> None:
        """Sizes of the intervals with the changed rows in place of the old ones."""
        if not self._where:  # nothing but changes: one interval
            self._where, self._sizes = [(-1, -1)], [0]
        firsts, touched = self._look()
        keys = list(zip(*(overlay[name].to_pylist() for name in self._pack.schema.key), strict=True))
        self._cuts = [0, *(bisect_left(keys, first) for first in firsts[1:]), len(keys)]
        live = pc.invert(overlay[GONE]).to_pylist()
        for at, (start, end) in enumerate(pairwise(self._cuts)):
            self._sizes[at] += sum(live[start:end]) - touched.get(at, 0)

    def _look(self) -> tuple[list[tuple[Any, ...]], dict[int, int]]:
        """First key of each row group, and how many of its rows were changed."""
        pack = self._pack
        if not pack.base:
            return [()], {}
        keys = columns_sql(pack.schema.key)
        [path] = pack.base
        starts = list(accumulate([0, *self._sizes[:-1]]))
        source = f"read_parquet([{listed([path])}], file_row_number = true)"
        with pack.cursor() as cursor:
            marks = pa.table(
                {"mark": pa.array(starts, pa.int64()), "at": pa.array(range(len(starts)), pa.int64())}
            )
            cursor.register("marks", marks)
            firsts = cursor.execute(
                f"SELECT {keys} FROM {source} JOIN marks ON file_row_number = mark ORDER BY mark"  # noqa: S608
            ).to_arrow_table()
            touched = cursor.execute(
                f"SELECT m.at, count(*) FROM (SELECT file_row_number AS n FROM {source}"  # noqa: S608
                f" SEMI JOIN t_changed USING ({keys})) r ASOF JOIN marks m ON r.n >= m.mark GROUP BY 1"
            ).fetchall()
        return list(zip(*(column.to_pylist() for column in firsts.columns), strict=True)), dict(touched)

    def _interval(self, at: int) -> pa.Table:
        key = (self._number, at)
        found = _groups.get(key)
        if found is None:
            found = self._read(at)
            _groups.keep(key, found)
        return found

    def _read(self, at: int) -> pa.Table:
        pack = self._pack
        file, group = self._where[at]
        rows = self._group(pack.files[file], group) if file >= 0 else pack.arrow.empty_table()
        if not self._cuts or self._cuts[at] == self._cuts[at + 1]:
            return rows
        assert pack.overlay is not None
        changed = pack.overlay.slice(self._cuts[at], self._cuts[at + 1] - self._cuts[at])
        return merged(rows, changed, pack.schema.key)

    def _group(self, file: pq.ParquetFile, group: int) -> pa.Table:
        pack = self._pack
        with pack.lock, reading():
            found = file.read_row_group(group, use_threads=False)
        columns = [
            found.column(field.name) if field.name in found.column_names else pa.nulls(len(found), field.type)
            for field in pack.arrow
        ]
        return pa.table(columns, schema=pack.arrow)


def merged(rows: pa.Table, changed: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows with their changes: without the changed keys, with the changed rows, in key order."""
    if len(key) == 1:
        kept = rows.filter(pc.invert(pc.is_in(rows[key[0]], changed[key[0]].combine_chunks())))
    else:
        kept = rows.join(changed.select(list(key)), list(key), join_type="left anti").select(
            rows.column_names
        )
    live = changed.filter(pc.invert(changed[GONE])).drop_columns([GONE, VERSION])
    order = [(name, "ascending") for name in key]
    return pa.concat_tables([kept.cast(rows.schema), live.cast(rows.schema)]).sort_by(order).combine_chunks()
