"""值: limits, formats, what was found, rows with their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from quancheng.core.tabular.errors import Reason
from quancheng.core.text import Text

__all__ = [
    "Broken",
    "Format",
    "Formulas",
    "Found",
    "Limits",
    "Place",
    "Row",
    "Sheet",
    "Value",
    "is_blank",
    "show",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a file may cost (上限). All are inclusive; passing one refuses the file or the row.

    bytes: size of the file as sent; in_memory: the same for formats that can only be read whole (xls).
    unpacked: bytes of all parts of an archive together, and of shared texts; ratio: unpacked to packed
    bytes of one part. parts: members of an archive. rows: per sheet. columns: per row. cell: characters
    of one cell. row: characters of one line, record or JSON object.
    """

    bytes: int
    in_memory: int
    unpacked: int
    ratio: float
    parts: int
    rows: int
    columns: int
    cell: int
    row: int

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise ValueError(f"the limit {name} is not positive")


class Format(StrEnum):
    """Formats that are read (格式). ``CSV`` stands for all delimited text."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    JSON = "json"
    NDJSON = "ndjson"
    GEOJSON = "geojson"
    PARQUET = "parquet"
    SHAPE = "shape"


class Formulas(StrEnum):
    """What becomes of a formula (公式处理).

    ``SAVED`` takes the saved result and refuses one the file itself marks as due for recalculation;
    ``TRUST`` takes that too; ``REFUSE`` takes none.
    """

    SAVED = "saved"
    TRUST = "trust"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook (工作表)."""

    name: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is (识别结果); every part may be overridden with ``dataclasses.replace``.

    ``encoding`` and ``delimiter`` are empty where the format has none. ``names`` are the columns of
    formats that carry them (JSON: of the first records; see ``all_names``), else empty: then a head has
    to be found among the rows. ``path`` is the member of a JSON object that holds the records. ``crs``
    is the coordinate system as the file writes it. ``why`` says what the finding rests on.
    """

    format: Format
    why: Text
    encoding: str = ""
    delimiter: str = ""
    quote: str = '"'
    sheets: tuple[Sheet, ...] = ()
    names: tuple[str, ...] = ()
    path: str = ""
    crs: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands (位置): sheet (empty if none), row number as its program shows it, text line.

    ``row`` counts from 1: the row of the sheet, the record of a text or binary file. ``line`` is the
    first physical line of a record of a text file, 0 elsewhere.
    """

    sheet: str
    row: int
    line: int = 0

    def text(self) -> Text:
        """The place in words (第几行)."""
        sheet = (f"工作表“{self.sheet}”", f"sheet “{self.sheet}”, ") if self.sheet else ("", "")
        if self.line:
            return Text(f"{sheet[0]}第 {self.line} 行", f"{sheet[1]}line {self.line}")
        return Text(f"{sheet[0]}第 {self.row} 行", f"{sheet[1]}row {self.row}")


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell that cannot be taken (坏单元格): why, and what stands there."""

    reason: Reason
    original: str


Value = None | bool | int | float | Decimal | str | date | datetime | time | Broken
"""One cell as it was read, before any conversion. Delimited text gives only ``str`` and ``None``."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read (行).

    ``fault`` is set when the row as a whole cannot be taken; ``cells`` then hold what could be saved of
    it. ``hidden`` rows are filtered out or hidden in the sheet. ``unknown`` names the members of a JSON
    record that are no columns.
    """

    place: Place
    cells: tuple[Value, ...]
    fault: Reason | None = None
    hidden: bool = False
    unknown: tuple[str, ...] = field(default=())


def is_blank(value: Value) -> bool:
    """Nothing, or only white space (空)."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def show(value: Value) -> str:
    """A cell as text, as near as possible to how its program shows it (原文)."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Broken):
        return value.original
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float):
        return repr(value) if value != int_of(value) else str(int(value))
    return value.isoformat() if isinstance(value, date | time) else str(value)


def int_of(value: float) -> float | None:
    """The float itself if it is an integer that a double can hold exactly, else ``None``."""
    return value if value.is_integer() and abs(value) < 2**53 else None
