"""单元格: what numbers, formats and errors of a spreadsheet mean (ECMA-376 part 1, clauses 18.8.30, 18.17.4, 18.18.11)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import Enum

from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.model import Broken, Value

__all__ = [
    "Look",
    "NumberFormat",
    "column_number",
    "format_of",
    "from_iso",
    "from_number",
    "from_serial",
    "split_reference",
]

_BUILT_IN_DATES = frozenset((*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)))
_BUILT_IN_TIMES = frozenset((*range(18, 22), *range(32, 36), 45, 47))
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ZEROS = re.compile(r"0{2,}(?:_ )?\Z")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\Z")
_LAST_DAY = {False: 2_958_465, True: 2_957_003}  # 9999-12-31 in the systems 1900 and 1904


class Look(Enum):
    """What a number format makes of a number (数值格式)."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    ELAPSED = "elapsed"
    PADDED = "padded"


NumberFormat = tuple[Look, int]
"""A look, and for ``PADDED`` the number of digits."""


def format_of(number: int, code: str = "") -> NumberFormat:
    """The look of a number format by its id and, for own formats, its code (是否日期格式).

    Ids without code: ECMA-376 part 1, 18.8.30, with the formats 27-36 and 50-58 of East Asian programs.
    """
    if not code:
        if number in _BUILT_IN_DATES:
            return Look.DATE, 0
        if number == 46:
            return Look.ELAPSED, 0
        return (Look.TIME if number in _BUILT_IN_TIMES else Look.NUMBER), 0
    if _ZEROS.match(code):
        return Look.PADDED, code.count("0")
    shown = _NOT_SHOWN.sub("", code.split(";")[0]).lower()
    if shown == "general":
        return Look.NUMBER, 0
    if "[" in shown:
        return Look.ELAPSED, 0
    if "y" in shown or "d" in shown or ("m" in shown and not re.search("[hs]", shown)):
        return Look.DATE, 0
    return (Look.TIME if re.search("[hs]", shown) else Look.NUMBER), 0


def from_serial(serial: float, *, since_1904: bool) -> date | datetime | time | None:
    """Day number to date (序列号转日期); ``None`` where the system has no such day.

    System 1900: day 1 is 1900-01-01 and day 60 the 29 February 1900 that never was; system 1904: day 0
    is 1904-01-01. Below one day it is a time. Fractions are rounded to milliseconds.
    """
    if not 0 <= serial < _LAST_DAY[since_1904] + 1:
        return None
    days, rest = divmod(round(serial * 86_400_000), 86_400_000)
    clock = timedelta(milliseconds=rest)
    if days == 0 and not since_1904:
        return (datetime(1, 1, 1) + clock).time()  # noqa: DTZ001
    if days == 60 and not since_1904:
        return None
    first = date(1904, 1, 1) if since_1904 else date(1899, 12, 31 if days < 60 else 30)
    try:
        day = first + timedelta(days=days)
    except OverflowError:
        return None
    return datetime.combine(day, time()) + clock if rest else day


def from_number(text: str, look: NumberFormat, *, since_1904: bool) -> Value:
    """The value of a numeric cell from its stored text and format (数值单元格).

    Integers beyond 15 digits are refused: Excel keeps no more (specification "Number precision: 15
    digits"), so an identity number that came through a numeric cell has lost its end.
    """
    try:
        number = float(text)
    except ValueError:
        return Broken(Reason.ERROR_CELL, text)
    if number != number or number in (float("inf"), float("-inf")):
        return Broken(Reason.ERROR_CELL, text)
    if look[0] in (Look.DATE, Look.TIME):
        moment = from_serial(number, since_1904=since_1904)
        if look[0] is Look.TIME and isinstance(moment, date) and not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        return Broken(Reason.NOT_DATE, text) if moment is None else moment
    if not number.is_integer():
        return float(f"{number:.15g}")  # what Excel shows of 0.30000000000000004
    if abs(number) >= 1e15:
        return Broken(Reason.DIGITS_LOST, text)
    if look[0] is Look.PADDED and 0 <= number < 10 ** look[1]:
        return f"{int(number):0{look[1]}d}"
    return int(number)


def from_iso(text: str) -> Value:
    """A date kept as ISO 8601 text (``t="d"``, OpenDocument ``date-value``)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Broken(Reason.NOT_DATE, text)
    return moment if "T" in text else moment.date()


def column_number(letters: str) -> int:
    """Column letters to index from 0: ``A`` 0, ``Z`` 25, ``AA`` 26 (列号)."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def split_reference(reference: str) -> tuple[int, int] | None:
    """``C7`` to row 7 and column index 2; ``None`` if it is no reference (单元格引用)."""
    match = _REFERENCE.match(reference)
    return (int(match.group(2)), column_number(match.group(1))) if match else None
