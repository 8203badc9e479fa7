"""``sum``, ``mean``, ``product``, ``median``, ``mode``, ``stddev``, ``all`` and ``any``."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..values.number import CONTEXT
from .registry import builtin


def _numbers(items: list[Any], env: Environment) -> list[Decimal] | None:
    env.tick(len(items))
    return items if all(type(item) is Decimal for item in items) else None


def _total(numbers: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = CONTEXT.add(total, number)
    return total


@builtin("sum", "*list: list")
def _sum(env: Environment, items: list[Any]) -> Decimal | None:
    numbers = _numbers(items, env)
    return _total(numbers) if numbers else None


@builtin("mean", "*list: list")
def _mean(env: Environment, items: list[Any]) -> Decimal | None:
    numbers = _numbers(items, env)
    return CONTEXT.divide(_total(numbers), Decimal(len(numbers))) if numbers else None


@builtin("product", "*list: list")
def _product(env: Environment, items: list[Any]) -> Decimal | None:
    numbers = _numbers(items, env)
    if not numbers:
        return None
    product = Decimal(1)
    for number in numbers:
        product = CONTEXT.multiply(product, number)
    return product


@builtin("median", "*list: list")
def _median(env: Environment, items: list[Any]) -> Decimal | None:
    numbers = _numbers(items, env)
    if not numbers:
        return None
    ordered, middle = sorted(numbers), len(numbers) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return CONTEXT.divide(CONTEXT.add(ordered[middle - 1], ordered[middle]), Decimal(2))


@builtin("stddev", "*list: list")
def _stddev(env: Environment, items: list[Any]) -> Decimal | None:
    """The standard deviation of a sample."""
    numbers = _numbers(items, env)
    if numbers is None or len(numbers) < 2:
        return None
    mean = CONTEXT.divide(_total(numbers), Decimal(len(numbers)))
    squares = [CONTEXT.power(CONTEXT.subtract(number, mean), Decimal(2)) for number in numbers]
    return CONTEXT.sqrt(CONTEXT.divide(_total(squares), Decimal(len(numbers) - 1)))


@builtin("mode", "*list: list")
def _mode(env: Environment, items: list[Any]) -> list[Any] | None:
    numbers = _numbers(items, env)
    if numbers is None:
        return None
    counts = Counter(numbers)
    top = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == top)


def _settle(items: list[Any], decisive: bool, env: Environment) -> bool | None:
    env.tick(len(items))
    if any(item is decisive for item in items):
        return decisive
    return None if any(not isinstance(item, bool) for item in items) else not decisive


@builtin("all", "*list: list")
def _all(env: Environment, items: list[Any]) -> bool | None:
    return _settle(items, False, env)


@builtin("any", "*list: list")
def _any(env: Environment, items: list[Any]) -> bool | None:
    return _settle(items, True, env)
