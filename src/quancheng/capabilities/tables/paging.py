"""翻页: rows of a version by their number in key order, decoding only the row groups a page lies in.

The base is cut into intervals at the first key of each row group. An interval's rows are those of its
group whose keys were not changed, and the changed ones whose keys fall into it; how many that is, is
known for all intervals, so the page at any offset is found without reading what comes before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from quancheng.capabilities.tables.groups import decoded
from quancheng.capabilities.tables.lake import GONE, VERSION
from quancheng.capabilities.tables.packs import Pack, columns_sql, listed

_FEW = 4
"""Row groups looked through for a key before DuckDB is asked."""


_numbers = iter(range(1, 1 << 62))


class Pager:
    """Rows of one opened version by number (按行号取行)."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._number = next(_numbers)
        self._sizes: list[int] = []
        self._where: list[tuple[int, int]] = []
        for at, file in enumerate(pack.files):
            self._where += [(at, group) for group in range(len(file.sizes))]
            self._sizes += file.sizes
        self._cuts: list[int] = []
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
        files = self._pack.files
        bounds = files[0].bounds(first) if first in equal and not self._cuts and len(files) == 1 else None
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
        pack = self._pack
        file, group = self._where[at]
        if not self._cuts or self._cuts[at] == self._cuts[at + 1]:
            return pack.files[file].group(group, pack.arrow) if file >= 0 else pack.arrow.empty_table()
        key = (self._number, at)
        found = decoded.get(key)
        if found is None:
            assert pack.overlay is not None
            rows = pack.files[file].group(group, pack.arrow) if file >= 0 else pack.arrow.empty_table()
            changed = pack.overlay.slice(self._cuts[at], self._cuts[at + 1] - self._cuts[at])
            found = decoded.keep(key, merged(rows, changed, pack.schema.key))
        return found


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
