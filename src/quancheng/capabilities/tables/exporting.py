"""导出: rows of a version as a file, streamed: CSV, JSON, lines of JSON, GeoJSON, Parquet."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quancheng.capabilities.tables.answers import cell_text
from quancheng.capabilities.tables.masking import masked_batches
from quancheng.capabilities.tables.plain import json_bytes, plain_rows
from quancheng.capabilities.tables.values import TableSchema
from quancheng.capabilities.tables.view import View
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

_LON = ("lon", "lng", "longitude", "经度")
_LAT = ("lat", "latitude", "纬度")


class FileFormat(StrEnum):
    """导出格式."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    GEOJSON = "geojson"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        """As registered with IANA, as far as it is."""
        return _MEDIA[self]


_MEDIA = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.JSON: "application/json",
    FileFormat.NDJSON: "application/x-ndjson",
    FileFormat.GEOJSON: "application/geo+json",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was allowed (导出): its rows are read when its parts are."""

    name: str
    view: View
    file_format: FileFormat
    masked: bool

    @property
    def file_name(self) -> str:
        """Name and version."""
        return f"{self.name}-v{self.view.version}.{self.file_format}"

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Its rows, masked where they must be."""
        found = self.view.batches()
        return masked_batches(self.view.schema, found) if self.masked else found

    def parts(self) -> Iterator[bytes]:
        """The file in parts; Parquet is written to a temporary file first."""
        schema = self.view.schema
        if self.file_format is not FileFormat.PARQUET:
            yield from text_parts(self.batches(), list(schema.names), self.file_format, schema)
            return
        with tempfile.TemporaryFile() as file:
            write_parquet(self.batches(), schema.arrow(), file)
            file.seek(0)
            while part := file.read(1 << 20):
                yield part


def text_parts(
    batches: Iterable[pa.RecordBatch], names: list[str], file_format: FileFormat, schema: TableSchema
) -> Iterator[bytes]:
    """A text file in parts. CSV begins with a byte order mark, so that spreadsheets read the Chinese."""
    if file_format is FileFormat.CSV:
        return _csv(batches, names)
    if file_format is FileFormat.NDJSON:
        return _lines(batches)
    if file_format is FileFormat.GEOJSON:
        return _wrapped(
            _features(batches, *place_columns(schema)), b'{"type":"FeatureCollection","features":[', b"]}"
        )
    return _wrapped((json_bytes(row) for batch in batches for row in plain_rows(batch)), b"[", b"]")


def write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, sink: Any) -> int:
    """A Parquet file into ``sink``; returns the rows."""
    rows = 0
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def has_places(schema: TableSchema) -> bool:
    """Whether its rows can be shown on a map."""
    names = {c.name.lower() for c in schema.columns if c.kind in (Kind.DECIMAL, Kind.INTEGER)}
    return bool(names.intersection(_LON) and names.intersection(_LAT))


def place_columns(schema: TableSchema) -> tuple[str, str]:
    """The columns of longitude and latitude (EPSG:4490); raises InvalidInput when there are none."""
    numbers = {c.name.lower(): c.name for c in schema.columns if c.kind in (Kind.DECIMAL, Kind.INTEGER)}
    lon = next((numbers[name] for name in _LON if name in numbers), None)
    lat = next((numbers[name] for name in _LAT if name in numbers), None)
    if lon is None or lat is None:
        raise InvalidInput(
            fields={
                "format": Text(
                    "没有经纬度列（lon、lat），不能导出 GeoJSON",
                    "no columns lon and lat: no GeoJSON can be made",
                )
            }
        )
    return lon, lat


def _csv(batches: Iterable[pa.RecordBatch], names: list[str]) -> Iterator[bytes]:
    yield "\ufeff".encode() + _csv_rows([[cell_text(name) for name in names]])
    for batch in batches:
        yield _csv_rows([[cell_text(value) for value in row.values()] for row in plain_rows(batch)])


def _csv_rows(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _lines(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(json_bytes(row) + b"\n" for row in plain_rows(batch))


def _features(batches: Iterable[pa.RecordBatch], lon: str, lat: str) -> Iterator[bytes]:
    for batch in batches:
        for row in plain_rows(batch):
            x, y = row.get(lon), row.get(lat)
            place = None if x is None or y is None else {"type": "Point", "coordinates": [x, y]}
            rest = {name: value for name, value in row.items() if name not in (lon, lat)}
            yield json_bytes({"type": "Feature", "geometry": place, "properties": rest})


def _wrapped(parts: Iterable[bytes], start: bytes, end: bytes, most: int = 1024) -> Iterator[bytes]:
    held, separator = [start], b""
    for part in parts:
        held += (separator, part)
        separator = b","
        if len(held) > most:
            yield b"".join(held)
            held = []
    yield b"".join([*held, end])
