"""Closures for unary tests and ``in``."""

from __future__ import annotations

from typing import Any

from .compile_basic import ordering, sameness
from .frame import Compiler, Frame, Rule, Run, Test
from .nodes import (
    AnyTest,
    Between,
    Call,
    CompareTest,
    Comparison,
    Inclusion,
    InstanceOf,
    Iteration,
    Logic,
    Node,
    NotTest,
    Tests,
    ValueTest,
)
from .values.kinds import contains, equal, ordered, type_name
from .values.range import Range

# Expressions that answer yes or no by themselves, even when they do not mention ``?``.
_ANSWERS = (Between, Call, Comparison, Inclusion, InstanceOf, Iteration, Logic)


def any_of(results: list[bool | None]) -> bool | None:
    """Three-valued or."""
    if True in results:
        return True
    return None if None in results else False


def _member(value: Any, candidate: Any) -> bool:
    """Whether an element of a list stands for ``value``: it is equal or a range around it."""
    if equal(value, candidate) is True:
        return True
    return isinstance(candidate, Range) and contains(candidate, value) is True


def matches_value(value: Any, found: Any, frame: Frame) -> bool | None:
    """``value in found`` for one value: equal, inside the range, or in the list."""
    if isinstance(found, Range) and not isinstance(value, Range):
        inside = contains(found, value)
        if inside is None and value is not None:
            frame.env.warn(
                f"{type_name(value)} 不能与区间比较", f"{type_name(value)} cannot be compared with the range"
            )
        return inside
    if isinstance(found, list):
        frame.env.tick(len(found))
        return equal(value, found) is True or any(_member(value, candidate) for candidate in found)
    if value is None or found is None:
        return value is found
    return equal(value, found)


def _value_test(compiler: Compiler, node: ValueTest) -> Test:
    operand, asks = compiler.compile(node.operand), node.asks
    answers = isinstance(node.operand, _ANSWERS)

    def test(value: Any, frame: Frame) -> bool | None:
        found = operand(frame)
        if isinstance(found, bool) and (asks or (answers and not isinstance(value, bool))):
            return found
        if asks and found is None:
            return None
        return matches_value(value, found, frame)

    return test


def _compare_test(compiler: Compiler, node: CompareTest) -> Test:
    operand, operator = compiler.compile(node.operand), node.operator
    rule = sameness if operator in ("=", "!=") else ordering
    return lambda value, frame: rule(operator, value, operand(frame), frame)


def _not_test(compiler: Compiler, node: NotTest) -> Test:
    tests = [compile_test(compiler, test) for test in node.tests]

    def test(value: Any, frame: Frame) -> bool | None:
        found = any_of([test(value, frame) for test in tests])
        return None if found is None else not found

    return test


def _tests(compiler: Compiler, node: Tests) -> Test:
    return alternatives(compiler, node.tests)


def alternatives(compiler: Compiler, nodes: tuple[Node, ...]) -> Test:
    """One of several tests."""
    tests = [compile_test(compiler, node) for node in nodes]
    if len(tests) == 1:
        return tests[0]

    def run(value: Any, frame: Frame) -> bool | None:
        result: bool | None = False
        for test in tests:
            found = test(value, frame)
            if found is True:
                return True
            if found is None:
                result = None
        return result

    return run


def compile_test(compiler: Compiler, node: Node) -> Test:
    """The closure (value, frame) of a test; ``?`` must be bound by the caller."""
    if isinstance(node, ValueTest):
        return _value_test(compiler, node)
    if isinstance(node, CompareTest):
        return _compare_test(compiler, node)
    if isinstance(node, NotTest):
        return _not_test(compiler, node)
    if isinstance(node, Tests):
        return _tests(compiler, node)
    assert isinstance(node, AnyTest)
    return lambda value, frame: True


def _inclusion(compiler: Compiler, node: Inclusion) -> Run:
    operand = compiler.compile(node.operand)
    slot = compiler.scope.bind("?")
    test = alternatives(compiler, node.tests)
    compiler.scope.release()

    def run(frame: Frame) -> bool | None:
        value = frame.slots[slot] = operand(frame)
        return test(value, frame)

    return run


def _open_range(compiler: Compiler, node: CompareTest) -> Run:
    """``(< 10)`` as a value."""
    operand, operator = compiler.compile(node.operand), node.operator

    def run(frame: Frame) -> Range | None:
        bound = operand(frame)
        if not ordered(bound) and operator not in ("=", "!="):
            frame.env.warn("区间的端点必须是有大小的值", "the bound of a range must have an order")
            return None
        if operator in ("<", "<="):
            return Range(None, bound, False, operator == "<=")
        if operator in (">", ">="):
            return Range(bound, None, operator == ">=", False)
        same = operator == "="
        return Range(bound, bound, same, same, not same)

    return run


RULES: dict[type, Rule] = {Inclusion: _inclusion, CompareTest: _open_range}
