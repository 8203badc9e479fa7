"""Closures for ``if``, ``for``, ``some``, ``every``, filters, paths and contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from .frame import FOREIGN, Compiler, Frame, Rule, Run, adopt
from .limits import Environment
from .nodes import (
    Arithmetic,
    Between,
    Comparison,
    Conditional,
    ContextNode,
    Definition,
    Filter,
    Inclusion,
    InstanceOf,
    Iteration,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    children,
)
from .properties import property_of
from .values.closure import Lambda
from .values.kinds import type_name
from .values.range import Range
from .values.temporal import Date, date_of_days

_BOOLEAN = (Comparison, Logic, Between, Inclusion, InstanceOf)


def _conditional(compiler: Compiler, node: Conditional) -> Run:
    branches = [(compiler.compile(c), compiler.compile(then)) for c, then in node.branches]
    otherwise = compiler.compile(node.otherwise)

    def run(frame: Frame) -> Any:
        for condition, then in branches:
            chosen = condition(frame)
            if chosen is True:
                return then(frame)
            if chosen is not False:
                frame.env.warn("条件不是布尔值，按“否”处理", "the condition is not a boolean, taken as false")
        return otherwise(frame)

    return run


def steps(start: Any, end: Any, env: Environment) -> Iterable[Any] | None:
    """``start..end`` as iterated: whole numbers or days, upwards or downwards."""
    if type(start) is Decimal and type(end) is Decimal and start == start // 1 and end == end // 1:
        first, last = int(start), int(end)
        env.check_items(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return (Decimal(number) for number in range(first, last + step, step))
    if isinstance(start, Date) and isinstance(end, Date):
        first, last = start.days, end.days
        env.check_items(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return (date_of_days(number) for number in range(first, last + step, step))
    env.warn("迭代区间的两端必须是整数或日期", "the ends of an iteration must be whole numbers or dates")
    return None


def _range_steps(domain: Range, env: Environment) -> Iterable[Any] | None:
    found = steps(domain.start, domain.end, env)
    if found is None:
        return None
    items = list(found)
    if not domain.start_included:
        items = items[1:]
    return items if domain.end_included else items[:-1]


def _domain(compiler: Compiler, domain: Node, end: Node | None) -> Callable[[Frame], Iterable[Any] | None]:
    first = compiler.compile(domain)
    if end is not None:
        last = compiler.compile(end)
        return lambda frame: steps(first(frame), last(frame), frame.env)

    def run(frame: Frame) -> Iterable[Any] | None:
        value = first(frame)
        if isinstance(value, list):
            return value
        if isinstance(value, Range):
            return _range_steps(value, frame.env)
        if value is None:
            frame.env.warn("迭代对象为空值", "cannot iterate over null")
            return None
        return [value]

    return run


def _iteration(compiler: Compiler, node: Iteration) -> Run:
    domains: list[tuple[int, Callable[[Frame], Iterable[Any] | None]]] = []
    partial = compiler.scope.bind("partial") if node.kind == "for" else -1
    for iterator in node.iterators:
        domain = _domain(compiler, iterator.domain, iterator.end)
        domains.append((compiler.scope.bind(iterator.name), domain))
    body = compiler.compile(node.body)
    compiler.scope.release(len(domains) + (partial >= 0))
    if node.kind == "for":
        inner = (node.body, *(iterator.domain for iterator in node.iterators))
        return _for(domains, body, partial, any(_escapes(part, "partial") for part in inner))
    return _quantified(domains, body, node.kind)


def _walk(domains: list[tuple[int, Any]], frame: Frame, visit: Callable[[], bool], level: int = 0) -> bool:
    """Call ``visit`` for each combination until it says stop; False when a domain is null."""
    slot, domain = domains[level]
    items = domain(frame)
    if items is None:
        return False
    slots, env = frame.slots, frame.env
    last = level == len(domains) - 1
    for item in items:
        env.tick()
        slots[slot] = item
        if not (visit() if last else _walk(domains, frame, visit, level + 1)):
            return False
    return True


def _escapes(node: Node, name: str) -> bool:
    """Whether ``name`` is used in any way but ``name[...]``, which gives a part and not the list."""
    if isinstance(node, Name):
        return node.name == name
    if isinstance(node, Filter) and isinstance(node.operand, Name):
        return _escapes(node.condition, name)
    return any(_escapes(child, name) for child in children(node))


def _for(domains: list[tuple[int, Any]], body: Run, partial: int, copies: bool) -> Run:
    def run(frame: Frame) -> list[Any] | None:
        results: list[Any] = []
        env, slots = frame.env, frame.slots

        def visit() -> bool:
            if copies:
                # What may escape must not change later, nor come to hold itself.
                env.tick(len(results) // 64)
                slots[partial] = list(results)
            else:
                slots[partial] = results
            results.append(body(frame))
            env.check_items(len(results))
            return True

        return results if _walk(domains, frame, visit) else None

    return run


def _quantified(domains: list[tuple[int, Any]], body: Run, kind: str) -> Run:
    decisive = kind == "some"

    def run(frame: Frame) -> bool | None:
        result: bool | None = not decisive
        decided = False

        def visit() -> bool:
            nonlocal result, decided
            value = body(frame)
            if value is decisive:
                result, decided = decisive, True
                return False
            if value is not (not decisive):
                result = None
            return True

        return result if _walk(domains, frame, visit) or decided else None

    return run


def _is_index(node: Node) -> bool | None:
    """Whether a filter condition is surely a number (True), surely a test (False) or unknown."""
    if isinstance(node, _BOOLEAN):
        return False
    if isinstance(node, Literal):
        return type(node.value) is Decimal
    if isinstance(node, Iteration):
        return False if node.kind != "for" else None
    return True if isinstance(node, Negation | Arithmetic) else None


def _filter(compiler: Compiler, node: Filter) -> Run:
    operand = compiler.compile(node.operand)
    slot = compiler.scope.bind(None)
    condition = compiler.compile(node.condition)
    compiler.scope.release()
    sure = _is_index(node.condition)

    def run(frame: Frame) -> Any:
        value = operand(frame)
        if value is None:
            return None
        items = value if isinstance(value, list) else [value]
        slots = frame.slots
        if sure is not False:
            slots[slot] = items[0] if items else None
            index = condition(frame)
            if type(index) is Decimal:
                return _pick(items, index, frame.env)
        kept: list[Any] = []
        for item in items:
            frame.env.tick()
            slots[slot] = item
            if condition(frame) is True:
                kept.append(item)
        return kept

    return run


def _pick(items: list[Any], index: Decimal, env: Environment) -> Any:
    place = int(index) if abs(index) <= len(items) else 0
    if place == 0:
        env.warn(f"列表没有第 {index} 个元素", f"the list has no item {index}")
        return None
    return items[place - 1 if place > 0 else place]


def _path(compiler: Compiler, node: Path) -> Run:
    operand, name = compiler.compile(node.operand), node.name

    def run(frame: Frame) -> Any:
        value = operand(frame)
        if isinstance(value, list):
            frame.env.tick(len(value))
            return [member(item, name, frame.env) for item in value]
        return member(value, name, frame.env)

    return run


def member(value: Any, name: str, env: Environment) -> Any:
    """``value.name``: an entry of a context or a property of a date, duration or range."""
    if type(value) is dict:
        if name in value:
            found = value[name]
            return adopt(found) if type(found) in FOREIGN else found
        env.warn(f"上下文中没有“{name}”", f"the context has no entry {name}")
        return None
    known, found = property_of(value, name)
    if not known:
        env.warn(f"{type_name(value)} 没有属性“{name}”", f"{type_name(value)} has no property {name}")
    return found


def _context(compiler: Compiler, node: ContextNode) -> Run:
    entries: list[tuple[str, int, Run, bool]] = []
    for key, value in node.entries:
        # A function may call itself by its key; any other value sees what is outside.
        own = isinstance(value, Definition)
        slot = compiler.scope.bind(key) if own else -1
        compute = compiler.compile(value)
        entries.append((key, slot if own else compiler.scope.bind(key), compute, own))
    compiler.scope.release(len(entries))
    repeated = len({key for key, *_ in entries}) < len(entries)

    def run(frame: Frame) -> dict[str, Any] | None:
        if repeated:
            frame.env.warn("上下文中有重复的键", "a key stands twice in a context")
            return None
        result: dict[str, Any] = {}
        for key, slot, compute, own in entries:
            value = result[key] = frame.slots[slot] = compute(frame)
            if own and isinstance(value, Lambda):
                value.slots[slot] = value
        return result

    return run


RULES: dict[type, Rule] = {
    Conditional: _conditional,
    Iteration: _iteration,
    Filter: _filter,
    Path: _path,
    ContextNode: _context,
}
