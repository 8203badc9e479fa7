"""The grammar of FEEL, operators and statements; see :mod:`.parser_primary` for what they work on.

Recursive descent by the precedence of DMN 1.5, 10.3.1.2. Chains of operators and of ``else if``
are flat, so that long ones are not deep.
"""

from __future__ import annotations

from decimal import Decimal

from .lexer import Kind
from .names import ITERATOR, normalise
from .nodes import (
    Arithmetic,
    Between,
    Comparison,
    Conditional,
    Inclusion,
    InstanceOf,
    Iteration,
    Iterator,
    Literal,
    Logic,
    Negation,
    Node,
)
from .parser_base import Cursor
from .parser_primary import parse_postfix
from .parser_tests import parse_inclusion
from .parser_types import parse_type_at

_COMPARISON = 3
_LEVELS = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "between", "in"), _COMPARISON),
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "**": 6,
}


class Parser(Cursor):
    """A cursor that knows the whole grammar."""

    def expression(self) -> Node:
        self.enter()
        node = _operators(self, 1)
        self.leave()
        return node

    def additive(self, brackets: bool = True) -> Node:
        return _operators(self, _LEVELS["+"], brackets)


def _statement(cursor: Cursor) -> Node | None:
    token = cursor.peek()
    if token.kind is not Kind.WORD or token.text not in ("if", "for", "some", "every"):
        return None
    longer = cursor.names.match(cursor.text, token.start)
    if longer and longer[1] > token.end:
        return None
    cursor.advance()
    if token.text == "if":
        return _conditional(cursor, token.start)
    return _iteration(cursor, token.text, token.start)


def _conditional(cursor: Cursor, start: int) -> Node:
    branches: list[tuple[Node, Node]] = []
    while True:
        condition = cursor.expression()
        cursor.expect("then")
        branches.append((condition, cursor.expression()))
        cursor.expect("else")
        if not cursor.accept("if"):
            break
    otherwise = cursor.expression()
    return Conditional(start, cursor.position, tuple(branches), otherwise)


def _iteration(cursor: Cursor, kind: str, start: int) -> Node:
    iterators: list[Iterator] = []
    cursor.names.push(("partial",) if kind == "for" else ())
    while True:
        match = ITERATOR.match(cursor.text, cursor.peek().start)
        if match is None:
            raise cursor.unexpected("in")
        name = normalise(match.group(1))
        cursor.position = match.end()
        domain = cursor.expression()
        end = cursor.expression() if cursor.accept("..") else None
        iterators.append(Iterator(name, domain, end))
        cursor.names.add(name)
        if not cursor.accept(","):
            break
    cursor.expect("return" if kind == "for" else "satisfies")
    body = cursor.expression()
    cursor.names.pop()
    return Iteration(start, cursor.position, kind, tuple(iterators), body)


def _level(cursor: Cursor) -> int:
    """How tightly the operator at the cursor binds; 0 when there is none."""
    token = cursor.peek()
    return _LEVELS.get(token.text, 0) if token.kind in (Kind.OPERATOR, Kind.WORD) else 0


def _operators(cursor: Cursor, lowest: int, brackets: bool = True) -> Node:
    """Precedence climbing: an operand and the operators that bind at least as tightly as ``lowest``."""
    left = _unary(cursor, brackets)
    entered = 0
    while (level := _level(cursor)) >= lowest:
        if level == _COMPARISON:
            cursor.enter()
            entered += 1
            left = _comparison(cursor, left)
        else:
            left = _chain(cursor, left, level, brackets)
    cursor.rise(entered)
    return left


def _chain(cursor: Cursor, first: Node, level: int, brackets: bool) -> Node:
    """All operators of one level, flat."""
    rest: list[tuple[str, Node]] = []
    while _level(cursor) == level:
        operator = cursor.advance().text
        rest.append((operator, _operators(cursor, level + 1, brackets)))
    end = rest[-1][1].end
    if level < _COMPARISON:
        return Logic(first.start, end, rest[0][0], (first, *(operand for _, operand in rest)))
    return Arithmetic(first.start, end, first, tuple(rest))


def _comparison(cursor: Cursor, left: Node) -> Node:
    operator = cursor.advance().text
    if operator == "in":
        tests = parse_inclusion(cursor)
        return Inclusion(left.start, cursor.position, left, tests)
    right = cursor.additive()
    if operator != "between":
        return Comparison(left.start, right.end, operator, left, right)
    cursor.expect("and")
    high = cursor.additive()
    return Between(left.start, high.end, left, right, high)


def _unary(cursor: Cursor, brackets: bool) -> Node:
    if cursor.at("-"):
        return _negation(cursor, brackets)
    nested = _statement(cursor)
    if nested is not None:
        return nested
    node = parse_postfix(cursor, brackets)
    if not cursor.accept("instance"):
        return node
    cursor.expect("of")
    kind = parse_type_at(cursor)
    return InstanceOf(node.start, cursor.position, node, kind)


def _negation(cursor: Cursor, brackets: bool) -> Node:
    start = cursor.expect("-").start
    cursor.enter()
    operand = _unary(cursor, brackets)
    cursor.leave()
    if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
        return Literal(start, operand.end, -operand.value)
    return Negation(start, operand.end, operand)
