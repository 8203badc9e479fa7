"""读数: how texts are read as numbers and days, and what counts as missing, for the engine (Ibis)."""

from __future__ import annotations

from typing import Any

from quancheng.core.quality.language.typing import Sort
from quancheng.core.quality.model import BLANKS
from quancheng.core.quality.patterns import whole

__all__ = [
    "BASIC_DAY",
    "BLANK",
    "DAY",
    "FINITE",
    "NUMBER",
    "day_of",
    "missing",
    "number_of",
    "sorts_of",
    "text_of",
    "unknown_if_missing",
]

NUMBER = "-?[0-9]{1,15}(\\.[0-9]{1,15})?"
"""A number as people write it; no exponent, no thousands' separators, no Infinity."""
_MONTH_DAY = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
DAY = f"[1-9][0-9]{{3}}-{_MONTH_DAY}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?"
"""GB/T 7408.1 extended form, with or without a time of day, which is then left out."""
BASIC_DAY = "[1-9][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
"""GB/T 7408.1 basic form."""
BLANK = f"\\A[{BLANKS}]*\\z"
FINITE = 1e300
"""A floating number beyond this is an accident of arithmetic, and unknown."""


def sorts_of(schema: Any) -> dict[str, Sort]:
    """Sort of every column of an Ibis schema (各列类别)."""
    return {name: _sort(kind) for name, kind in schema.items()}


def _sort(kind: Any) -> Sort:
    tests = (
        (kind.is_string(), Sort.TEXT),
        (kind.is_boolean(), Sort.TRUTH),
        (kind.is_integer(), Sort.INTEGER),
        (kind.is_decimal(), Sort.DECIMAL),
        (kind.is_floating(), Sort.FLOAT),
        (kind.is_date(), Sort.DATE),
        (kind.is_timestamp(), Sort.INSTANT if getattr(kind, "timezone", None) else Sort.MOMENT),
    )
    return next((sort for holds, sort in tests if holds), Sort.OTHER)


def missing(column: Any, sort: Sort, tokens: tuple[str, ...] = ()) -> Any:
    """Whether a value says nothing (是否缺失): NULL, NaN, blank text, a token for "none"; never NULL itself."""
    if sort is Sort.TEXT:
        says_nothing = column.re_search(BLANK)
        return column.isnull() | (says_nothing | column.isin(list(tokens)) if tokens else says_nothing)
    return column.isnull() | column.isnan() if sort is Sort.FLOAT else column.isnull()


def unknown_if_missing(column: Any, sort: Sort, tokens: tuple[str, ...]) -> Any:
    """The value, NULL where it is missing (缺失视为未知); so are infinite numbers."""
    import ibis

    if sort is Sort.FLOAT:
        return ibis.ifelse(column.abs() <= FINITE, column, None)
    return ibis.ifelse(missing(column, sort, tokens), None, column) if sort is Sort.TEXT else column


def text_of(column: Any, sort: Sort) -> Any:
    """The value's characters; whole numbers as written (文本形式)."""
    return column if sort is Sort.TEXT else column.cast("string")


def number_of(column: Any, sort: Sort) -> Any:
    """The value as a floating number, NULL where a text is none (读作数字)."""
    import ibis

    if sort is not Sort.TEXT:
        return column.cast("float64")
    return ibis.ifelse(column.re_search(whole(NUMBER)), column, None).try_cast("float64")


def day_of(column: Any, sort: Sort) -> Any:
    """The value's day, NULL where a text is none (读作日期)."""
    import ibis

    if sort is Sort.DATE:
        return column
    if sort is Sort.MOMENT:
        return column.date()
    joined = column.substr(0, 4) + "-" + column.substr(4, 2) + "-" + column.substr(6, 2)
    written = ibis.cases(
        (column.re_search(whole(DAY)), column.substr(0, 10)),
        (column.re_search(whole(BASIC_DAY)), joined),
        else_=None,
    )
    return written.try_cast("date")
