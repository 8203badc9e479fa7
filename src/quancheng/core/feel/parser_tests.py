"""Unary tests: the cells of decision tables and the right side of ``in`` (DMN 1.5, grammar 7 to 18)."""

from __future__ import annotations

from .errors import FeelSyntaxError
from .lexer import Kind
from .nodes import AnyTest, CompareTest, Node, NotTest, Tests, ValueTest
from .parser_base import Cursor

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
# After ``in (...)`` these show that the parenthesis was an operand and not a list of tests.
_GOES_ON = ("+", "-", "*", "/", "**", "[", "(", ".", "..")


def parse_tests(cursor: Cursor) -> Tests:
    """A whole cell: ``-``, ``not(...)`` or tests with commas."""
    start = cursor.peek().start
    if cursor.at("-"):
        token = cursor.advance()
        if cursor.peek().kind is Kind.END:
            return Tests(start, token.end, (AnyTest(start, token.end),))
        cursor.position = start
    tests = [_item(cursor)]
    while cursor.accept(","):
        tests.append(_item(cursor))
    return Tests(start, cursor.position, tuple(tests))


def _item(cursor: Cursor) -> Node:
    """A test of a cell: ``not(...)`` that is a whole item is the negation of tests."""
    mark = cursor.mark()
    if cursor.at("not"):
        first = cursor.advance().start
        if cursor.at("("):
            try:
                cursor.advance()
                tests = _list(cursor)
                if cursor.at(",") or cursor.peek().kind is Kind.END:
                    return NotTest(first, cursor.position, tests)
            except FeelSyntaxError:
                pass
        cursor.reset(mark)
    return _test(cursor)


def _list(cursor: Cursor) -> tuple[Node, ...]:
    tests = [_test(cursor)]
    while cursor.accept(","):
        tests.append(_test(cursor))
    cursor.expect(")")
    return tuple(tests)


def _test(cursor: Cursor) -> Node:
    token = cursor.peek()
    if cursor.at(*_COMPARISONS):
        cursor.advance()
        operand = cursor.additive()
        return CompareTest(token.start, operand.end, token.text, operand)
    asked, cursor.asks = cursor.asks, False
    operand = cursor.expression()
    asks, cursor.asks = cursor.asks, asked or cursor.asks
    return ValueTest(token.start, operand.end, operand, asks)


def parse_inclusion(cursor: Cursor) -> tuple[Node, ...]:
    """What stands right of ``in``: one test or several in parentheses."""
    mark = cursor.mark()
    token = cursor.peek()
    if cursor.at(*_COMPARISONS):
        cursor.advance()
        operand = cursor.additive()
        return (CompareTest(token.start, operand.end, token.text, operand),)
    if cursor.at("("):
        try:
            cursor.advance()
            tests = _list(cursor)
            if not cursor.at(*_GOES_ON):
                return tests
        except FeelSyntaxError:
            pass
        cursor.reset(mark)
    asked, cursor.asks = cursor.asks, False
    operand = cursor.additive()
    asks, cursor.asks = cursor.asks, asked or cursor.asks
    return (ValueTest(token.start, operand.end, operand, asks),)
