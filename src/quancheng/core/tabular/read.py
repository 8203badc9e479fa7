"""读取: one door for all formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from quancheng.core.tabular.delimited import read_delimited
from quancheng.core.tabular.encoding import check_size
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.jsonrows import read_json
from quancheng.core.tabular.model import Format, Formulas, Found, Limits, Row
from quancheng.core.tabular.ods import read_ods
from quancheng.core.tabular.parquet import read_parquet
from quancheng.core.tabular.shape import read_shape
from quancheng.core.tabular.xls import read_xls
from quancheng.core.tabular.xlsx import read_xlsx

__all__ = ["read"]

_BOOKS = {Format.XLSX: read_xlsx, Format.XLS: read_xls, Format.ODS: read_ods}


def read(
    stream: BinaryIO, found: Found, limits: Limits, *, sheet: str = "", formulas: Formulas = Formulas.SAVED
) -> Iterator[Row]:
    """Rows of a file with their places, one at a time (逐行读取).

    ``stream`` is seekable and stays open; do not read it elsewhere meanwhile. ``sheet`` names a sheet or
    layer; by default the first that is not hidden. Rows without any content are passed over: "in" is
    the number of rows this gives. ``TableError`` is raised at the latest when iteration comes to what
    it is about; what was taken up to then must be thrown away by the caller.
    """
    check_size(stream, limits.bytes)
    if found.format is Format.CSV:
        return read_delimited(stream, found, limits)
    if found.format in (Format.JSON, Format.NDJSON, Format.GEOJSON):
        return read_json(stream, found, limits)
    if found.format is Format.PARQUET:
        return read_parquet(stream, limits)
    name = sheet or _first_visible(found)
    if found.format is Format.SHAPE:
        return read_shape(stream, limits, name, found.encoding)
    return _BOOKS[found.format](stream, limits, name, formulas)


def _first_visible(found: Found) -> str:
    for sheet in found.sheets:
        if not sheet.hidden:
            return sheet.name
    raise TableError(Reason.EMPTY, "no visible sheet")
