"""合并: many small files become few sorted ones with a rollup each; changes are worked in.

For a file of ``raw`` that has been merged there is one file of ``observations.hours`` whose partition is
that file's name: its lineage. Files without one are new; questions add them up from the rows. So a
rollup is never out of date: late data are new files until they are merged, and changes not yet worked
in are taken from the rows for the hours they touch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import structlog
from django.db import transaction

from quancheng.capabilities.observations import engine, lake, placing
from quancheng.capabilities.observations.config import folder, limits
from quancheng.capabilities.observations.sealing import write_raw
from quancheng.capabilities.observations.state import dropped_streams, newest_edits
from quancheng.kernel.store import files

if TYPE_CHECKING:
    from quancheng.kernel.store.models import Segment

log = structlog.get_logger(__name__)
RUN = "merge"
KEPT = "kept-"
"""Rollups whose rows have been removed by retention: partition ``kept-<name of the file>``."""
_MINUTE = 60_000_000
ROLLUP = f"""
    SELECT stream, time - time % {lake.HOUR_US} AS hour, count(*) AS rows, count(number) AS n,
      sum(number) AS sum, min(number) AS min, max(number) AS max,
      coalesce(bit_or(CASE WHEN number IS NOT NULL
        THEN 1::BIGINT << ((time % {lake.HOUR_US}) // {_MINUTE})::INTEGER END), 0) AS minutes,
      min(time) AS first, max(coalesce(time_end, time)) AS last,
      min(result_time) AS first_result, max(result_time) AS last_result
    FROM {{source}} GROUP BY 1, 2"""  # noqa: S608
"""Hours of some rows; ``minutes`` is a set of bits, so that parts of an hour can be added up."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did."""

    files: int
    """Files replaced."""
    made: int
    rows: int
    edits: int
    """Changes and deletions worked in."""


def merge(old: Sequence[Segment], partition: str, *, without: Collection[int] = ()) -> Merged | None:
    """Replace files of ``raw`` by sorted ones in a partition, working in what was edited or dropped.

    ``without``: streams whose rows end here (retention). None when another process was faster.
    Raises StoreUnavailable (disk), StoreDamaged; nothing has changed then.
    """
    if not old:
        return None
    from quancheng.capabilities.observations import districts  # it builds on our rollups

    mark = districts.stamp()
    edit_files = current(lake.EDITS)
    edits = newest_edits([lake.batch_of(_table(edit_files, lake.EDITS))] if edit_files else [])
    gone = np.union1d(dropped_streams(), np.array(sorted(without), np.int64))
    made: list[placing.Made] = []
    try:
        with _worker() as connection:
            paths = [str(files.checked(one.path, one.bytes, one.sha256)) for one in old]
            applied = _present(connection, paths, edits.ids)
            made += _write_rows(connection, paths, applied, gone, partition)
            hours = [_write_hours(connection, one) for one in made]
            kept = _write_kept(connection, paths, without, placing.stem(old[0].path))
            made += hours + kept
            placed = [two for one in hours for two in districts.write(one, mark)]
            made += placed
        moved = edits.rows.take(np.isin(edits.rows.id, applied) & ~np.isin(edits.rows.stream, gone))
        changed = write_raw(moved)
        made += changed
        rest = _remaining(edit_files, applied)
        made += rest
        with transaction.atomic():
            raw = [one for one in made if one not in (*hours, *kept, *placed, *rest)]
            done = placing.swap(lake.RAW, old, raw, RUN) is not None
            done = done and placing.swap(lake.HOURS, _hours_of(old), hours + kept, RUN) is not None
            gone_with = districts.of_files([placing.stem(one.path) for one in old])
            done = done and placing.swap(lake.DISTRICTS, gone_with, placed, RUN) is not None
            if done and len(applied):
                done = placing.swap(lake.EDITS, edit_files, rest, RUN) is not None
            if not done:
                transaction.set_rollback(True)
        if not done:
            placing.discard(made)
            return None
    except BaseException:
        placing.discard(made)
        raise
    rows = sum(one.file.rows for one in raw)
    return Merged(len(old), len(hours), rows, len(applied))


def current(table: str, partition: str | None = None) -> list[Segment]:
    """Files of a table that count now, oldest first."""
    from quancheng.kernel.store.models import Segment

    found = Segment.objects.filter(table=table, removed_version__isnull=True)
    if partition is not None:
        found = found.filter(partition=partition)
    return list(found.order_by("added_version"))


def rolled_up() -> set[str]:
    """Stems of the files of ``raw`` that have a rollup."""
    from quancheng.kernel.store.models import Segment

    kept = Segment.objects.filter(table=lake.HOURS, removed_version__isnull=True)
    return set(kept.values_list("partition", flat=True))


@contextmanager
def _worker() -> Any:
    """A DuckDB of its own that may spill to disk, so that a merge never takes the readers' memory."""
    spill = folder() / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:")
    try:
        quoted = [str(place).replace("'", "''") for place in (spill, files.folder().resolve())]
        connection.execute(f"SET temp_directory = '{quoted[0]}'")
        connection.execute(f"SET memory_limit = '{limits().merge_megabytes}MB'")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"SET allowed_directories = ['{quoted[0]}', '{quoted[1]}']")
        connection.execute("SET enable_external_access = false")
        yield connection
    finally:
        connection.close()


def _table(segments: Sequence[Segment], table: str) -> pa.Table:
    import pyarrow.parquet as pq

    schema = lake.EDIT_SCHEMA if table == lake.EDITS else lake.RAW_SCHEMA
    paths = [files.checked(one.path, one.bytes, one.sha256) for one in segments]
    with files.reading():
        return pa.concat_tables([pq.ParquetFile(path).read() for path in paths]).cast(schema)


def _present(connection: duckdb.DuckDBPyConnection, paths: list[str], ids: Any) -> Any:
    """Of some ids, those whose rows are in these files."""
    if not len(ids):
        return np.zeros(0, np.int64)
    connection.register("edited", pa.table({"id": ids}))
    found = connection.execute(
        f"SELECT DISTINCT id FROM {engine.parquet(paths)} WHERE id IN (SELECT id FROM edited)"  # noqa: S608
    ).to_arrow_table()
    return np.sort(found.column("id").to_numpy())


def _write_rows(
    connection: duckdb.DuckDBPyConnection, paths: list[str], applied: Any, gone: Any, partition: str
) -> list[placing.Made]:
    terms = []
    if len(applied):
        connection.register("applied", pa.table({"id": applied}))
        terms.append("id NOT IN (SELECT id FROM applied)")
    if len(gone):
        connection.register("gone", pa.table({"stream": gone}))
        terms.append("stream NOT IN (SELECT stream FROM gone)")
    query = (
        f"SELECT {', '.join(lake.NAMES)} FROM {engine.parquet(paths)}{engine.where_of(terms)}"  # noqa: S608
        " ORDER BY stream, time, id"
    )
    reader = connection.execute(query).to_arrow_reader(files.ROW_GROUP)
    return placing.write(lake.RAW, partition, reader, limits().file_rows)


def _write_hours(connection: duckdb.DuckDBPyConnection, raw: placing.Made) -> placing.Made:
    source = engine.parquet([str(files.folder().resolve() / raw.file.path)])
    query = ROLLUP.format(source=source) + " ORDER BY stream, hour"
    reader = connection.execute(query).to_arrow_reader(files.ROW_GROUP)
    cast = (batch.cast(lake.HOUR_SCHEMA) for batch in reader)
    [made] = placing.write(lake.HOURS, placing.stem(raw.file.path), cast)
    return made


def _write_kept(
    connection: duckdb.DuckDBPyConnection, paths: list[str], without: Collection[int], name: str
) -> list[placing.Made]:
    """Hours of rows that end here, which stay when the rows are gone."""
    ends = np.setdiff1d(np.array(sorted(without), np.int64), dropped_streams())
    if not len(ends):
        return []
    connection.register("ends", pa.table({"stream": ends}))
    source = f"(SELECT * FROM {engine.parquet(paths)} WHERE stream IN (SELECT stream FROM ends))"  # noqa: S608
    query = ROLLUP.format(source=source) + " ORDER BY stream, hour"
    reader = connection.execute(query).to_arrow_reader(files.ROW_GROUP)
    cast = (batch.cast(lake.HOUR_SCHEMA) for batch in reader)
    return placing.write(lake.HOURS, KEPT + name, cast)


def _hours_of(raw: Sequence[Segment]) -> list[Segment]:
    from quancheng.kernel.store.models import Segment

    stems = [placing.stem(one.path) for one in raw]
    return list(Segment.objects.filter(table=lake.HOURS, partition__in=stems, removed_version__isnull=True))


def _remaining(edit_files: Sequence[Segment], applied: Any) -> list[placing.Made]:
    """What is left of the edits once some are worked in, as a new file."""
    if not len(applied):
        return []
    table = _table(edit_files, lake.EDITS)
    batch = lake.batch_of(table)
    rest = batch.take(~np.isin(batch.id, applied))
    if not len(rest):
        return []
    ordered = rest.take(np.lexsort((rest.time, rest.stream)))
    return placing.write(lake.EDITS, "all", lake.arrow_of(ordered, lake.EDIT_SCHEMA).to_batches())


__all__ = ["KEPT", "ROLLUP", "RUN", "Merged", "current", "merge", "rolled_up"]
