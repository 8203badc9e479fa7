"""识别: what a file is, from its content; the name only settles what the content leaves open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from quancheng.core.tabular.delimited import tell_delimiter
from quancheng.core.tabular.encoding import CHUNK, Encoding, check_size, detect_encoding
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.jsonrows import array_member, names_of
from quancheng.core.tabular.model import Format, Found, Limits
from quancheng.core.tabular.ods import ods_sheets
from quancheng.core.tabular.parquet import parquet_names
from quancheng.core.tabular.shape import layer_sheets, layers
from quancheng.core.tabular.unpack import Archive
from quancheng.core.tabular.xls import xls_sheets
from quancheng.core.tabular.xlsx import sheets_of
from quancheng.core.text import Text

__all__ = ["sniff"]

_RECORDS = 1000  # JSON records whose names are looked at
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"%PDF", b"\x28\xb5\x2f\xfd")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|table|\?xml|meta|head|body|div)", re.IGNORECASE)
_FEATURES = re.compile(r'"type"\s*:\s*"FeatureCollection"')
_CRS = re.compile(r'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]{1,200})"')


def sniff(stream: BinaryIO, name: str, limits: Limits) -> Found:
    """Tell format, encoding, delimiter and sheets of a file (识别文件).

    ``TableError`` for files that are too large, empty, encrypted, dangerous or of a format that is not
    read; web pages and XML that carry the name of a spreadsheet are such. Nothing is believed of the
    name but that ``.tsv`` prefers tabs.
    """
    if not check_size(stream, limits.bytes):
        raise TableError(Reason.EMPTY, "0 bytes")
    start = stream.read(8)
    if start.startswith(b"PK\x03\x04"):
        return _archive(stream, limits)
    if start == _COMPOUND:
        sheets = xls_sheets(stream, limits)
        return Found(
            Format.XLS, Text("复合文档，Excel 97-2003。", "A compound file of Excel 97-2003."), sheets=sheets
        )
    if start.startswith(b"PAR1"):
        names = parquet_names(stream, limits)
        return Found(Format.PARQUET, Text("文件头为 PAR1。", "It begins with PAR1."), names=names)
    if start.startswith(_PACKED) or start.startswith(b"PK"):
        raise TableError(Reason.UNSUPPORTED_FORMAT, start[:4].hex())
    return _text(stream, name, limits)


def _archive(stream: BinaryIO, limits: Limits) -> Found:
    archive = Archive(stream, limits)
    if "xl/workbook.xml" in archive or any(name.endswith("/workbook.xml") for name in archive.names):
        why = Text("压缩包内有工作簿 workbook.xml。", "The archive holds a workbook.xml.")
        return Found(Format.XLSX, why, sheets=sheets_of(archive))
    if "content.xml" in archive and "mimetype" in archive:
        kind = b"".join(archive.chunks("mimetype"))
        if kind.strip().startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            why = Text("压缩包声明为开放文档表格。", "The archive says it is an OpenDocument spreadsheet.")
            return Found(Format.ODS, why, sheets=ods_sheets(archive))
    sheets = layer_sheets(archive)
    if sheets:
        layer = layers(archive)[0]
        encoding = layer.encoding()
        why = Text(
            f"压缩包内有 Shape 图层，属性表为 {encoding}。",
            f"The archive holds shapes, attributes in {encoding}.",
        )
        names = layer.names(encoding)
        return Found(Format.SHAPE, why, encoding=encoding, sheets=sheets, names=names, crs=layer.crs())
    raise TableError(Reason.UNSUPPORTED_FORMAT, "archive")


def _text(stream: BinaryIO, name: str, limits: Limits) -> Found:
    encoding = detect_encoding(stream)
    sample = _sample(stream, encoding)
    if not sample.strip("\ufeff \t\r\n\0"):
        raise TableError(Reason.EMPTY, "white space")
    if _MARKUP.match(sample):
        raise TableError(Reason.UNSUPPORTED_FORMAT, "web page or XML")
    first = sample.lstrip("\ufeff \t\r\n")[:1]
    if first in ("{", "["):
        found = _json(sample, encoding)
        if found is not None:
            return replace(found, names=names_of(stream, found, limits, records=_RECORDS))
    controls = sum(character < " " and character not in "\t\r\n\f" for character in sample)
    if controls * 50 > len(sample):
        raise TableError(Reason.UNKNOWN_FORMAT, "control characters")
    delimiter, quote = tell_delimiter(sample, prefer="\t" if name.lower().endswith((".tsv", ".tab")) else "")
    label = {"\t": ("制表符", "tabs"), ",": ("逗号", "commas")}.get(
        delimiter, (f"“{delimiter}”", f"“{delimiter}”")
    )
    why = Text(
        f"{encoding.why.zh}以{label[0]}分列。", f"{encoding.why.en} Columns are divided by {label[1]}."
    )
    return Found(Format.CSV, why, encoding.name, delimiter, quote)


def _sample(stream: BinaryIO, encoding: Encoding) -> str:
    """The beginning as text, up to the last whole line if there is one."""
    stream.seek(0)
    block = stream.read(CHUNK)
    text = block.decode(encoding.name, "replace")
    if len(block) < CHUNK:
        return text
    return text[: text.rfind("\n") + 1] or text


def _json(sample: str, encoding: Encoding) -> Found | None:
    text = sample.lstrip("\ufeff \t\r\n")
    make: Callable[..., Found] = lambda kind, zh, en, **more: Found(  # noqa: E731
        kind, Text(f"{encoding.why.zh}{zh}", f"{encoding.why.en} {en}"), encoding.name, **more
    )
    if text[0] == "[":
        if re.match(r"\[\s*(?:\{|\])", text) is None:
            return None
        return make(Format.JSON, "是 JSON 对象的数组。", "It is a JSON array of objects.")
    if _FEATURES.search(text[:4096]) or re.match(r'\{\s*"features"', text):
        crs = _CRS.search(text)
        name = crs.group(1) if crs else ""
        return make(
            Format.GEOJSON, "是 GeoJSON 要素集。", "It is a GeoJSON collection.", path="features", crs=name
        )
    lines = text.split("\n", 1)
    more = len(lines) > 1 and bool(lines[1].strip())
    if _is_object(lines[0]) and (more or array_member(text) is None):
        return make(Format.NDJSON, "每行一个 JSON 对象。", "Each line is a JSON object.")
    member = array_member(text)
    if member is None:
        return None
    zh, en = f"记录在 JSON 对象的“{member}”里。", f"The records are in the member “{member}”."
    return make(Format.JSON, zh, en, path=member)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
