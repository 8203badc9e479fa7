"""逐行求值: the same language over one row in plain Python; the oracle of what the engine says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from quancheng.core.quality.language.engine import TOLERANCE, computed
from quancheng.core.quality.language.nodes import (
    And,
    Arithmetic,
    Call,
    Column,
    Compare,
    Function,
    If,
    In,
    Literal,
    Matches,
    Negative,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Relation,
    Today,
)
from quancheng.core.quality.plain import day_of, is_missing, known, number_of
from quancheng.core.quality.reading import FINITE

__all__ = ["evaluate"]

_RELATIONS: dict[Relation, Callable[[Any, Any], bool]] = {
    Relation.EQUAL: eq,
    Relation.UNEQUAL: ne,
    Relation.LESS: lt,
    Relation.LESS_EQUAL: le,
    Relation.GREATER: gt,
    Relation.GREATER_EQUAL: ge,
}


def evaluate(node: Node, row: Mapping[str, object], tokens: tuple[str, ...], today: date | None) -> object:
    """Value of a checked node for a row (求值); ``None`` where unknown."""

    def of(inner: Node) -> object:
        return evaluate(inner, row, tokens, today)

    match node:
        case Literal():
            return node.value
        case Column():
            return known(row[node.name], tokens)
        case Today():
            return today
        case Not():
            inner = of(node.inner)
            return None if inner is None else not inner
        case And():
            return _all([of(part) for part in node.parts])
        case Or():
            return _any([of(part) for part in node.parts])
        case If():
            condition = of(node.condition)
            return _any([None if condition is None else not condition, of(node.then)])
        case Present():
            return not is_missing(row[node.column.name], tokens)
    return _value(node, of)


def _all(parts: list[object]) -> bool | None:
    if any(part is False for part in parts):
        return False
    return None if any(part is None for part in parts) else True


def _any(parts: list[object]) -> bool | None:
    if any(part is True for part in parts):
        return True
    return None if any(part is None for part in parts) else False


def _value(node: Node, of: Callable[[Node], object]) -> object:
    parts = [of(child) for child in node.children()]
    if any(part is None for part in parts):
        return None
    match node:
        case Compare():
            return _compare(node, parts[0], parts[1])
        case In():
            return parts[0] in parts[1:] or _as_float(parts[0]) in [_as_float(part) for part in parts[1:]]
        case Matches():
            return re.fullmatch(node.pattern, str(parts[0])) is not None
        case Arithmetic():
            return _arithmetic(node.operator, _number(parts[0]), _number(parts[1]))
        case Negative():
            return -_number(parts[0])
        case Call():
            return _call(node.function, parts)
    raise TypeError(f"not a node of the language: {node!r}")


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]


def _as_float(value: object) -> object:
    return value if isinstance(value, str | date | bool) else _number(value)


def _compare(node: Compare, left: object, right: object) -> bool | None:
    relation = _RELATIONS[node.relation]
    numeric = not isinstance(left, str | date | bool)
    if not numeric or (isinstance(left, int) and isinstance(right, int)):
        return relation(left, right)
    one, two = _number(left), _number(right)
    if not computed(node.left) and not computed(node.right):
        return relation(one, two)
    if not (abs(one) <= FINITE and abs(two) <= FINITE):
        return None
    near = TOLERANCE * max(1.0, abs(one), abs(two))
    difference = one - two
    return relation(0.0 if abs(difference) <= near else difference, 0.0)


def _arithmetic(operator: Operator, left: float, right: float) -> float | None:
    match operator:
        case Operator.PLUS:
            return left + right
        case Operator.MINUS:
            return left - right
        case Operator.TIMES:
            return left * right
    return left / right if right else None


def _call(function: Function, parts: list[object]) -> object:
    text, first = str(parts[0]), parts[0]
    counts = [part for part in parts if isinstance(part, int)]
    match function:
        case Function.LENGTH:
            return len(text)
        case Function.LEFT:
            return text[: counts[-1]]
        case Function.RIGHT:
            return text[-counts[-1] :]
        case Function.MIDDLE:
            return text[counts[-2] - 1 : counts[-2] - 1 + counts[-1]]
        case Function.NUMBER:
            return number_of(first)
        case Function.DATE:
            return day_of(first)
        case Function.ABS:
            return abs(_number(first))
    return _calendar(function, parts)


def _calendar(function: Function, parts: list[object]) -> int:
    days = [part for part in parts if isinstance(part, date)]
    if function is Function.DAYS:
        return (days[0] - days[1]).days
    return days[0].year if function is Function.YEAR else days[0].month
