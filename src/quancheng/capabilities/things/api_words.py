"""Reading parameters of the API."""

from __future__ import annotations

from datetime import datetime

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

_TEXT = 100


def plain(text: str) -> str:
    """A parameter as typed: no NUL (PostgreSQL refuses it), not endless."""
    if "\x00" in text or len(text) > _TEXT:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def aware(name: str, moment: datetime | None) -> datetime | None:
    """A moment with the city's zone where none was given; raises InvalidInput."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=clock.LOCAL)).astimezone(clock.LOCAL)
    except (OverflowError, ValueError):
        raise InvalidInput(fields={name: Text("时间超出范围", "Out of range")}) from None
