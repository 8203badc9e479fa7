"""``range("[1..3]")``: a text that may hold a range of literals and nothing else."""

from __future__ import annotations

from .errors import FeelError
from .expression import parse
from .limits import Environment
from .nodes import Call, Literal, Name, Negation, Node, RangeNode
from .values.kinds import compare
from .values.range import Range

_MAKERS = frozenset({"date", "time", "date and time", "duration"})


def _is_literal(node: Node) -> bool:
    if isinstance(node, Literal):
        return node.value is not None
    if isinstance(node, Negation):
        return _is_literal(node.operand)
    return (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.name in _MAKERS
        and node.names is None
        and all(isinstance(argument, Literal) for argument in node.arguments)
    )


def read_range(text: str, env: Environment) -> Range | None:
    """The range, or None when the text is anything else or its start is after its end."""
    try:
        expression = parse(text, limits=env.limits)
    except FeelError:
        return None
    node = expression.node
    if not isinstance(node, RangeNode) or not (_is_literal(node.low) and _is_literal(node.high)):
        return None
    value = expression.evaluate({}, env)
    if not isinstance(value, Range):
        return None
    order = compare(value.start, value.end)
    return value if order is not None and order <= 0 else None
