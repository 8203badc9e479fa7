"""行条件的读法: one condition, read in Python, in SQL and in any engine, with one meaning.

* ``matches(condition, row)`` for rows in Python,
* ``to_sql(condition)`` for a text with ``?`` places and quoted names, values beside it,
* ``fold(condition, algebra)`` for any engine; ``IbisAlgebra(table)`` is one.

In Python a value of another type than the literal is unknown too, so a surprise hides a row and
never shows one. Engines must be given conditions whose literals fit the columns: ``check`` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from quancheng.core.exchange.condition import (
    NUMBERS,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    IsIn,
    IsMissing,
    Literal,
    Not,
    Operator,
    kind_of,
)
from quancheng.core.exchange.errors import ConditionError

__all__ = ["Algebra", "IbisAlgebra", "fold", "matches", "to_sql"]

T = TypeVar("T")


class Algebra(Protocol[T]):
    """What an engine must know to read a condition (引擎代数)."""

    def compare(self, field: str, operator: Operator, value: Literal) -> T:
        """A comparison, unknown when the field is missing."""
        ...

    def is_in(self, field: str, values: tuple[Literal, ...]) -> T:
        """Membership, unknown when the field is missing."""
        ...

    def is_missing(self, field: str) -> T:
        """Whether the field has no value."""
        ...

    def negate(self, part: T) -> T:
        """Three-valued NOT."""
        ...

    def both(self, parts: tuple[T, ...]) -> T:
        """Three-valued AND; true for none."""
        ...

    def either(self, parts: tuple[T, ...]) -> T:
        """Three-valued OR; false for none."""
        ...


def fold(condition: Condition, algebra: Algebra[T]) -> T:
    """Read a condition in an algebra (归约)."""
    match condition:
        case Comparison(field, operator, value):
            return algebra.compare(field, operator, value)
        case IsIn(field, values):
            return algebra.is_in(field, values)
        case IsMissing(field):
            return algebra.is_missing(field)
        case Not(part):
            return algebra.negate(fold(part, algebra))
        case AllOf(parts):
            return algebra.both(tuple(fold(part, algebra) for part in parts))
        case AnyOf(parts):
            return algebra.either(tuple(fold(part, algebra) for part in parts))


def matches(condition: Condition, row: Mapping[str, object]) -> bool:
    """Whether a row is covered (行是否符合): true only, unknown is no."""
    return fold(condition, _RowAlgebra(row)) is True


def to_sql(condition: Condition) -> tuple[str, tuple[Literal, ...]]:
    """A boolean SQL text with ``?`` places, and its values in order (参数化 SQL).

    Names are quoted (ISO/IEC 9075-2, 5.2 <delimited identifier>); no value is ever in the text.
    A prefix is ``substr(field, 1, n) = ?``: LIKE differs between engines in case and escapes.
    """
    text, values = fold(condition, _SqlAlgebra())
    return text, values


@dataclass(frozen=True, slots=True)
class _RowAlgebra:
    """Kleene's three values in Python: True, False, None."""

    row: Mapping[str, object]

    def compare(self, field: str, operator: Operator, value: Literal) -> bool | None:
        found = self._value(field, value)
        return None if found is None else _compare(found, operator, value)

    def is_in(self, field: str, values: tuple[Literal, ...]) -> bool | None:
        found = self._value(field, values[0])
        return None if found is None else found in values

    def is_missing(self, field: str) -> bool | None:
        # a column that is not there is a surprise, not a missing value
        return self.row[field] is None if field in self.row else None

    def negate(self, part: bool | None) -> bool | None:
        return None if part is None else not part

    def both(self, parts: tuple[bool | None, ...]) -> bool | None:
        if False in parts:
            return False
        return None if None in parts else True

    def either(self, parts: tuple[bool | None, ...]) -> bool | None:
        if True in parts:
            return True
        return None if None in parts else False

    def _value(self, field: str, like: Literal) -> Any:
        found = self.row.get(field)
        try:
            kind = kind_of(found, field)
        except ConditionError:
            return None
        wanted = kind_of(like, field)
        if kind is wanted:
            return found if _zone(found) == _zone(like) else None
        return found if {kind, wanted} <= NUMBERS else None


def _zone(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _compare(found: Any, operator: Operator, value: Any) -> bool:
    match operator:
        case Operator.EQ:
            return bool(found == value)
        case Operator.NE:
            return bool(found != value)
        case Operator.LT:
            return bool(found < value)
        case Operator.LE:
            return bool(found <= value)
        case Operator.GT:
            return bool(found > value)
        case Operator.GE:
            return bool(found >= value)
        case Operator.STARTS:
            return bool(found.startswith(value))


_SYMBOLS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.GT: ">",
    Operator.GE: ">=",
}

_Sql: TypeAlias = tuple[str, tuple[Literal, ...]]


class _SqlAlgebra:
    def compare(self, field: str, operator: Operator, value: Literal) -> _Sql:
        if operator is Operator.STARTS:
            return f"substr({_quoted(field)}, 1, {len(str(value))}) = ?", (value,)
        return f"{_quoted(field)} {_SYMBOLS[operator]} ?", (value,)

    def is_in(self, field: str, values: tuple[Literal, ...]) -> _Sql:
        return f"{_quoted(field)} IN ({', '.join('?' * len(values))})", values

    def is_missing(self, field: str) -> _Sql:
        return f"{_quoted(field)} IS NULL", ()

    def negate(self, part: _Sql) -> _Sql:
        return f"NOT ({part[0]})", part[1]

    def both(self, parts: tuple[_Sql, ...]) -> _Sql:
        return self._join(parts, " AND ", "1 = 1")

    def either(self, parts: tuple[_Sql, ...]) -> _Sql:
        return self._join(parts, " OR ", "1 = 0")

    def _join(self, parts: tuple[_Sql, ...], word: str, empty: str) -> _Sql:
        text = word.join(f"({part[0]})" for part in parts) or empty
        return text, tuple(value for part in parts for value in part[1])


@dataclass(frozen=True, slots=True)
class IbisAlgebra:
    """Conditions as Ibis boolean expressions (Ibis 表达式): ``table.filter(fold(c, IbisAlgebra(table)))``.

    Works on the table it is given and imports nothing; any frame whose columns overload the
    comparison operators, ``&``, ``|``, ``~``, ``isin``, ``isnull`` and ``substr`` will do.
    """

    table: Any

    def compare(self, field: str, operator: Operator, value: Literal) -> Any:
        """A comparison."""
        column = self.table[field]
        if operator is Operator.STARTS:
            return column.substr(0, len(str(value))) == value
        return _IBIS[operator](column, value)

    def is_in(self, field: str, values: tuple[Literal, ...]) -> Any:
        """Membership."""
        return self.table[field].isin(values)

    def is_missing(self, field: str) -> Any:
        """Whether the field has no value."""
        return self.table[field].isnull()

    def negate(self, part: Any) -> Any:
        """NOT."""
        return not part if isinstance(part, bool) else ~part

    def both(self, parts: tuple[Any, ...]) -> Any:
        """AND."""
        result: Any = True
        for part in parts:
            result = part if result is True else result & part
        return result

    def either(self, parts: tuple[Any, ...]) -> Any:
        """OR."""
        result: Any = False
        for part in parts:
            result = part if result is False else result | part
        return result


_IBIS: dict[Operator, Any] = {
    Operator.EQ: lambda column, value: column == value,
    Operator.NE: lambda column, value: column != value,
    Operator.LT: lambda column, value: column < value,
    Operator.LE: lambda column, value: column <= value,
    Operator.GT: lambda column, value: column > value,
    Operator.GE: lambda column, value: column >= value,
}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
