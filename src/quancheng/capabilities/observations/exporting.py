"""导出: observations of a range as a file for other programs.

Parquet has the store's own columns (times in µs); CSV and JSON lines have times as ISO 8601 in UTC and
the result in one column. Written whole and durably, or not at all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from quancheng.capabilities.observations import lake, queries
from quancheng.capabilities.observations.config import folder
from quancheng.capabilities.observations.faults import ExportFailed
from quancheng.capabilities.observations.values import Observation
from quancheng.core.text import Text
from quancheng.kernel.store import files


class Form(StrEnum):
    """Form of an exported file."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished file."""

    name: str
    rows: int
    bytes: int
    sha256: str


HEADER = (
    "id", "stream", "phenomenon_time", "phenomenon_time_end", "result_time", "result", "quality", "feature", "extra",
)  # fmt: skip


def place() -> Path:
    """The folder of exported files."""
    return folder() / "exports"


def write(streams: Collection[int] | None, since: int, until: int, form: Form) -> Exported:
    """Write a file of since ≤ time < until, by stream and time. Raises ExportFailed."""
    place().mkdir(parents=True, exist_ok=True)
    name = f"{uuid.uuid4().hex}.{form}"
    temporary = place() / f".tmp-{name}"
    try:
        with temporary.open("xb") as file:
            rows = _write(file, _batches(streams, since, until), form)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(place() / name)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise ExportFailed(Text(f"导出失败：{reason}。", f"The export failed: {reason}.")) from error
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    done = place() / name
    with done.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Exported(name, rows, done.stat().st_size, digest)


def _batches(streams: Collection[int] | None, since: int, until: int) -> Iterator[pa.RecordBatch]:
    with queries.view(streams=streams, since=since, until=until) as connection:
        query = "SELECT * FROM observations ORDER BY stream, time, id"
        yield from connection.execute(query).to_arrow_reader(files.ROW_GROUP)


def _write(file: BinaryIO, batches: Iterator[pa.RecordBatch], form: Form) -> int:
    if form is Form.PARQUET:
        return _write_parquet(file, batches)
    rows = 0
    line: Callable[[dict[str, Any]], bytes] = _csv_line if form is Form.CSV else _json_line
    if form is Form.CSV:
        file.write(_csv(HEADER))
    for batch in batches:
        for row in lake.batch_of(pa.Table.from_batches([batch])).rows():
            file.write(line(said(row)))
            rows += 1
    return rows


def _write_parquet(file: BinaryIO, batches: Iterator[pa.RecordBatch]) -> int:
    rows = 0
    with pq.ParquetWriter(file, lake.RAW_SCHEMA, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]).cast(lake.RAW_SCHEMA))
            rows += batch.num_rows
    return rows


def said(row: Observation) -> dict[str, Any]:
    """A row as other programs read it."""
    return {
        "id": row.id,
        "stream": row.stream,
        "phenomenon_time": _iso(row.time),
        "phenomenon_time_end": _iso(row.time_end),
        "result_time": _iso(row.result_time),
        "result": row.result,
        "quality": row.quality,
        "feature": row.feature,
        "extra": dict(row.extra) or None,
    }


def _iso(micros: int | None) -> str | None:
    if micros is None:
        return None
    return lake.moment(micros).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _csv_line(row: dict[str, Any]) -> bytes:
    return _csv([_cell(row[name]) for name in HEADER])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _csv(values: Collection[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode()


def _json_line(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row) + b"\n"
