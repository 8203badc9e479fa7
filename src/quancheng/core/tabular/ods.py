"""OpenDocument 工作簿 ods: sheets as streams of rows (ISO/IEC 26300-1, clauses 9 and 19).

Repeated rows and cells are how a small file becomes a billion cells, so repeats are counted against the
limits before they are written out; repeats of nothing, which every sheet ends with, cost nothing.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import time
from typing import BinaryIO

from quancheng.core.tabular.cells import Look, from_iso, from_number
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.grid import Merge, fill_merged
from quancheng.core.tabular.model import Broken, Formulas, Limits, Place, Row, Sheet, Value
from quancheng.core.tabular.unpack import Archive, Attributes, XmlReader
from quancheng.core.tabular.xlsx_sheet import text_value

__all__ = ["ods_sheets", "read_ods"]

_CONTENT = "content.xml"
_CLOCK = re.compile(r"PT(\d{1,2})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S\Z")
_NUMERIC = ("float", "currency", "percentage")


def ods_sheets(archive: Archive) -> tuple[Sheet, ...]:
    """The sheets of a document, hidden ones too (工作表清单)."""
    styles: dict[str, bool] = {}
    current = [""]
    tables: list[tuple[str, str]] = []

    def start(name: str, attributes: Attributes) -> None:
        if name == "style":
            current[0] = attributes.get("name", "")
        elif name == "table-properties":
            styles[current[0]] = attributes.get("display") == "false"
        elif name == "table":
            tables.append((attributes.get("name", ""), attributes.get("style-name", "")))

    XmlReader(start, lambda name: None, lambda data: None).read(archive.chunks(_CONTENT))
    return tuple(Sheet(name, styles.get(style, False)) for name, style in tables)


def read_ods(stream: BinaryIO, limits: Limits, sheet: str, formulas: Formulas) -> Iterator[Row]:
    """Rows of one sheet that hold anything (读取工作表); see ``read_xlsx``."""
    archive = Archive(stream, limits)
    if sheet not in [found.name for found in ods_sheets(archive)]:
        raise TableError(Reason.NO_SUCH_SHEET, sheet)
    collector = _Collector(sheet, formulas, limits)
    yield from fill_merged(_rows(archive, collector), collector.merges, limits)


def _rows(archive: Archive, collector: _Collector) -> Iterator[Row]:
    reader = XmlReader(collector.start, collector.end, collector.text)
    for chunk in archive.chunks(_CONTENT):
        reader.feed(chunk)
        while collector.rows:
            yield collector.rows.popleft()
    reader.feed(b"", last=True)
    yield from collector.rows


class _Collector:
    """Hears the elements of a document and puts the rows of one table together."""

    def __init__(self, sheet: str, formulas: Formulas, limits: Limits) -> None:
        self.rows: deque[Row] = deque()
        self.merges: list[Merge] = []
        self._sheet = sheet
        self._formulas = formulas
        self._limits = limits
        self._inside = False
        self._number = 0
        self._count = 0
        self._repeat = 1
        self._hidden = False
        self._cells: dict[int, Value] = {}
        self._column = 0
        self._too_wide = False
        self._cell: Attributes = {}
        self._paragraphs: list[str] | None = None
        self._skipped = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "table":
            self._inside = attributes.get("name") == self._sheet
        elif not self._inside:
            return
        elif name == "table-row":
            self._start_row(attributes)
        elif name in ("table-cell", "covered-table-cell"):
            self._cell = attributes
            self._paragraphs = []
        elif name == "annotation":
            self._skipped += 1
        elif self._paragraphs is not None and not self._skipped:
            self._start_text(name, attributes)

    def _start_row(self, attributes: Attributes) -> None:
        self._repeat = _count(attributes.get("number-rows-repeated"))
        self._hidden = attributes.get("visibility", "visible") != "visible"
        self._cells = {}
        self._column = 0
        self._too_wide = False

    def _start_text(self, name: str, attributes: Attributes) -> None:
        assert self._paragraphs is not None
        if name == "p":
            self._paragraphs.append("")
        elif self._paragraphs:
            if name == "s":
                self._paragraphs[-1] += " " * min(_count(attributes.get("c")), self._limits.cell)
            elif name in ("tab", "line-break"):
                self._paragraphs[-1] += "\t" if name == "tab" else "\n"

    def text(self, data: str) -> None:
        if self._paragraphs and not self._skipped and len(self._paragraphs[-1]) <= self._limits.cell:
            self._paragraphs[-1] += data

    def end(self, name: str) -> None:
        if not self._inside:
            return
        if name == "table":
            self._inside = False
        elif name == "annotation":
            self._skipped -= 1
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def _end_cell(self) -> None:
        repeat = _count(self._cell.get("number-columns-repeated"))
        value = self._take()
        self._paragraphs = None
        if value is not None:
            if self._column + repeat > self._limits.columns:
                self._too_wide = True
            for column in range(self._column, min(self._column + repeat, self._limits.columns)):
                self._cells[column] = value
        self._merge(value)
        self._column = min(self._column + repeat, 1 << 20)

    def _merge(self, value: Value) -> None:
        across = _count(self._cell.get("number-columns-spanned"))
        down = _count(self._cell.get("number-rows-spanned"))
        if value is not None and (across > 1 or down > 1):
            top = self._number + 1
            self.merges.append(Merge(top, self._column, top + down - 1, self._column + across - 1))

    def _take(self) -> Value:
        kind = self._cell.get("value-type", "")
        shown = "\n".join(self._paragraphs or ())
        if self._cell.get("formula") and self._formulas is Formulas.REFUSE:
            return Broken(Reason.FORMULA, shown[: self._limits.cell])
        if self._cell.get("formula") and not kind:
            return Broken(Reason.FORMULA_WITHOUT_VALUE, shown[: self._limits.cell])
        if shown.startswith(("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "Err:")):
            return Broken(Reason.ERROR_CELL, shown[:40])
        if kind in _NUMERIC:
            return _number(self._cell.get("value", ""), shown)
        if kind == "date":
            return from_iso(self._cell.get("date-value", ""))
        if kind == "boolean":
            return self._cell.get("boolean-value") == "true"
        return (
            _clock(self._cell.get("time-value", ""))
            if kind == "time"
            else text_value(shown, self._limits.cell)
        )

    def _end_row(self) -> None:
        first = self._number + 1
        self._number = min(self._number + self._repeat, 1 << 31)
        if not self._cells and not self._too_wide:
            return
        if self._count + self._repeat > self._limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"> {self._limits.rows}")
        if self._repeat > 1 and self._repeat * len(self._cells) > self._limits.unpacked // 8:
            raise TableError(Reason.UNPACKED_TOO_LARGE, "repeated rows")
        self._count += self._repeat
        width = max(self._cells, default=-1) + 1
        cells = tuple([self._cells.get(column) for column in range(width)])
        fault = Reason.TOO_MANY_COLUMNS if self._too_wide else None
        for number in range(first, first + self._repeat):
            self.rows.append(Row(Place(self._sheet, number), cells, fault, self._hidden))


def _count(text: str | None) -> int:
    return max(int(text), 1) if text and text.isdecimal() and len(text) < 10 else 1


def _number(stored: str, shown: str) -> Value:
    """Leading zeros are only in what is shown; there they are kept."""
    value = from_number(stored, (Look.NUMBER, 0), since_1904=False)
    if (
        isinstance(value, int)
        and len(shown) > 1
        and shown[0] == "0"
        and shown.isdecimal()
        and int(shown) == value
    ):
        return shown
    return value


def _clock(text: str) -> Value:
    match = _CLOCK.match(text)
    if match is None:
        return text or None
    hour, minute, second = (int(part) for part in match.groups())
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else text
