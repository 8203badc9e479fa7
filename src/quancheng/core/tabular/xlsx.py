"""Excel 工作簿 xlsx: sheets as streams of rows (ECMA-376 part 1, clause 18).

A reader of its own, because of what usual ones leave out: the file is a stranger's (no document type,
limits on every part), merged cells are wanted in a stream, a formula is not its saved result, and a
result may be marked as stale. Only the shared texts are kept in memory, within ``Limits.unpacked``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from quancheng.core.tabular.cells import Look, NumberFormat, format_of, split_reference
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.grid import Merge, fill_merged
from quancheng.core.tabular.model import Formulas, Limits, Row, Sheet
from quancheng.core.tabular.unpack import Archive, Attributes, XmlReader
from quancheng.core.tabular.xlsx_sheet import Book, read_sheet

__all__ = ["read_xlsx", "sheets_of"]

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([^"]{2,40})"')
_MERGES = 200_000  # of one sheet
_ENTRY = 64  # bytes a shared text costs beside its characters


@dataclass(frozen=True, slots=True)
class _Workbook:
    sheets: tuple[tuple[Sheet, str], ...]
    since_1904: bool
    stale: bool
    path: str


def sheets_of(archive: Archive) -> tuple[Sheet, ...]:
    """The sheets of a workbook in order, hidden ones too (工作表清单)."""
    return tuple(sheet for sheet, _ in _workbook(archive).sheets)


def read_xlsx(stream: BinaryIO, limits: Limits, sheet: str, formulas: Formulas) -> Iterator[Row]:
    """Rows of one sheet that hold anything (读取工作表). Merged cells all have the value of the first.

    ``TableError(NO_SUCH_SHEET)``; the others for damaged or dangerous files, when iteration comes there.
    """
    archive = Archive(stream, limits)
    workbook = _workbook(archive)
    part = next((path for found, path in workbook.sheets if found.name == sheet), None)
    if part is None:
        raise TableError(Reason.NO_SUCH_SHEET, sheet)
    book = Book(
        texts=_shared_texts(archive, workbook.path, limits),
        formats=_formats(archive, workbook.path),
        since_1904=workbook.since_1904,
        stale=workbook.stale,
        formulas=formulas,
    )
    merges = _merges(archive, part)
    yield from fill_merged(read_sheet(archive.chunks(part), sheet, book, limits), merges, limits)


def _workbook(archive: Archive) -> _Workbook:
    path = _main_part(archive)
    targets = _relations(archive, path)
    sheets: list[tuple[Sheet, str]] = []
    marks = {"date1904": False, "fullCalcOnLoad": False}

    def start(name: str, attributes: Attributes) -> None:
        if name == "sheet" and attributes.get("id") in targets:
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append((Sheet(attributes.get("name", ""), hidden), targets[attributes["id"]]))
        for mark in marks:
            if attributes.get(mark) in ("1", "true") and name in ("workbookPr", "calcPr"):
                marks[mark] = True

    _read(archive, path, start)
    kept = tuple((sheet, part) for sheet, part in sheets if "/worksheets/" in f"/{part}")
    return _Workbook(kept, marks["date1904"], marks["fullCalcOnLoad"], path)


def _read(archive: Archive, path: str, start: Callable[[str, Attributes], None]) -> None:
    XmlReader(start, lambda name: None, lambda data: None).read(archive.chunks(path))


def _main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        for target in _relations(archive, "").values():
            if target.endswith("workbook.xml"):
                return target
    return "xl/workbook.xml"


def _relations(archive: Archive, path: str) -> dict[str, str]:
    """Relation ids of a part to names of parts; relations to the outside are left out."""
    folder, name = posixpath.split(path)
    targets: dict[str, str] = {}

    def start(element: str, attributes: Attributes) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", folder, attributes.get("Target", ""))
            targets[attributes.get("Id", "")] = posixpath.normpath(target).lstrip("/")

    _read(archive, posixpath.join(folder, "_rels", f"{name}.rels"), start)
    return targets


def _part_beside(archive: Archive, path: str, name: str) -> str | None:
    part = posixpath.join(posixpath.dirname(path), name)
    return part if part in archive else None


def _shared_texts(archive: Archive, path: str, limits: Limits) -> list[str]:
    """The shared texts, without the phonetic readings beside them (共享字符串)."""
    part = _part_beside(archive, path, "sharedStrings.xml")
    if part is None:
        return []
    reader = _SharedTexts(limits)
    XmlReader(reader.start, reader.end, reader.text).read(archive.chunks(part))
    return reader.texts


class _SharedTexts:
    def __init__(self, limits: Limits) -> None:
        self.texts: list[str] = []
        self._left = limits.unpacked
        self._parts: list[str] = []
        self._inside = False
        self._phonetic = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._inside = not self._phonetic

    def end(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            text = "".join(self._parts)
            self._left -= len(text) + _ENTRY
            if self._left < 0:
                raise TableError(Reason.UNPACKED_TOO_LARGE, "shared texts")
            self.texts.append(text)

    def text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)


def _formats(archive: Archive, path: str) -> list[NumberFormat]:
    """The number format of each cell style (单元格样式的数值格式)."""
    part = _part_beside(archive, path, "styles.xml")
    codes: dict[int, str] = {}
    ids: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        inside.append(name)
        if name == "numFmt":
            codes[_int(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "xf" and "cellXfs" in inside:
            ids.append(_int(attributes.get("numFmtId")))

    def end(name: str) -> None:
        inside.pop()

    if part is not None:
        XmlReader(start, end, lambda data: None).read(archive.chunks(part))
    return [format_of(number, codes.get(number, "")) for number in ids] or [(Look.NUMBER, 0)]


def _int(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _merges(archive: Archive, part: str) -> list[Merge]:
    """Merged ranges. They stand behind the rows, so the part is searched once as bytes before."""
    merges: list[Merge] = []
    rest = b""
    for chunk in archive.chunks(part):
        window = rest + chunk
        end = 0
        for match in _MERGE.finditer(window):
            end = match.end()
            first, _, last = match.group(1).decode("ascii", "replace").partition(":")
            corners = split_reference(first), split_reference(last or first)
            if corners[0] and corners[1]:
                merges.append(Merge(corners[0][0], corners[0][1], corners[1][0], corners[1][1]))
        if len(merges) > _MERGES:
            raise TableError(Reason.TOO_MANY_PARTS, "merged ranges")
        rest = window[max(end, len(window) - 200) :]
    return sorted(merges)
