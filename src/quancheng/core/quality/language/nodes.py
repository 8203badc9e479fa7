"""语法树: what an expression is made of; immutable values without behaviour but listing columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

__all__ = [
    "And",
    "Arithmetic",
    "Call",
    "Column",
    "Compare",
    "Function",
    "If",
    "In",
    "Literal",
    "Matches",
    "Negative",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Present",
    "Relation",
    "Today",
]


class Relation(StrEnum):
    """Comparison (比较)."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="


class Operator(StrEnum):
    """Arithmetic (算术)."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


class Function(StrEnum):
    """Functions (函数)."""

    LENGTH = "length"
    LEFT = "left"
    RIGHT = "right"
    MIDDLE = "middle"
    NUMBER = "number"
    DATE = "date"
    DAYS = "days"
    YEAR = "year"
    MONTH = "month"
    ABS = "abs"


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression (节点)."""

    def children(self) -> Iterator[Node]:
        """Nodes directly below, in the order written (子节点)."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, Node))

    def columns(self) -> tuple[str, ...]:
        """Names of all columns used, each once, in the order of first use (用到的列)."""
        found: dict[str, None] = {}
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Column):
                found[node.name] = None
            waiting.extend(reversed(tuple(node.children())))
        return tuple(found)

    def needs_today(self) -> bool:
        """Whether the moment of the check matters (是否依赖检查时点)."""
        return isinstance(self, Today) or any(each.needs_today() for each in self.children())


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A text, a number or a day (常量)."""

    value: str | int | float | date | bool


@dataclass(frozen=True, slots=True)
class Column(Node):
    """A column of the row (列)."""

    name: str


@dataclass(frozen=True, slots=True)
class Today(Node):
    """The day of the check (检查日)."""


@dataclass(frozen=True, slots=True)
class Not(Node):
    """Negation (非)."""

    inner: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """All hold (且)."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """One holds (或)."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """Where the first holds, the second must (若…则)."""

    condition: Node
    then: Node


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two values in a relation (比较)."""

    relation: Relation
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """One of several constants (属于)."""

    inner: Node
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Present(Node):
    """A column says something (已填写); never unknown."""

    column: Column


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """The whole text matches a portable pattern (匹配)."""

    inner: Node
    pattern: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two numbers (算术)."""

    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """The other sign (取负)."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of its arguments (函数)."""

    function: Function
    arguments: tuple[Node, ...]
