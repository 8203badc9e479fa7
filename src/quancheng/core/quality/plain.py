"""读数（纯 Python）: the same readings as ``reading``, of one value; part of the oracle."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from quancheng.core.quality.model import BLANKS
from quancheng.core.quality.reading import BASIC_DAY, DAY, FINITE, NUMBER

__all__ = ["day_of", "is_missing", "known", "number_of"]

_NUMBER, _DAY, _BASIC_DAY = re.compile(NUMBER), re.compile(DAY), re.compile(BASIC_DAY)


def is_missing(value: object, tokens: tuple[str, ...] = ()) -> bool:
    """Whether a value says nothing (是否缺失)."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    return isinstance(value, str) and (not value.strip(BLANKS) or value in tokens)


def known(value: object, tokens: tuple[str, ...]) -> object:
    """The value, ``None`` where it is missing or infinite (缺失视为未知)."""
    if is_missing(value, tokens) or (isinstance(value, float) and abs(value) > FINITE):
        return None
    return value


def number_of(value: object) -> float | None:
    """The value as a floating number (读作数字)."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return float(value) if isinstance(value, int | float | Decimal) else None


def day_of(value: object) -> date | None:
    """The value's day (读作日期)."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text[:10])
        return date.fromisoformat(text) if _BASIC_DAY.fullmatch(text) else None
    except ValueError:
        return None
