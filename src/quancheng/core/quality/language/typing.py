"""类型检查: every node gets a sort before it is compiled, so that engines are asked nothing they answer differently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from quancheng.core.quality.errors import QualityError, Reason
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
    Or,
    Present,
    Relation,
    Today,
)
from quancheng.core.text import Text

__all__ = ["Sort", "check_truth", "sort_of"]


class Sort(StrEnum):
    """What a value is (值的类别)."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TRUTH = "truth"
    DATE = "date"
    MOMENT = "moment"
    """Date and time of the city's own clock, without a zone."""
    INSTANT = "instant"
    """Date and time with a zone; its day depends on where one asks, so only compared with its like."""
    OTHER = "other"

    @property
    def numeric(self) -> bool:
        """Whether it is a number (是否数值)."""
        return self in _NUMERIC

    @property
    def text(self) -> Text:
        """Label (类别名称)."""
        return _LABELS[self]


_NUMERIC = frozenset({Sort.INTEGER, Sort.DECIMAL, Sort.FLOAT})
_LABELS = {
    Sort.TEXT: Text("文本", "text"),
    Sort.INTEGER: Text("整数", "whole number"),
    Sort.DECIMAL: Text("小数", "decimal number"),
    Sort.FLOAT: Text("浮点数", "floating number"),
    Sort.TRUTH: Text("是非", "yes or no"),
    Sort.DATE: Text("日期", "date"),
    Sort.MOMENT: Text("时间", "date and time"),
    Sort.INSTANT: Text("带时区的时间", "date and time with a zone"),
    Sort.OTHER: Text("其他类型", "another type"),
}
_ARGUMENTS: dict[Function, tuple[tuple[Sort, ...], Sort]] = {
    Function.LENGTH: ((Sort.TEXT,), Sort.INTEGER),
    Function.LEFT: ((Sort.TEXT, Sort.INTEGER), Sort.TEXT),
    Function.RIGHT: ((Sort.TEXT, Sort.INTEGER), Sort.TEXT),
    Function.MIDDLE: ((Sort.TEXT, Sort.INTEGER, Sort.INTEGER), Sort.TEXT),
    Function.NUMBER: ((Sort.TEXT,), Sort.FLOAT),
    Function.DATE: ((Sort.TEXT,), Sort.DATE),
    Function.DAYS: ((Sort.DATE, Sort.DATE), Sort.INTEGER),
    Function.YEAR: ((Sort.DATE,), Sort.INTEGER),
    Function.MONTH: ((Sort.DATE,), Sort.INTEGER),
    Function.ABS: ((Sort.FLOAT,), Sort.FLOAT),
}


def check_truth(node: Node, schema: Mapping[str, Sort], place: str) -> None:
    """The whole must be a condition (整体须为条件). Raises ``QualityError`` (``COLUMN``, ``TYPE``)."""
    sort = sort_of(node, schema, place)
    if sort is not Sort.TRUTH:
        raise _wrong(place, Sort.TRUTH.text, sort)


def sort_of(node: Node, schema: Mapping[str, Sort], place: str) -> Sort:
    """Sort of a node's value (求类别). Raises ``QualityError`` with ``COLUMN`` or ``TYPE``."""
    if isinstance(node, Column):
        return _column(node, schema, place)
    if isinstance(node, Literal):
        return _literal(node.value)
    if isinstance(node, Today):
        return Sort.DATE
    if isinstance(node, Present):
        _column(node.column, schema, place)
        return Sort.TRUTH
    if isinstance(node, Compare | In | Matches):
        return _relation(node, schema, place)
    if isinstance(node, Not | And | Or | If):
        for child in node.children():
            check_truth(child, schema, place)
        return Sort.TRUTH
    return _value(node, schema, place)


def _wrong(place: str, wanted: Text, sort: Sort) -> QualityError:
    return QualityError(
        Reason.TYPE,
        place,
        Text(
            f"此处应为{wanted.zh}，实为{sort.text.zh}。文本可用number()或date()转换。",
            f"This should be {wanted.en}, it is {sort.text.en}. A text becomes one by number() or date().",
        ),
    )


def _column(node: Column, schema: Mapping[str, Sort], place: str) -> Sort:
    sort = schema.get(node.name)
    if sort is None:
        raise QualityError(
            Reason.COLUMN,
            place,
            Text(f"表中没有“{node.name}”列。", f"The table has no column “{node.name}”."),
        )
    if sort is Sort.OTHER:
        raise _wrong(place, Text("可比较的列", "a column that can be compared"), sort)
    return sort


def _literal(value: object) -> Sort:
    if isinstance(value, bool):
        return Sort.TRUTH
    if isinstance(value, int):
        return Sort.INTEGER
    if isinstance(value, float):
        return Sort.FLOAT
    return Sort.DATE if isinstance(value, date) else Sort.TEXT


def _relation(node: Compare | In | Matches, schema: Mapping[str, Sort], place: str) -> Sort:
    if isinstance(node, Matches):
        _need(node.inner, Sort.TEXT, schema, place)
    elif isinstance(node, In):
        first = sort_of(node.inner, schema, place)
        for value in node.values:
            _comparable(first, _literal(value.value), place)
    else:
        left, right = sort_of(node.left, schema, place), sort_of(node.right, schema, place)
        _comparable(left, right, place)
        if left is Sort.TRUTH and node.relation not in {Relation.EQUAL, Relation.UNEQUAL}:
            raise _wrong(place, Text("可比大小的值", "something with an order"), left)
    return Sort.TRUTH


def _comparable(left: Sort, right: Sort, place: str) -> None:
    if left is not right and not (left.numeric and right.numeric):
        raise _wrong(place, left.text, right)


def _need(node: Node, wanted: Sort, schema: Mapping[str, Sort], place: str) -> None:
    sort = sort_of(node, schema, place)
    if sort is not wanted and not (wanted is Sort.FLOAT and sort.numeric):
        raise _wrong(place, wanted.text, sort)


def _value(node: Node, schema: Mapping[str, Sort], place: str) -> Sort:
    if isinstance(node, Arithmetic | Negative):
        for child in node.children():
            _need(child, Sort.FLOAT, schema, place)
        return Sort.FLOAT
    if not isinstance(node, Call):
        raise TypeError(f"not a node of the language: {node!r}")
    return _call(node, schema, place)


def _call(node: Call, schema: Mapping[str, Sort], place: str) -> Sort:
    wanted, result = _ARGUMENTS[node.function]
    if len(node.arguments) != len(wanted):
        raise QualityError(
            Reason.EXPRESSION,
            place,
            Text(
                f"{node.function}()应有{len(wanted)}个参数。",
                f"{node.function}() takes {len(wanted)} arguments.",
            ),
        )
    for argument, sort in zip(node.arguments, wanted, strict=True):
        if sort is Sort.INTEGER:
            _count(argument, place)
        elif node.function is Function.DATE and sort_of(argument, schema, place) is Sort.MOMENT:
            continue
        else:
            _need(argument, sort, schema, place)
    return result


def _count(node: Node, place: str) -> None:
    """Positions and lengths are constants: an engine's answer to a negative one is its own."""
    if not isinstance(node, Literal) or type(node.value) is not int or not 0 < node.value <= 1000:
        raise QualityError(
            Reason.EXPRESSION,
            place,
            Text("长度和位置应为1至1000的整数。", "Lengths and positions are whole numbers from 1 to 1000."),
        )
