"""Functions on lists; positions count from 1, or from the end when negative."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..values.function import Function
from ..values.kinds import compare, equal
from .registry import builtin, truth_of


def _same(a: Any, b: Any) -> bool:
    return equal(a, b) is True


def _has(items: list[Any], wanted: Any, env: Environment) -> bool:
    env.tick(len(items))
    return any(_same(item, wanted) for item in items)


def _place(items: list[Any], position: Decimal) -> int | None:
    """The Python index of a FEEL position; None when there is no such item."""
    if abs(position) > len(items):
        return None
    place = int(position)
    if place == 0:
        return None
    return place - 1 if place > 0 else len(items) + place


def _checked(items: list[Any], env: Environment) -> list[Any]:
    env.tick(len(items))
    env.check_items(len(items))
    return items


@builtin("list contains", "list: list, element: any")
def _contains(env: Environment, items: list[Any], element: Any) -> bool:
    return _has(items, element, env)


@builtin("count", "list: list")
def _count(env: Environment, items: list[Any]) -> Decimal:
    return Decimal(len(items))


def _extreme(env: Environment, items: list[Any], sign: int) -> Any:
    if not items:
        return None
    env.tick(len(items))
    best = items[0]
    for item in items:
        order = compare(item, best)
        if order is None:
            return None
        if order == sign:
            best = item
    return best


@builtin("min", "*list: list")
def _min(env: Environment, items: list[Any]) -> Any:
    return _extreme(env, items, -1)


@builtin("max", "*list: list")
def _max(env: Environment, items: list[Any]) -> Any:
    return _extreme(env, items, 1)


@builtin("sublist", "list: list, start position: number, length?: number")
def _sublist(
    env: Environment, items: list[Any], start: Decimal, length: Decimal | None = None
) -> list[Any] | None:
    place = _place(items, start)
    if place is None or (length is not None and length < 1):
        return None
    if length is None:
        return _checked(items[place:], env)
    if place + min(int(length), len(items) + 1) > len(items):
        return None
    return _checked(items[place : place + int(length)], env)


@builtin("append", "list: list, +items: any")
def _append(env: Environment, items: list[Any], more: list[Any]) -> list[Any]:
    return _checked([*items, *more], env)


@builtin("concatenate", "+lists: list")
def _concatenate(env: Environment, lists: list[list[Any]]) -> list[Any]:
    env.check_items(sum(map(len, lists)))
    return _checked([item for one in lists for item in one], env)


@builtin("insert before", "list: list, position: number, newItem: any")
def _insert(env: Environment, items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    place = _place(items, position)
    return None if place is None else _checked([*items[:place], item, *items[place:]], env)


@builtin("remove", "list: list, position: number")
def _remove(env: Environment, items: list[Any], position: Decimal) -> list[Any] | None:
    place = _place(items, position)
    return None if place is None else _checked([*items[:place], *items[place + 1 :]], env)


@builtin("list replace", "list: list, position: number, newItem: any")
def _replace_at(env: Environment, items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    place = _place(items, position)
    return None if place is None else _checked([*items[:place], item, *items[place + 1 :]], env)


@builtin("list replace", "list: list, match: function, newItem: any")
def _replace_where(env: Environment, items: list[Any], match: Function, new: Any) -> list[Any] | None:
    if not match.accepts(2):
        return None
    result: list[Any] = []
    for item in items:
        found = truth_of(match, [item, new], env)
        if found is None:
            return None
        result.append(new if found else item)
    return _checked(result, env)


@builtin("reverse", "list: list")
def _reverse(env: Environment, items: list[Any]) -> list[Any]:
    return _checked(items[::-1], env)


@builtin("index of", "list: list, match: any")
def _index_of(env: Environment, items: list[Any], match: Any) -> list[Any]:
    env.tick(len(items))
    return [Decimal(place) for place, item in enumerate(items, 1) if _same(item, match)]


def _distinct(items: list[Any], env: Environment) -> list[Any]:
    """Without repetitions; simple values are found by hash, the rest one by one."""
    seen: set[Any] = set()
    others: list[Any] = []
    result: list[Any] = []
    for item in items:
        if item is None or type(item) in (str, Decimal, bool):
            key = (type(item), item)
            if key in seen:
                continue
            seen.add(key)
        elif _has(others, item, env):
            continue
        else:
            others.append(item)
        result.append(item)
    return _checked(result, env)


@builtin("union", "+lists: list")
def _union(env: Environment, lists: list[list[Any]]) -> list[Any]:
    return _distinct([item for one in lists for item in one], env)


@builtin("distinct values", "list: list")
def _distinct_values(env: Environment, items: list[Any]) -> list[Any]:
    return _distinct(items, env)


@builtin("flatten", "list: list")
def _flatten(env: Environment, items: list[Any]) -> list[Any]:
    result: list[Any] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            env.tick()
            if isinstance(item, list):
                pending.append(iter(item))
                break
            result.append(item)
        else:
            pending.pop()
    return _checked(result, env)


@builtin("sort", "list: list, precedes: function")
def _sort(env: Environment, items: list[Any], precedes: Function) -> list[Any] | None:
    """A stable sort; ``precedes(x, y)`` says whether x stands before y."""
    if not precedes.accepts(2):
        return None

    # Python's sort asks only "less than", so one call for each comparison is enough.
    def order(a: Any, b: Any) -> int:
        return -1 if truth_of(precedes, [a, b], env) is True else 0

    return sorted(items, key=functools.cmp_to_key(order))


@builtin("sort", "list: list")
def _sort_plain(env: Environment, items: list[Any]) -> list[Any] | None:
    """In the natural order, when there is one."""
    if any(compare(items[0], item) is None for item in items):
        return None
    env.tick(len(items) * 10)
    return sorted(items, key=functools.cmp_to_key(lambda a, b: compare(a, b) or 0))


@builtin("partition", "list: list, size: number")
def _partition(env: Environment, items: list[Any], size: Decimal) -> list[Any] | None:
    """Consecutive lists of ``size`` items (an extension that several engines share)."""
    if size < 1:
        return None
    step = min(int(size), len(items) + 1)
    env.tick(len(items))
    return [items[place : place + step] for place in range(0, len(items), step)]
