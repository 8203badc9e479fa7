"""行条件: which rows a grant covers, as a structured predicate that cannot carry code.

A condition is a tree of comparisons, never text. Its readings (``reading``) share the three-valued
logic of SQL (ISO/IEC 9075-2, 6.39 <boolean value expression>): a comparison with a missing value is
unknown, ``Not`` of unknown is unknown, and only true selects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from quancheng.core.exchange.errors import ConditionError

__all__ = [
    "NUMBERS",
    "AllOf",
    "AnyOf",
    "Comparison",
    "Condition",
    "FieldType",
    "IsIn",
    "IsMissing",
    "Literal",
    "Not",
    "Operator",
    "check",
    "fields_of",
    "kind_of",
]

Literal: TypeAlias = str | int | bool | Decimal | date
"""A value in a condition; no floats: equality of floats is chance."""

_DEPTH = 16
_ITEMS = 10_000


class Operator(StrEnum):
    """Comparisons (比较运算); names as in OGC filter and FEEL habit."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    STARTS = "starts"

    @property
    def ordered(self) -> bool:
        """Whether it asks for an order of values (是否顺序比较)."""
        return self in (Operator.LT, Operator.LE, Operator.GT, Operator.GE)


class FieldType(StrEnum):
    """Types of columns that conditions and masks know (字段类型)."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
"""Types that compare with each other (数值类型)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field operator value`` (比较)."""

    field: str
    operator: Operator
    value: Literal

    def __post_init__(self) -> None:
        _named(self.field)
        kind = kind_of(self.value, self.field)
        if self.operator is Operator.STARTS and kind is not FieldType.TEXT:
            raise ConditionError(self.field, "前缀比较只用于文本", "a prefix must be a text")
        if self.operator.ordered and kind is FieldType.BOOLEAN:
            raise ConditionError(self.field, "是否型没有大小", "booleans have no order")


@dataclass(frozen=True, slots=True)
class IsIn:
    """``field`` is one of ``values``, all of one type (属于)."""

    field: str
    values: tuple[Literal, ...]

    def __post_init__(self) -> None:
        _named(self.field)
        if not 0 < len(self.values) <= _ITEMS:
            raise ConditionError(self.field, f"取值应为 1 至 {_ITEMS} 个", f"1 to {_ITEMS} values")
        if len({kind_of(value, self.field) for value in self.values}) != 1:
            raise ConditionError(self.field, "取值类型不一致", "values of different types")


@dataclass(frozen=True, slots=True)
class IsMissing:
    """``field`` has no value (为空); never unknown."""

    field: str

    def __post_init__(self) -> None:
        _named(self.field)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite (非)."""

    part: Condition

    def __post_init__(self) -> None:
        _shallow(self)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds (且); of no parts: true."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _shallow(self)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds (或); of no parts: false."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _shallow(self)


Condition: TypeAlias = Comparison | IsIn | IsMissing | Not | AllOf | AnyOf


def fields_of(condition: Condition) -> dict[str, frozenset[Operator]]:
    """Fields a condition reads, with the operators on each; membership counts as equality (涉及字段)."""
    found: dict[str, frozenset[Operator]] = {}
    todo: list[Condition] = [condition]
    while todo:
        match todo.pop():
            case Comparison(field, operator, _):
                found[field] = found.get(field, frozenset()) | {operator}
            case IsIn(field, _):
                found[field] = found.get(field, frozenset()) | {Operator.EQ}
            case IsMissing(field):
                found[field] = found.get(field, frozenset()) | {Operator.NE}
            case Not(part):
                # "not equal" tells about all other values, as NE does
                found |= {
                    name: found.get(name, frozenset()) | operators | {Operator.NE}
                    for name, operators in fields_of(part).items()
                }
            case AllOf(parts) | AnyOf(parts):
                todo.extend(parts)
    return found


def check(condition: Condition, types: Mapping[str, FieldType]) -> None:
    """Refuse fields that do not exist and literals of another type than the column (校验行条件)."""
    match condition:
        case Comparison(field, _, value):
            _fits(field, value, types)
        case IsIn(field, values):
            for value in values:
                _fits(field, value, types)
        case IsMissing(field):
            if field not in types:
                raise ConditionError(field, "没有这个字段", "no such field")
        case Not(part):
            check(part, types)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                check(part, types)


def _named(field: object) -> None:
    if not isinstance(field, str) or not field or len(field) > 128 or not field.isprintable():
        raise ConditionError(
            "field", "字段名应为 1 至 128 个可见字符", "a name of 1 to 128 printable characters"
        )


def kind_of(value: object, place: str) -> FieldType:
    """Type of a literal (取值类型); ``ConditionError`` for what a condition cannot hold."""
    # bool before int and datetime before date: each is a subclass of the other
    for kind, types in _KINDS:
        if isinstance(value, types):
            if isinstance(value, Decimal) and not value.is_finite():
                break
            return kind
    raise ConditionError(place, "取值类型不允许", f"a value of type {type(value).__name__}")


_KINDS: tuple[tuple[FieldType, type], ...] = (
    (FieldType.BOOLEAN, bool),
    (FieldType.INTEGER, int),
    (FieldType.DECIMAL, Decimal),
    (FieldType.TEXT, str),
    (FieldType.MOMENT, datetime),
    (FieldType.DATE, date),
)


def _fits(field: str, value: Literal, types: Mapping[str, FieldType]) -> None:
    if field not in types:
        raise ConditionError(field, "没有这个字段", "no such field")
    kind, column = kind_of(value, field), types[field]
    if kind is not column and not {kind, column} <= NUMBERS:
        raise ConditionError(
            field, f"字段类型是 {column}，取值是 {kind}", f"a {column} field, a {kind} value"
        )


def _depth(condition: Condition) -> int:
    match condition:
        case Not(part):
            return 1 + _depth(part)
        case AllOf(parts) | AnyOf(parts):
            return 1 + max(map(_depth, parts), default=0)
        case Comparison() | IsIn() | IsMissing():
            return 1
    raise ConditionError("condition", "不是行条件", f"not a condition: {type(condition).__name__}")


def _shallow(condition: Condition) -> None:
    if _depth(condition) > _DEPTH:
        raise ConditionError("condition", f"嵌套超过 {_DEPTH} 层", f"nested more than {_DEPTH} deep")
