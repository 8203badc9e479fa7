"""Shape 图层: a zipped ESRI shapefile as rows, its geometry as GeoJSON text (ESRI white paper J-7855, 1998).

The table of attributes (dBASE) says its encoding in a .cpg part, in the language byte of its head, or
not at all; then the bytes are looked at: layers of Chinese offices are GBK more often than UTF-8.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, BinaryIO

from quancheng.core.tabular.delimited import printable
from quancheng.core.tabular.encoding import detect_encoding, undecoded
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.jsonrows import GEOMETRY
from quancheng.core.tabular.model import Broken, Limits, Place, Row, Sheet, Value
from quancheng.core.tabular.unpack import Archive

__all__ = ["Layer", "layers", "read_shape"]

_CHINESE = {"936", "cp936", "gbk", "gb2312", "gb18030", "ansi 936", "cp54936", "54936", "ms936"}
_LANGUAGE = {0x4D: "gb18030"}  # language driver ids of dBASE; 0x4D is code page 936
_CORRUPT = (ValueError, KeyError, IndexError, OSError, EOFError, TypeError, AttributeError, OverflowError)


class Layer:
    """One layer of an archive (图层): where its parts are."""

    def __init__(self, archive: Archive, stem: str, parts: dict[str, str]) -> None:
        self.archive = archive
        self.stem = stem
        self.parts = parts

    def part(self, extension: str) -> io.BytesIO | None:
        """A part in memory, within the limits the archive was judged by."""
        name = self.parts.get(extension)
        return self.archive.whole(name) if name else None

    def encoding(self) -> str:
        """Encoding of the attributes (属性表编码)."""
        declared = self._declared()
        if declared:
            return declared
        table = self.part("dbf") or io.BytesIO()
        head = table.read(32)
        if len(head) == 32 and head[29] in _LANGUAGE:
            return _LANGUAGE[head[29]]
        body = io.BytesIO(table.read().replace(b"\0", b" "))
        found = detect_encoding(body).name
        return found if found in ("utf-8", "gb18030") else "gb18030"

    def _declared(self) -> str:
        page = self.part("cpg")
        name = page.read(32).decode("ascii", "replace").strip().lower() if page else ""
        if name in _CHINESE:
            return "gb18030"
        return "utf-8" if name.replace("-", "") in ("utf8", "65001", "cp65001") else ""

    def crs(self) -> str:
        """The coordinate system in the words of the .prj part (坐标系)."""
        part = self.part("prj")
        return part.read(4096).decode("utf-8", "replace").strip() if part else ""

    def names(self, encoding: str) -> tuple[str, ...]:
        """Attributes and the geometry."""
        with _reader(self, encoding) as reader:
            return (*_fields(reader), GEOMETRY)


def layers(archive: Archive) -> tuple[Layer, ...]:
    """All layers of an archive: every .shp with its .dbf (图层清单)."""
    found: dict[str, dict[str, str]] = {}
    for name in archive.names:
        stem, _, extension = name.rpartition(".")
        if stem and not name.startswith("__MACOSX/"):
            found.setdefault(stem, {})[extension.lower()] = name
    return tuple(
        Layer(archive, stem, parts) for stem, parts in found.items() if "shp" in parts and "dbf" in parts
    )


def layer_sheets(archive: Archive) -> tuple[Sheet, ...]:
    """Layers as sheets, by their names in the archive."""
    return tuple(Sheet(layer.stem) for layer in layers(archive))


def _reader(layer: Layer, encoding: str) -> Any:
    import shapefile

    try:
        return shapefile.Reader(
            shp=layer.part("shp"), dbf=layer.part("dbf"), encoding=encoding, encodingErrors="surrogateescape"
        )
    except (shapefile.ShapefileException, *_CORRUPT) as error:
        raise TableError(Reason.BROKEN_FILE, str(error)[:200]) from error
    except Exception as error:
        if type(error).__module__ == "struct":
            raise TableError(Reason.BROKEN_FILE, str(error)) from error
        raise


def _fields(reader: Any) -> tuple[str, ...]:
    return tuple(str(field[0]) for field in reader.fields if field[0] != "DeletionFlag")


def read_shape(stream: BinaryIO, limits: Limits, sheet: str, encoding: str) -> Iterator[Row]:
    """Rows of one layer (读取图层): attributes, then the geometry as GeoJSON text."""
    import struct

    archive = Archive(stream, limits)
    layer = next((layer for layer in layers(archive) if layer.stem == sheet), None)
    if layer is None:
        raise TableError(Reason.NO_SUCH_SHEET, sheet)
    with _reader(layer, encoding) as reader:
        if len(reader) > limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"{len(reader)} > {limits.rows}")
        try:
            for number, item in enumerate(reader.iterShapeRecords(), 1):
                values = (*item.record, _geometry(item.shape))
                yield Row(Place(sheet, number), tuple([_value(value, limits) for value in values]))
        except (struct.error, *_CORRUPT) as error:
            raise TableError(Reason.BROKEN_FILE, str(error)[:200]) from error


def _geometry(shape: Any) -> str | None:
    if shape.shapeType == 0:
        return None
    return json.dumps(shape.__geo_interface__, separators=(",", ":"))


def _value(value: object, limits: Limits) -> Value:
    if isinstance(value, str):
        text = value.rstrip("\0 ")
        if len(text) > limits.cell:
            return Broken(Reason.CELL_TOO_LONG, printable(text[: limits.cell]))
        if undecoded(text):
            return Broken(Reason.BAD_ENCODING, printable(text))
        return text or None
    return value if isinstance(value, bool | int | float | date) else None
