"""Walks boxed expressions (遍历方框表达式)."""

from __future__ import annotations

from collections.abc import Iterator

from .document import (
    Conditional,
    Context,
    DecisionTable,
    Expression,
    Filter,
    FunctionDefinition,
    Invocation,
    Iteration,
    ListExpression,
    Relation,
)

__all__ = ["inner", "tables_in"]


def inner(expression: Expression) -> Iterator[Expression | None]:
    """The expressions directly inside another."""
    if isinstance(expression, Context):
        yield from (entry.expression for entry in expression.entries)
    elif isinstance(expression, Invocation):
        yield expression.function
        yield from (binding.expression for binding in expression.bindings)
    elif isinstance(expression, FunctionDefinition | Iteration):
        yield expression.body
        if isinstance(expression, Iteration):
            yield expression.source
    elif isinstance(expression, Relation):
        yield from (cell for row in expression.rows for cell in row)
    elif isinstance(expression, ListExpression):
        yield from expression.items
    elif isinstance(expression, Conditional):
        yield from (expression.condition, expression.then, expression.otherwise)
    elif isinstance(expression, Filter):
        yield from (expression.source, expression.match)


def tables_in(expression: Expression | None) -> Iterator[DecisionTable]:
    """Every decision table within an expression, itself included."""
    pending = [expression]
    while pending:
        each = pending.pop()
        if isinstance(each, DecisionTable):
            yield each
        elif each is not None:
            pending.extend(reversed(list(inner(each))))
