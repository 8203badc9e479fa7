"""编译为 Ibis: nodes become one boolean expression of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import and_, or_
from typing import Any

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
from quancheng.core.quality.language.typing import Sort, sort_of
from quancheng.core.quality.patterns import whole
from quancheng.core.quality.reading import FINITE, day_of, missing, number_of, unknown_if_missing

__all__ = ["TOLERANCE", "Frame", "build", "computed"]

TOLERANCE = 1e-9
"""Computed numbers are equal within this part of the larger one (and of 1): 0.1 + 0.2 = 0.3."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What an expression is compiled against (编译环境): table, sorts, tokens for "none", the day.

    ``staged``: columns of the table that already say whether another one is missing, by its name.
    """

    table: Any
    sorts: Mapping[str, Sort]
    tokens: tuple[str, ...]
    today: date | None
    staged: Mapping[str, str] = field(default_factory=dict)

    def missing(self, name: str) -> Any:
        """Whether the column says nothing (是否缺失)."""
        if name in self.staged:
            return self.table[self.staged[name]]
        return missing(self.table[name], self.sorts[name], self.tokens)

    def known(self, name: str) -> Any:
        """The column's value, NULL where it says nothing (已知值)."""
        import ibis

        if name in self.staged:
            return ibis.ifelse(self.table[self.staged[name]], None, self.table[name])
        return unknown_if_missing(self.table[name], self.sorts[name], self.tokens)


def computed(node: Node) -> bool:
    """Whether a number comes from arithmetic, where exactness is lost (是否经过计算)."""
    return not isinstance(node, Column | Literal)


def build(node: Node, frame: Frame) -> Any:
    """Ibis expression of a node that has been checked (编译). NULL where unknown."""
    import ibis

    match node:
        case Literal():
            return ibis.literal(node.value)
        case Column():
            return frame.known(node.name)
        case Today():
            return ibis.literal(frame.today, type="date")
        case Not():
            return ~build(node.inner, frame)
        case And():
            return reduce(and_, [build(part, frame) for part in node.parts])
        case Or():
            return reduce(or_, [build(part, frame) for part in node.parts])
        case If():
            return ~build(node.condition, frame) | build(node.then, frame)
        case Present():
            return ~frame.missing(node.column.name)
        case Matches():
            return build(node.inner, frame).re_search(whole(node.pattern))
    return _more(node, frame)


def _more(node: Node, frame: Frame) -> Any:
    match node:
        case Compare():
            return _compare(node, frame)
        case In():
            return _in(node, frame)
        case Arithmetic():
            return _arithmetic(node, frame)
        case Negative():
            return -_float(node.inner, frame)
        case Call():
            return _call(node, frame)
    raise TypeError(f"not a node of the language: {node!r}")


def _float(node: Node, frame: Frame) -> Any:
    return build(node, frame).cast("float64")


def _sort(node: Node, frame: Frame) -> Sort:
    return sort_of(node, frame.sorts, "")


def _compare(node: Compare, frame: Frame) -> Any:
    import ibis

    sorts = {_sort(node.left, frame), _sort(node.right, frame)}
    if not all(sort.numeric for sort in sorts) or sorts == {Sort.INTEGER}:
        return _relate(node.relation, build(node.left, frame), build(node.right, frame))
    left, right = _float(node.left, frame), _float(node.right, frame)
    if not computed(node.left) and not computed(node.right):
        return _relate(node.relation, left, right)
    near = ibis.greatest(1.0, left.abs(), right.abs()) * TOLERANCE
    known = (left.abs() <= FINITE) & (right.abs() <= FINITE)
    return ibis.ifelse(known, _relate_near(node.relation, left - right, near), None)


def _relate(relation: Relation, left: Any, right: Any) -> Any:
    match relation:
        case Relation.EQUAL:
            return left == right
        case Relation.UNEQUAL:
            return left != right
        case Relation.LESS:
            return left < right
        case Relation.LESS_EQUAL:
            return left <= right
        case Relation.GREATER:
            return left > right
    return left >= right


def _relate_near(relation: Relation, difference: Any, near: Any) -> Any:
    match relation:
        case Relation.EQUAL:
            return difference.abs() <= near
        case Relation.UNEQUAL:
            return difference.abs() > near
        case Relation.LESS:
            return difference < -near
        case Relation.LESS_EQUAL:
            return difference <= near
        case Relation.GREATER:
            return difference > near
    return difference >= -near


def _in(node: In, frame: Frame) -> Any:
    sort = _sort(node.inner, frame)
    values = [value.value for value in node.values]
    if sort.numeric and not (sort is Sort.INTEGER and all(type(value) is int for value in values)):
        return _float(node.inner, frame).isin([float(value) for value in values])  # type: ignore[arg-type]
    return build(node.inner, frame).isin(values)


def _arithmetic(node: Arithmetic, frame: Frame) -> Any:
    left, right = _float(node.left, frame), _float(node.right, frame)
    match node.operator:
        case Operator.PLUS:
            return left + right
        case Operator.MINUS:
            return left - right
        case Operator.TIMES:
            return left * right
    return left / right.nullif(0.0)


def _call(node: Call, frame: Frame) -> Any:
    values = [build(argument, frame) for argument in node.arguments]
    counts = [argument.value for argument in node.arguments if isinstance(argument, Literal)]
    first = values[0]
    match node.function:
        case Function.LENGTH:
            return first.length()
        case Function.LEFT:
            return first.substr(0, counts[-1])
        case Function.RIGHT:
            return first.right(counts[-1])
        case Function.MIDDLE:
            return first.substr(int(str(counts[-2])) - 1, counts[-1])
        case Function.NUMBER:
            return number_of(first, Sort.TEXT)
        case Function.DATE:
            return day_of(first, _sort(node.arguments[0], frame))
        case Function.DAYS:
            return first.delta(values[1], unit="day")
        case Function.YEAR:
            return first.year()
        case Function.MONTH:
            return first.month()
    return first.cast("float64").abs()
