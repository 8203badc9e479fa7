"""排序与取值: any JSON value among others, and values inside JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quancheng.core.sensorthings.evaluation import Moment, compare
from quancheng.core.sensorthings.expressions import Op
from quancheng.core.sensorthings.times import Interval


def dig(value: Any, inside: Sequence[str | int]) -> Any:
    """A value inside JSON; None when it is not there."""
    for step in inside:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


class Ordered:
    """Any value among others: nothing first, then by kind, then by value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Ordered) -> bool:
        one, two = self.value, other.value
        if one is None or two is None:
            return one is None and two is not None
        if _rank(one) != _rank(two):
            return _rank(one) < _rank(two)
        if isinstance(one, Interval) and isinstance(two, Interval):
            return (one.start, one.end) < (two.start, two.end)
        if isinstance(one, dict | list):
            return str(one) < str(two)
        return compare(Op.LT, one, two) is True


def _rank(value: Any) -> int:
    kinds = (bool, int | float, str, Moment | Interval)
    return next((place for place, kind in enumerate(kinds) if isinstance(value, kind)), len(kinds))
