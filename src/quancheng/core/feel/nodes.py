"""The syntax tree of FEEL. Every node knows the characters it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .types import Type


@dataclass(frozen=True, slots=True)
class Node:
    """Root of all nodes; ``text[start:end]`` is what was written."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, string, boolean, null or at-literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Malformed(Node):
    """``@"..."`` around something that is no date, time or duration: null with a warning."""

    content: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, a function or ``?``."""

    name: str


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``first op operand op operand``, from left to right; long chains stay flat."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """``and`` / ``or`` over two or more operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left op right``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``operand between low and high``."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class CompareTest(Node):
    """A unary test ``< operand``; also the range literal ``(< operand)``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class ValueTest(Node):
    """A unary test that is an expression; ``asks`` when it mentions ``?`` and so answers itself."""

    operand: Node
    asks: bool


@dataclass(frozen=True, slots=True)
class NotTest(Node):
    """``not(test, ...)`` among unary tests."""

    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyTest(Node):
    """``-``: whatever."""


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """Unary tests, one of which must hold."""

    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Inclusion(Node):
    """``operand in tests``."""

    operand: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``if`` with all its ``else if`` branches."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iterator:
    """``name in domain`` or ``name in domain..end``."""

    name: str
    domain: Node
    end: Node | None


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """``for``, ``some`` or ``every`` (``kind``)."""

    kind: str
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``operand.name``."""

    operand: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``operand[condition]``."""

    operand: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(arguments)``; ``names`` when they are given by name."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """``function(parameters) body``; an ``external`` body is a context that says where."""

    parameters: tuple[tuple[str, Type | None], ...]
    body: Node
    external: bool


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``operand instance of type``."""

    operand: Node
    type: Type


@dataclass(frozen=True, slots=True)
class ListNode(Node):
    """``[item, ...]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextNode(Node):
    """``{key: value, ...}``; a key may stand twice (that is an error when evaluated)."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeNode(Node):
    """``[low..high]``."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order written."""
    found: list[Node] = []
    for name in node.__dataclass_fields__:
        _collect(getattr(node, name), found)
    return tuple(found)


def _collect(value: Any, found: list[Node]) -> None:
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, Iterator):
        found.append(value.domain)
        if value.end is not None:
            found.append(value.end)
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, found)
