"""表达式: the typed tree of ``$filter`` and ``$orderby``, and its text again.

``text(parse(s))`` parses to the same tree (a property of the tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from quancheng.core.sensorthings.times import Interval, format_duration, format_instant


class Op(StrEnum):
    """Operators of two sides (OGC 18-088 § 9.3.3.5.1); temporal ones may stand between their sides too."""

    OR = "or"
    AND = "and"
    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    IN = "in"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    MOD = "mod"


COMPARISONS = frozenset({Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE})
ARITHMETIC = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD})


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Word:
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class Truth:
    """``true``, ``false`` or ``null`` (None)."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, microseconds UTC, as written so many minutes east."""

    value: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """An interval of two moments."""

    value: Interval


@dataclass(frozen=True, slots=True)
class Day:
    """A date without time: days since the epoch."""

    value: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, microseconds since midnight."""

    value: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, microseconds."""

    value: int


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry as WKT, longitude first, WGS 84."""

    wkt: str


@dataclass(frozen=True, slots=True)
class Path:
    """A property, maybe of a related entity, maybe inside its JSON: names and list places."""

    steps: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what stands between them."""

    op: Op
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """``not``."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Several:
    """The list on the right side of ``in``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """That the entity a path leads to is one of ``ids``: made by planners, never written by a client."""

    steps: tuple[str | int, ...]
    ids: frozenset[int]


Expression = (
    Number | Word | Truth | Instant | Period | Day | Clock | Duration | Geometry | Path | Function | Binary | Not
    | Several | Among
)  # fmt: skip
Literal = Number | Word | Truth | Instant | Period | Day | Clock | Duration | Geometry


def walk(tree: Expression) -> Iterator[Expression]:
    """Every node of a tree, itself first."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def children(node: Expression) -> tuple[Expression, ...]:
    """The nodes directly below one."""
    match node:
        case Binary():
            return (node.left, node.right)
        case Not():
            return (node.inner,)
        case Function():
            return node.arguments
        case Several():
            return node.items
    return ()


def paths(tree: Expression) -> list[tuple[str | int, ...]]:
    """The steps of every path in a tree."""
    return [one.steps for one in walk(tree) if isinstance(one, Path | Among)]


def conjuncts(tree: Expression | None) -> list[Expression]:
    """The parts of a tree that must all be true."""
    if tree is None:
        return []
    if isinstance(tree, Binary) and tree.op is Op.AND:
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


def together(parts: list[Expression]) -> Expression | None:
    """All of the parts; None when there are none."""
    whole: Expression | None = None
    for part in parts:
        whole = part if whole is None else Binary(Op.AND, whole, part)
    return whole


def text(tree: Expression) -> str:
    """The tree as a client writes it, with brackets wherever there are two sides."""
    match tree:
        case Binary(op, left, right):
            return f"({text(left)} {op} {text(right)})"
        case Not(inner):
            return f"(not {text(inner)})"
        case Function(name, arguments):
            return f"{name}({','.join(text(one) for one in arguments)})"
        case Several(items):
            return f"({','.join(text(one) for one in items)})"
        case Path(steps):
            return path_text(steps)
        case Among():
            raise ValueError("a planner's node has no text")
    return _literal(tree)


def path_text(steps: tuple[str | int, ...]) -> str:
    """``properties/list[0]/name``."""
    out = ""
    for step in steps:
        out += f"[{step}]" if isinstance(step, int) else f"/{step}" if out else step
    return out


def _literal(one: Literal) -> str:
    match one:
        case Number(value):
            return repr(value)
        case Word(value):
            return "'" + value.replace("'", "''") + "'"
        case Truth(value):
            return "null" if value is None else str(value).lower()
        case Instant(value, offset):
            return _instant(value, offset)
        case Period(value):
            return f"{format_instant(value.start)}/{format_instant(value.end)}"
        case Day(value):
            return format_instant(value * 86_400_000_000)[:10]
        case Clock(value):
            return format_instant(value).split("T")[1].rstrip("Z")
        case Duration(value):
            return f"duration'{format_duration(value)}'"
        case Geometry(wkt):
            return f"geography'{wkt}'"


def _instant(value: int, offset: int) -> str:
    if not offset:
        return format_instant(value)
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    local = format_instant(value + offset * 60_000_000).rstrip("Z")
    return f"{local}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
