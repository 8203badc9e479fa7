"""Parsed expressions and unary tests: read once, compiled to closures, evaluated often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from . import compile_basic, compile_call, compile_flow, compile_tests
from .builtins import BUILTINS
from .errors import FeelLimitError
from .frame import Compiler, Frame, Rule, Run, Test, adopt
from .lexer import Kind
from .limits import Environment, Limits
from .nodes import Node
from .parser import Parser
from .parser_base import Cursor
from .parser_tests import parse_tests
from .parser_types import parse_type_at
from .types import Type

RULES: dict[type, Rule] = {
    **compile_basic.RULES,
    **compile_flow.RULES,
    **compile_call.RULES,
    **compile_tests.RULES,
}
_DEFAULT = Limits()
# Longer texts are read anew each time: remembering thousands of them would cost gigabytes.
MAX_REMEMBERED = 500
T = TypeVar("T")


def _too_deep() -> FeelLimitError:
    return FeelLimitError("计算嵌套过深", "the evaluation is nested too deeply")


def guarded(env: Environment, run: Callable[[], Any]) -> Any:
    """Run within the environment's budget; the outermost call starts it anew."""
    if not env.active:
        env.steps = env.calls = 0
    env.active += 1
    try:
        return run()
    except RecursionError:
        raise _too_deep() from None
    finally:
        env.active -= 1


class Expression:
    """A FEEL expression.

    ``names`` are the free names it looks up in its scope; ``uncertain`` are those of them that
    stand only inside filters and may be entries of the items instead.
    """

    __slots__ = ("_run", "_size", "names", "node", "text", "uncertain")

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.node = node
        compiler = Compiler(text, RULES)
        self._run: Run = compiler.compile(node)
        self._size = compiler.scope.size
        self.names = frozenset(compiler.free)
        self.uncertain = frozenset(compiler.free - compiler.certain)

    def evaluate(self, scope: Mapping[str, Any] | None = None, env: Environment | None = None) -> Any:
        """The value in a scope; FEEL errors give None and a warning in ``env.warnings``.

        Raises :class:`FeelLimitError` when the budget of ``env.limits`` is used up.
        """
        env = env or Environment()
        frame = Frame([None] * self._size, {} if scope is None else scope, env)
        return guarded(env, lambda: self._run(frame))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """The unary tests of a decision table cell; ``?`` is the value tested."""

    __slots__ = ("_size", "_test", "names", "node", "text", "uncertain")

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.node = node
        compiler = Compiler(text, RULES)
        compiler.scope.bind("?")
        self._test: Test = compile_tests.compile_test(compiler, node)
        self._size = compiler.scope.size
        self.names = frozenset(compiler.free)
        self.uncertain = frozenset(compiler.free - compiler.certain)

    def matches(
        self, value: Any, scope: Mapping[str, Any] | None = None, env: Environment | None = None
    ) -> bool | None:
        """Whether ``value`` passes; None when that cannot be said."""
        env = env or Environment()
        tested = adopt(value)
        frame = Frame([tested, *[None] * self._size], {} if scope is None else scope, env)
        found: bool | None = guarded(env, lambda: self._test(tested, frame))
        return found

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


def _finish(cursor: Cursor, node: Node) -> Node:
    if cursor.peek().kind is not Kind.END:
        raise cursor.unexpected()
    return node


def _read(text: str, names: tuple[str, ...], limits: Limits, read: Callable[[Cursor], T]) -> T:
    try:
        return read(Parser(text, names, BUILTINS, limits))
    except RecursionError:
        raise FeelLimitError("表达式嵌套过深", "the expression is nested too deeply") from None


def _read_expression(cursor: Cursor) -> Expression:
    return Expression(cursor.text, _finish(cursor, cursor.expression()))


def _read_tests(cursor: Cursor) -> UnaryTests:
    return UnaryTests(cursor.text, _finish(cursor, parse_tests(cursor)))


def _read_type(cursor: Cursor) -> Type:
    kind = parse_type_at(cursor)
    if cursor.peek().kind is not Kind.END:
        raise cursor.unexpected()
    return kind


@lru_cache(maxsize=4096)
def _parse(text: str, names: tuple[str, ...], limits: Limits) -> Expression:
    return _read(text, names, limits, _read_expression)


@lru_cache(maxsize=4096)
def _parse_unary(text: str, names: tuple[str, ...], limits: Limits) -> UnaryTests:
    return _read(text, names, limits, _read_tests)


def parse(text: str, names: Iterable[str] = (), limits: Limits = _DEFAULT) -> Expression:
    """Read an expression; ``names`` are those of its scope that may hold spaces or operators.

    Raises :class:`FeelSyntaxError` when it is not FEEL, :class:`FeelLimitError` when it is too
    long or too deep.
    """
    read = _parse if len(text) <= MAX_REMEMBERED else _parse.__wrapped__
    return read(text, tuple(names), limits)


def parse_unary(text: str, names: Iterable[str] = (), limits: Limits = _DEFAULT) -> UnaryTests:
    """Read unary tests; errors as in :func:`parse`."""
    read = _parse_unary if len(text) <= MAX_REMEMBERED else _parse_unary.__wrapped__
    return read(text, tuple(names), limits)


def parse_type(text: str, names: Iterable[str] = (), limits: Limits = _DEFAULT) -> Type:
    """Read a type such as ``list<number>``; ``names`` are those of known types."""
    return _read(text, tuple(names), limits, _read_type)
