"""一张工作表: the cells of one sheet of an xlsx workbook, row by row (ECMA-376 part 1, clause 18.3)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from quancheng.core.tabular.cells import Look, NumberFormat, from_iso, from_number, split_reference
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Broken, Formulas, Limits, Place, Row, Value
from quancheng.core.tabular.unpack import Attributes, XmlReader

__all__ = ["Book", "read_sheet", "text_value"]

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Book:
    """What a sheet needs of its workbook (工作簿上下文)."""

    texts: list[str]
    formats: list[NumberFormat]
    since_1904: bool
    stale: bool
    formulas: Formulas


def read_sheet(chunks: Iterator[bytes], sheet: str, book: Book, limits: Limits) -> Iterator[Row]:
    """Rows that hold at least one value; nothing is kept but the rows of one chunk."""
    collector = _Collector(sheet, book, limits)
    reader = XmlReader(collector.start, collector.end, collector.text)
    for chunk in chunks:
        reader.feed(chunk)
        while collector.rows:
            yield collector.rows.popleft()
    reader.feed(b"", last=True)
    yield from collector.rows


def text_value(text: str, limit: int) -> Value:
    """A text cell within its limit; characters written as ``_x000D_`` (clause 22.9.2.19) are resolved."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        return None
    if len(text) > limit:
        return Broken(Reason.CELL_TOO_LONG, _safe(text[:limit]))
    if _CONTROLS.search(text) or any("\ud800" <= character <= "\udfff" for character in text):
        return Broken(Reason.CONTROL_CHARACTER, _safe(text))
    return text


def _safe(text: str) -> str:
    return _CONTROLS.sub("�", text).encode("utf-8", "replace").decode()


class _Collector:
    """Hears the elements of a sheet and puts rows together."""

    def __init__(self, sheet: str, book: Book, limits: Limits) -> None:
        self.rows: deque[Row] = deque()
        self._sheet = sheet
        self._book = book
        self._limits = limits
        self._count = 0
        self._number = 0
        self._hidden = False
        self._cells: dict[int, Value] = {}
        self._too_wide = False
        self._column = -1
        self._cell: Attributes = {}
        self._formula: str | None = None
        self._value: list[str] | None = None
        self._into: list[str] | None = None
        self._size = 0
        self._phonetic = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or (name == "t" and not self._phonetic):
            self._value = self._value or []
            self._into = self._value
        elif name == "f":
            self._formula = ""
            self._into = None
        elif name == "row":
            self._start_row(attributes)
        elif name == "rPh":
            self._phonetic = True

    def _start_row(self, attributes: Attributes) -> None:
        number = attributes.get("r", "")
        self._number = int(number) if number.isdecimal() and len(number) < 9 else self._number + 1
        self._hidden = attributes.get("hidden") in ("1", "true")
        self._cells = {}
        self._too_wide = False
        self._column = -1

    def _start_cell(self, attributes: Attributes) -> None:
        place = split_reference(attributes.get("r", ""))
        self._column = place[1] if place else self._column + 1
        self._cell = attributes
        self._formula = None
        self._value = None
        self._size = 0

    def text(self, data: str) -> None:
        if self._into is None:
            return
        if self._size <= self._limits.cell:
            self._into.append(data)
        self._size += len(data)

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name in ("v", "t", "f"):
            self._into = None
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._phonetic = False

    def _end_cell(self) -> None:
        value = self._take()
        if value is None:
            return
        if self._column >= self._limits.columns:
            self._too_wide = True
        else:
            self._cells[self._column] = value

    def _take(self) -> Value:
        saved = "".join(self._value) if self._value is not None else ""
        if self._formula is not None:
            refused = self._refuse_formula(saved)
            if refused is not None:
                return Broken(refused, saved[: self._limits.cell])
        kind = self._cell.get("t", "n")
        if not saved:
            return None
        if kind == "s":
            return self._shared(saved)
        if kind in ("str", "inlineStr"):
            return text_value(saved, self._limits.cell)
        if kind == "e":
            return Broken(Reason.ERROR_CELL, saved[: self._limits.cell])
        if kind == "b":
            return saved == "1"
        return from_iso(saved) if kind == "d" else self._numeric(saved)

    def _refuse_formula(self, saved: str) -> Reason | None:
        if self._book.formulas is Formulas.REFUSE:
            return Reason.FORMULA
        if self._book.stale and self._book.formulas is Formulas.SAVED:
            return Reason.FORMULA_STALE
        if not saved and self._cell.get("t") != "str":
            return Reason.FORMULA_WITHOUT_VALUE
        return None

    def _shared(self, saved: str) -> Value:
        at = int(saved) if saved.isdecimal() and len(saved) < 10 else -1
        if not 0 <= at < len(self._book.texts):
            return Broken(Reason.ERROR_CELL, saved[:40])
        return text_value(self._book.texts[at], self._limits.cell)

    def _numeric(self, saved: str) -> Value:
        style = self._cell.get("s", "0")
        at = int(style) if style.isdecimal() and len(style) < 7 else 0
        formats = self._book.formats
        look = formats[at] if at < len(formats) else (Look.NUMBER, 0)
        return from_number(saved[:400], look, since_1904=self._book.since_1904)

    def _end_row(self) -> None:
        if not self._cells and not self._too_wide:
            return
        self._count += 1
        if self._count > self._limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"> {self._limits.rows}")
        width = max(self._cells, default=-1) + 1
        cells = tuple([self._cells.get(column) for column in range(width)])
        fault = Reason.TOO_MANY_COLUMNS if self._too_wide else None
        self.rows.append(Row(Place(self._sheet, self._number), cells, fault, self._hidden))
