"""文件替换: put files into the lake's tables and take others out, all of it in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from quancheng.kernel import clock
from quancheng.kernel.store import files
from quancheng.kernel.store.bounds import Bounds, measure, merge
from quancheng.kernel.store.specs import spec_of
from quancheng.kernel.store.writing import lock_head, next_version

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

BOUNDED = ("stream", "time", "id", "hour")
"""Columns whose least and greatest values are remembered, as far as a table has them."""
_DELTA = frozenset(
    {"id", "time", "time_end", "result_time", "rev", "hour", "first", "last", "first_result", "last_result"}
)
"""Columns kept as differences: within a stream they grow by little. A sixth of the bytes of plain ones."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file that no manifest row names yet."""

    file: files.WrittenFile
    partition: str
    bounds: Bounds


def write(table: str, partition: str, data: Iterable[pa.RecordBatch], rows: int | None = None) -> list[Made]:
    """Write batches, already sorted, as files of at most about ``rows`` rows. Raises StoreUnavailable."""
    schema = spec_of(table).schema
    source = _Source(iter(data), schema)
    made = []
    while source.more():
        reader = pa.RecordBatchReader.from_batches(schema, source.take(rows))
        file = files.write(table, partition, reader, delta=_DELTA.intersection(schema.names))
        made.append(Made(file, partition, merge(source.bounds)))
    return made


class _Source:
    """Batches one file after another, measured as they pass."""

    def __init__(self, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        self._batches, self._schema = batches, schema
        self._next: pa.RecordBatch | None = None
        self.bounds: list[Bounds] = []

    def more(self) -> bool:
        """True when another row is to come; begins a new file."""
        self.bounds = []
        while self._next is None or not self._next.num_rows:
            self._next = next(self._batches, None)
            if self._next is None:
                return False
        return True

    def take(self, rows: int | None) -> Iterator[pa.RecordBatch]:
        taken = 0
        while self._next is not None and (rows is None or taken < rows):
            batch = pa.RecordBatch.from_arrays(self._next.columns, schema=self._schema)
            if batch.num_rows:
                columns = [name for name in BOUNDED if name in self._schema.names]
                self.bounds.append(measure(pa.Table.from_batches([batch]), columns))
                taken += batch.num_rows
                yield batch
            self._next = next(self._batches, None)


def swap(table: str, old: Sequence[Segment], new: Sequence[Made], run: str) -> list[Segment] | None:
    """Name new files and let old ones go; None when one of the old is no longer current.

    Must be called in a transaction; the caller removes the new files when it rolls back.
    """
    from quancheng.kernel.store.models import Segment

    head = lock_head(spec_of(table))
    current = Segment.objects.filter(pk__in=[one.pk for one in old], removed_version__isnull=True)
    if old and current.count() != len(old):
        return None
    now = clock.now()
    if old:
        current.update(removed_version=next_version(head), removed_at=now)
    return [
        Segment.objects.create(
            table=table,
            partition=one.partition,
            added_version=next_version(head),
            path=one.file.path,
            rows=one.file.rows,
            bytes=one.file.bytes,
            sha256=one.file.sha256,
            bounds=one.bounds,
            run=run,
            created_at=now,
        )
        for one in new
    ]


def discard(made: Iterable[Made]) -> None:
    """Remove files that were not named after all."""
    for one in made:
        files.remove(one.file.path)


def stem(path: str) -> str:
    """The name by which a file's rollup refers to it."""
    return path.rsplit("/", 1)[-1].removesuffix(".parquet")
