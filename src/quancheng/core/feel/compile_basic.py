"""Closures for literals, names and operators."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .arithmetic import negate, operate
from .builtins import BUILTINS
from .frame import FOREIGN, Compiler, Frame, Rule, Run, adopt
from .nodes import (
    Arithmetic,
    Between,
    Comparison,
    InstanceOf,
    ListNode,
    Literal,
    Logic,
    Malformed,
    Name,
    Negation,
    RangeNode,
)
from .types import is_instance
from .values.kinds import compare, equal, ordered, type_name
from .values.number import CONTEXT
from .values.range import Range

_MISSING: Any = object()


def _literal(_: Compiler, node: Literal) -> Run:
    value = node.value
    return lambda frame: value


def _malformed(_: Compiler, node: Malformed) -> Run:
    content = node.content[:40]

    def run(frame: Frame) -> None:
        frame.env.warn(f"“{content}”不是日期、时间或时长", f"{content!r} is no date, time or duration")

    return run


def _name(compiler: Compiler, node: Name) -> Run:
    """Innermost first: locals are known now, the entries of a filtered context only when running."""
    return _lookup(compiler, node.name, len(compiler.scope.binders) - 1, False)


def _lookup(compiler: Compiler, name: str, level: int, filtered: bool) -> Run:
    while level >= 0:
        bound, slot = compiler.scope.binders[level]
        if bound == name:
            return lambda frame: frame.slots[slot]
        if bound is None:
            return _item_lookup(name, slot, _lookup(compiler, name, level - 1, True))
        level -= 1
    if name not in BUILTINS and not (filtered and name == "item"):
        compiler.free.add(name)
        if not filtered:
            compiler.certain.add(name)
    return _root_lookup(name)


def _item_lookup(name: str, slot: int, outer: Run) -> Run:
    is_item = name == "item"

    def run(frame: Frame) -> Any:
        item = frame.slots[slot]
        if type(item) is dict and name in item:
            return item[name]
        return item if is_item else outer(frame)

    return run


def _root_lookup(name: str) -> Run:
    builtin = BUILTINS.get(name)

    def run(frame: Frame) -> Any:
        value = frame.root.get(name, _MISSING)
        if value is _MISSING:
            value = frame.env.functions.get(name, builtin)
            if value is None:
                frame.env.warn(f"没有名为“{name}”的变量", f"unknown name {name}")
            return value
        return adopt(value) if type(value) in FOREIGN else value

    return run


def _negation(compiler: Compiler, node: Negation) -> Run:
    operand = compiler.compile(node.operand)
    return lambda frame: negate(operand(frame), frame.env)


_FAST = {"+": CONTEXT.add, "-": CONTEXT.subtract, "*": CONTEXT.multiply}


def _arithmetic(compiler: Compiler, node: Arithmetic) -> Run:
    run = compiler.compile(node.first)
    if len(node.rest) > 1:
        steps = [(operator, compiler.compile(operand)) for operator, operand in node.rest]

        def chain(frame: Frame) -> Any:
            value = run(frame)
            for operator, operand in steps:
                value = operate(operator, value, operand(frame), frame.env)
            return value

        return chain
    operator, right_node = node.rest[0]
    right = compiler.compile(right_node)
    fast = _FAST.get(operator)
    if fast is None:
        return lambda frame: operate(operator, run(frame), right(frame), frame.env)

    def quick(frame: Frame) -> Any:
        a, b = run(frame), right(frame)
        if type(a) is Decimal and type(b) is Decimal:
            try:
                return fast(a, b)
            except ArithmeticError:
                pass
        return operate(operator, a, b, frame.env)

    return quick


def _logic(compiler: Compiler, node: Logic) -> Run:
    operands = [compiler.compile(operand) for operand in node.operands]
    decisive = node.operator == "or"

    def run(frame: Frame) -> bool | None:
        result: bool | None = not decisive
        for operand in operands:
            value = operand(frame)
            if value is decisive:
                return bool(value)
            if value is not (not decisive):
                result = None
        return result

    return run


_HOLDS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def ordering(operator: str, a: Any, b: Any, frame: Frame) -> bool | None:
    """``a operator b`` for the four orders; null and a warning when there is no order."""
    order = compare(a, b)
    if order is None:
        if a is not None and b is not None:
            frame.env.warn(
                f"{type_name(a)} 与 {type_name(b)} 不能比较大小",
                f"{type_name(a)} and {type_name(b)} have no order",
            )
        return None
    return _HOLDS[operator](order)


def sameness(operator: str, a: Any, b: Any, frame: Frame) -> bool | None:
    """``a = b`` or ``a != b``; null when they are of different kinds."""
    same = equal(a, b)
    if same is None:
        if a is None or b is None:
            same = False
        else:
            frame.env.warn(
                f"{type_name(a)} 与 {type_name(b)} 不是同类，不能比较",
                f"{type_name(a)} and {type_name(b)} are not comparable",
            )
            return None
    return same if operator == "=" else not same


def _comparison(compiler: Compiler, node: Comparison) -> Run:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    operator = node.operator
    rule = sameness if operator in ("=", "!=") else ordering

    def run(frame: Frame) -> bool | None:
        return rule(operator, left(frame), right(frame), frame)

    return run


def _between(compiler: Compiler, node: Between) -> Run:
    operand, low, high = (compiler.compile(n) for n in (node.operand, node.low, node.high))

    def run(frame: Frame) -> bool | None:
        value = operand(frame)
        above = ordering(">=", value, low(frame), frame)
        below = ordering("<=", value, high(frame), frame)
        if above is False or below is False:
            return False
        return None if above is None or below is None else True

    return run


def _instance_of(compiler: Compiler, node: InstanceOf) -> Run:
    operand, kind = compiler.compile(node.operand), node.type
    return lambda frame: is_instance(operand(frame), kind, frame.env)


def _list(compiler: Compiler, node: ListNode) -> Run:
    items = [compiler.compile(item) for item in node.items]
    return lambda frame: [item(frame) for item in items]


def _range(compiler: Compiler, node: RangeNode) -> Run:
    low, high = compiler.compile(node.low), compiler.compile(node.high)
    low_included, high_included = node.low_included, node.high_included

    def run(frame: Frame) -> Range | None:
        start, end = low(frame), high(frame)
        if type(start) is not type(end) or not ordered(start):
            frame.env.warn("区间两端必须是同类且有大小的值", "both ends of a range must have the same order")
            return None
        return Range(start, end, low_included, high_included)

    return run


RULES: dict[type, Rule] = {
    Literal: _literal,
    Malformed: _malformed,
    Name: _name,
    Negation: _negation,
    Arithmetic: _arithmetic,
    Logic: _logic,
    Comparison: _comparison,
    Between: _between,
    InstanceOf: _instance_of,
    ListNode: _list,
    RangeNode: _range,
}
