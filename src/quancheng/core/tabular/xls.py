"""Excel 97-2003 工作簿 xls, read whole by calamine (a parser in Rust, no macros, no links).

Such a file cannot be streamed; ``Limits.in_memory`` bounds it. Its formulas give their saved results:
calamine does not tell them from values, so ``Formulas.REFUSE`` refuses the file. Error cells come
as empty ones: where a column must not be empty, ask for it (``Field.required``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, BinaryIO

from quancheng.core.tabular.encoding import check_size
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.grid import Merge, fill_merged
from quancheng.core.tabular.model import Broken, Formulas, Limits, Place, Row, Sheet, Value
from quancheng.core.tabular.xlsx_sheet import text_value

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

__all__ = ["read_xls", "xls_sheets"]

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LAST_ROW, _LAST_COLUMN = 65_536, 256  # of the format BIFF8


def _open(stream: BinaryIO, limits: Limits) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    check_size(stream, limits.in_memory)
    if _encrypted(stream):
        raise TableError(Reason.ENCRYPTED)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except PasswordError as error:
        raise TableError(Reason.ENCRYPTED, str(error)) from error
    except (CalamineError, OSError, ValueError) as error:
        raise TableError(Reason.BROKEN_FILE, str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the Rust side, not an Exception
            raise
        raise TableError(Reason.BROKEN_FILE, "the parser gave up") from error


def _encrypted(stream: BinaryIO) -> bool:
    """An xlsx with a password is a compound file like an xls, holding one stream of this name."""
    start = stream.read(1 << 20)
    stream.seek(0)
    return _ENCRYPTED in start


def xls_sheets(stream: BinaryIO, limits: Limits) -> tuple[Sheet, ...]:
    """The sheets of a workbook in order, hidden ones too (工作表清单)."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return tuple(
        Sheet(sheet.name, sheet.visible != SheetVisibleEnum.Visible)
        for sheet in _open(stream, limits).sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    )


def read_xls(stream: BinaryIO, limits: Limits, sheet: str, formulas: Formulas) -> Iterator[Row]:
    """Rows of one sheet that hold anything (读取工作表); see ``read_xlsx``."""
    if formulas is Formulas.REFUSE:
        raise TableError(Reason.UNSUPPORTED_FORMAT, "formulas cannot be told from values in xls")
    workbook = _open(stream, limits)
    if sheet not in workbook.sheet_names:
        raise TableError(Reason.NO_SUCH_SHEET, sheet)
    page = workbook.get_sheet_by_name(sheet)
    if page.end and (page.end[0] >= _LAST_ROW or page.end[1] >= _LAST_COLUMN):
        raise TableError(Reason.BROKEN_FILE, f"a sheet of {page.end}")
    merges = sorted(
        Merge(first[0] + 1, first[1], last[0] + 1, last[1]) for first, last in page.merged_cell_ranges or ()
    )
    yield from fill_merged(
        _rows(page.iter_rows(), sheet, limits, page.start[1] if page.start else 0), merges, limits
    )


def _rows(found: Iterable[Sequence[object]], sheet: str, limits: Limits, left: int) -> Iterator[Row]:
    # calamine gives all rows from the top, but columns only from the first that holds anything
    count = 0
    for number, values in enumerate(found, 1):
        cells = [*[None] * left, *(_value(value, limits.cell) for value in values)]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        count += 1
        if count > limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"> {limits.rows}")
        fault = Reason.TOO_MANY_COLUMNS if len(cells) > limits.columns else None
        yield Row(Place(sheet, number), tuple(cells[: limits.columns]), fault)


def _value(value: object, limit: int) -> Value:
    if isinstance(value, str):
        error = value in ("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
        return Broken(Reason.ERROR_CELL, value) if error else text_value(value, limit)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 1e15 else Broken(Reason.DIGITS_LOST, repr(value))
    if isinstance(value, bool | int | float | datetime | date | time):
        return value
    return None
