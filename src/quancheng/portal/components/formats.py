"""Numbers and moments as the reader's language writes them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from quancheng.kernel.clock import LOCAL
from quancheng.portal.i18n import language

NOTHING = "—"
HAN = re.compile(r"[\u3400-\u9fff]")
RUN = re.compile(r"([\u3400-\u9fff][\u3400-\u9fff\u3000-\u303f\uff00-\uffef\d]*)")
"""A run of Chinese with its punctuation and figures."""
SCALES = {
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 9, " billion"), (Decimal(10) ** 6, " million")),
}


def number(value: Any, digits: int = 2) -> str:
    """102.48万 in Chinese, 1.02 million in English; grouped below that; — for nothing."""
    if value is None or value == "":
        return NOTHING
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not amount.is_finite():
        return NOTHING
    for scale, unit in SCALES[language()]:
        if abs(amount) >= scale:
            return _plain(amount / scale, digits) + unit
    return _plain(amount, digits)


def _plain(amount: Decimal, digits: int) -> str:
    text = f"{amount:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(value: Any) -> datetime | date | None:
    """A datetime, date or ISO text as a local datetime or a date; None when it is neither."""
    if isinstance(value, str):
        value = parse_datetime(value) or parse_date(value)
    if isinstance(value, datetime):
        return value.astimezone(LOCAL) if value.tzinfo else value.replace(tzinfo=LOCAL)
    return value if isinstance(value, date) else None


def write_moment(value: datetime | date, *, seconds: bool = False, year: bool = True) -> str:
    """2026年7月18日 17:05, or 18 July 2026, 17:05."""
    if language() == "en":
        words = f"{value.day} {value:%B}" + (f" {value.year}" if year else "")
        joint = ", "
    else:
        words = (f"{value.year}年" if year else "") + f"{value.month}月{value.day}日"
        joint = " "
    if isinstance(value, datetime):
        words += joint + value.strftime("%H:%M:%S" if seconds else "%H:%M")
    return words


def zh(value: Any) -> str | SafeString:
    """Data that exists only in Chinese (names, addresses, what people wrote), marked so for English readers.

    A screen reader then reads it as Chinese, and tests know that it is no forgotten translation.
    """
    said = "" if value is None else str(value)
    if language() != "en" or not HAN.search(said):
        return said if not isinstance(value, SafeString) else value
    return format_html('<span lang="zh-Hans">{}</span>', value if isinstance(value, SafeString) else said)


def mixed(value: Any) -> str | SafeString:
    """A sentence that quotes Chinese data: each Chinese run in it marked as :func:`zh` marks a whole value."""
    said = "" if value is None else str(value)
    if isinstance(value, SafeString) or language() != "en" or not HAN.search(said):
        return value if isinstance(value, SafeString) else said
    return format_html_join("", "{}", ((zh(one),) for one in RUN.split(said)))


def local_time(value: Any, style: str = "") -> str | SafeString:
    """A ``<time>`` in the city's time; styles: ``date``, ``short`` (no year), ``seconds``."""
    when = moment(value)
    if when is None:
        return NOTHING
    machine = when.isoformat(timespec="seconds") if isinstance(when, datetime) else when.isoformat()
    if style == "date" and isinstance(when, datetime):
        when = when.date()
    said = write_moment(when, seconds=style == "seconds", year=style != "short")
    return format_html('<time datetime="{}">{}</time>', machine, said)
