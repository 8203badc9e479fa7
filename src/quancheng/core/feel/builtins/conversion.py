"""Conversions between strings and the other kinds."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..values.number import CONTEXT
from ..values.range import Range
from ..values.show import text_of
from .registry import builtin

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)


@builtin("string", "from: any")
def _string(env: Environment, value: Any) -> str | None:
    if value is None:
        return None
    text = text_of(value, env.limits.max_text)
    env.check_text(len(text))
    return text


@builtin("number", "from: string, grouping separator: string|null, decimal separator: string|null")
def _number(env: Environment, text: str, grouping: str | None, point: str | None) -> Decimal | None:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", "."):
        return None
    if grouping is not None and grouping == point:
        return None
    if grouping is not None:
        text = text.replace(grouping, "")
    if point is not None and point != ".":
        if "." in text:
            return None
        text = text.replace(point, ".")
    return _read_number(text)


@builtin("number", "from: string")
def _plain_number(env: Environment, text: str) -> Decimal | None:
    return _read_number(text)


def _read_number(text: str) -> Decimal | None:
    text = text.strip()
    return CONTEXT.create_decimal(text) if _NUMBER.fullmatch(text) else None


@builtin("range", "from: string")
def _range(env: Environment, text: str) -> Range | None:
    """A range from its text; only literal bounds are allowed."""
    from ..literal_range import read_range

    return read_range(text, env)
