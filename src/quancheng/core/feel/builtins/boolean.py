"""``not`` and ``is``."""

from __future__ import annotations

from typing import Any

from ..limits import Environment
from ..values.kinds import equal
from ..values.temporal import DateTime, Time
from .registry import builtin


@builtin("not", "negand: boolean|null")
def _not(env: Environment, negand: bool | None) -> bool | None:
    return None if negand is None else not negand


@builtin("is", "value1: any, value2: any")
def _is(env: Environment, value1: Any, value2: Any) -> bool:
    """Same kind and same element of the domain: equal times in different zones are not the same."""
    if isinstance(value1, Time | DateTime):
        return bool(value1 == value2)
    return equal(value1, value2) is True
