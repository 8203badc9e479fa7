"""类型: the kinds of columns, how their texts are written in offices, and how each is read.

Numbers that identify (身份证号, 统一社会信用代码, 电话, codes with leading zeros) are text and stay text.
Only their form is looked at here; check characters are a matter of data quality, where a wrong one
becomes a finding instead of a lost row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from enum import StrEnum

from quancheng.core.identity import normalise_resident_id, normalise_uscc
from quancheng.core.tabular.errors import Reason
from quancheng.core.tabular.model import Broken, Value, show

__all__ = ["Kind", "Typed", "looks_like_data", "read_value"]


class Kind(StrEnum):
    """Kinds of columns (列类型)."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    RESIDENT_ID = "resident_id"
    USCC = "uscc"
    PHONE = "phone"
    TEXT = "text"


Typed = None | bool | int | Decimal | str | date | datetime
"""A value after conversion."""

_WIDE = {0xFF01 + at: 0x21 + at for at in range(94)} | {0x3000: 0x20, 0xA0: 0x20}
_INTEGER = re.compile(r"[+-]?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})\Z")
_DECIMAL = re.compile(
    r"[+-]?(?:(?:[0-9]{1,30}|[0-9]{1,3}(?:,[0-9]{3}){1,9})(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?\Z"
)
_DAY = re.compile(
    r"([0-9]{4})(?:\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*[日号]|([-/.])([0-9]{1,2})\4([0-9]{1,2})(?![0-9]))"
)
_COMPACT = re.compile(r"((?:1[6-9]|2[0-9])[0-9]{2})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))?\Z")
_CLOCK = re.compile(
    r"[T\s]*([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?|时(?:([0-9]{1,2})分(?:([0-9]{1,2})秒)?)?)"
    r"\s*(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
_NUMERALS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_CHINESE_DAY = re.compile(
    r"([〇○零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]\Z"
)
_BOOLEANS = {
    **dict.fromkeys(("是", "有", "对", "√", "✓", "true", "yes", "y"), True),
    **dict.fromkeys(("否", "无", "错", "×", "✗", "false", "no", "n"), False),
}
_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]\Z|[1-9][0-9]{14}\Z")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\Z")
_PHONE = re.compile(
    r"(?:\+?86-?)?1[3-9][0-9]{9}\Z|(?:\+?86-?)?\(?0[0-9]{2,3}\)?-?[1-9][0-9]{6,7}(?:-[0-9]{1,6})?\Z"
)


class NotReadableError(ValueError):
    """A text that is not of the kind asked for."""


def narrow(text: str) -> str:
    """Text without white space around it and with half-width ASCII (全角转半角)."""
    return text.translate(_WIDE).strip() if not text.isascii() else text.strip()


def read_integer(value: Value) -> int:
    """An integer of at most 18 digits, with thousands commas or not (整数)."""
    if isinstance(value, bool):
        raise NotReadableError
    if isinstance(value, int):
        if abs(value) >= 10**18:
            raise NotReadableError
        return value
    if isinstance(value, float | Decimal):
        number = Decimal(value)
        if not number.is_finite() or number.adjusted() > 18 or number != int(number):
            raise NotReadableError
        return read_integer(int(number))
    text = narrow(_text(value))
    if not _INTEGER.match(text):
        raise NotReadableError
    return int(text.replace(",", ""))


def read_decimal(value: Value) -> Decimal:
    """A decimal number exactly as written (小数); percent signs and units are not read."""
    if isinstance(value, bool):
        raise NotReadableError
    if isinstance(value, int | Decimal):
        number = Decimal(value)
    elif isinstance(value, float):
        number = Decimal(repr(value))
    else:
        text = narrow(_text(value))
        if not _DECIMAL.match(text):
            raise NotReadableError
        number = Decimal(text.replace(",", ""))
    if not number.is_finite() or number.adjusted() > 30:
        raise NotReadableError
    return number


def read_date(value: Value) -> date:
    """A day (日期): 2026年7月18日, 2026-7-18, 2026/7/18, 2026.7.18, 20260718, 二〇二六年七月十八日.

    A time of midnight behind it, which exports add, is taken off; another time is refused, so are years
    of two digits and orders other than year, month, day.
    """
    moment = value if isinstance(value, date) else _moment(narrow(_text(value)), None)
    if not isinstance(moment, datetime):
        return moment
    if moment.time() != time():
        raise NotReadableError
    return moment.date()


def read_datetime(value: Value, zone: tzinfo | None = None) -> datetime:
    """A day and time (日期时间), without zone; a day alone is its midnight.

    A text with an offset is turned into the time of ``zone``; without a zone it is refused.
    """
    moment = value if isinstance(value, date) else _moment(narrow(_text(value)), zone)
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return _local(moment, zone)


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is None:
        return moment
    if zone is None:
        raise NotReadableError
    return moment.astimezone(zone).replace(tzinfo=None)


def _moment(text: str, zone: tzinfo | None) -> date | datetime:
    if match := _COMPACT.match(text):
        parts = [int(part) for part in match.groups() if part]
        return date(*parts) if len(parts) == 3 else datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
    if match := _CHINESE_DAY.match(text):
        return date(int(match[1].translate(_NUMERALS)), _numeral(match[2]), _numeral(match[3]))
    match = _DAY.match(text)
    if match is None:
        raise NotReadableError
    day = date(int(match[1]), int(match[2] or match[5]), int(match[3] or match[6]))
    if match.end() == len(text):
        return day
    clock = _CLOCK.match(text, match.end())
    if clock is None:
        raise NotReadableError
    fraction = int((clock[4] or "0")[:6].ljust(6, "0"))
    minute, second = int(clock[2] or clock[5] or 0), int(clock[3] or clock[6] or 0)
    moment = datetime.combine(day, time(int(clock[1]), minute, second, fraction))
    if clock[7]:
        offset = clock[7].replace("Z", "+0000").replace(":", "")
        moment = _local(datetime.strptime(f"{moment:%Y%m%d%H%M%S}{offset}", "%Y%m%d%H%M%S%z"), zone)
        return moment.replace(microsecond=fraction)
    return moment


def _numeral(text: str) -> int:
    """Chinese numerals up to 39."""
    tens, ten, units = text.rpartition("十")
    low = int(units.translate(_NUMERALS)) if units else 0
    return low if not ten else (int(tens.translate(_NUMERALS)) if tens else 1) * 10 + low


def read_boolean(value: Value) -> bool:
    """Yes or no (是否): 是 否, 有 无, √ ×, true false, yes no, 1 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal) and value in (0, 1):
        return value == 1
    text = narrow(_text(value)).lower()
    if text in ("1", "0"):
        return text == "1"
    if text not in _BOOLEANS:
        raise NotReadableError
    return _BOOLEANS[text]


def read_resident_id(value: Value) -> str:
    """A resident number by its form, 18 characters or the 15 of before 1999 (GB 11643)."""
    return _formed(normalise_resident_id(_digits(value)), _RESIDENT_ID)


def read_uscc(value: Value) -> str:
    """A unified social credit code by its form (GB 32100-2015)."""
    return _formed(normalise_uscc(_digits(value)), _USCC)


def read_phone(value: Value) -> str:
    """A mobile or fixed number of the mainland (电话), without spaces, else as written."""
    return _formed(re.sub(r"\s", "", narrow(_digits(value))), _PHONE)


def read_text(value: Value) -> str:
    """Text as it stands (文本); numbers and dates as they are shown."""
    return show(value)


def _formed(text: str, form: re.Pattern[str]) -> str:
    if not form.match(text):
        raise NotReadableError
    return text


def _digits(value: Value) -> str:
    return value if isinstance(value, str) else show(value)


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise NotReadableError
    return value


_READERS: dict[Kind, tuple[Callable[[Value], Typed], Reason]] = {
    Kind.INTEGER: (read_integer, Reason.NOT_INTEGER),
    Kind.DECIMAL: (read_decimal, Reason.NOT_DECIMAL),
    Kind.DATE: (read_date, Reason.NOT_DATE),
    Kind.BOOLEAN: (read_boolean, Reason.NOT_BOOLEAN),
    Kind.RESIDENT_ID: (read_resident_id, Reason.NOT_RESIDENT_ID),
    Kind.USCC: (read_uscc, Reason.NOT_USCC),
    Kind.PHONE: (read_phone, Reason.NOT_PHONE),
    Kind.TEXT: (read_text, Reason.CONTROL_CHARACTER),
}
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,3}\Z")
_IDENTIFYING = frozenset((Kind.RESIDENT_ID, Kind.USCC, Kind.PHONE, Kind.TEXT))


def read_value(value: Value, kind: Kind, zone: tzinfo | None = None) -> Typed | Reason:
    """A cell that is not blank as a value of a kind, or the reason why not (单元格转换).

    A number that identifies and came as ``3.70102E+17`` has lost its digits: ``DIGITS_LOST``.
    """
    if isinstance(value, Broken):
        return value.reason
    if kind in _IDENTIFYING and isinstance(value, str) and _lost_digits(value, kind):
        return Reason.DIGITS_LOST
    try:
        if kind is Kind.DATETIME:
            return read_datetime(value, zone)
        return _READERS[kind][0](value)
    except (ValueError, ArithmeticError):
        return Reason.NOT_DATETIME if kind is Kind.DATETIME else _READERS[kind][1]


def _lost_digits(text: str, kind: Kind) -> bool:
    """``3.70102E+17``; in plain text only from eleven digits on, where Excel begins to write so."""
    if len(text) > 12 or not _SCIENTIFIC.match(text):
        return False
    return kind is not Kind.TEXT or int(text.upper().partition("E+")[2]) >= 11


def looks_like_data(value: Value) -> bool:
    """Whether a cell is a number, a date or an identifying number rather than a label (像数据)."""
    if value is None:
        return False
    if not isinstance(value, str):
        return True
    text = narrow(value)
    if not text or not any(character.isdigit() for character in text):
        return False
    kinds = (Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.RESIDENT_ID, Kind.USCC, Kind.PHONE)
    return any(not isinstance(read_value(text, kind), Reason) for kind in kinds)
