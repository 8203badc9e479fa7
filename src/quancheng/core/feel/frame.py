"""What a compiled expression runs in, and the compiler's view of the same."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from .limits import Environment
from .nodes import Node
from .values.duration import NANOS, DaysTimeDuration
from .values.temporal import Date, DateTime, Time


class Frame:
    """Local variables by slot, the outer scope by name, and the environment."""

    __slots__ = ("env", "root", "slots")

    def __init__(self, slots: list[Any], root: Mapping[str, Any], env: Environment) -> None:
        self.slots = slots
        self.root = root
        self.env = env


Run = Callable[[Frame], Any]
Test = Callable[[Any, Frame], "bool | None"]


def _of_float(value: float) -> Decimal | None:
    number = Decimal(repr(value))
    return number if number.is_finite() else None


FOREIGN: dict[type, Callable[[Any], Any]] = {
    int: Decimal,
    float: _of_float,
    datetime: DateTime.of,
    date: Date.of,
    time: Time.of,
    timedelta: lambda value: DaysTimeDuration(value // timedelta(microseconds=1) * (NANOS // 1_000_000)),
    tuple: list,
}


def adopt(value: Any) -> Any:
    """A Python number, date or tuple from the scope as the FEEL value it means."""
    convert = FOREIGN.get(type(value))
    if convert is None:
        return value
    try:
        return convert(value)
    except (decimal.DecimalException, ValueError):
        return None


class Scope:
    """Which slot holds which name; ``None`` as name is the item of a filter."""

    def __init__(self) -> None:
        self.binders: list[tuple[str | None, int]] = []
        self.size = 0

    def bind(self, name: str | None) -> int:
        """Reserve a slot for a name."""
        slot = len(self.binders)
        self.binders.append((name, slot))
        self.size = max(self.size, slot + 1)
        return slot

    def release(self, count: int = 1) -> None:
        """Forget the last names."""
        del self.binders[len(self.binders) - count :]


Rule = Callable[["Compiler", Any], Run]


class Compiler:
    """Turns nodes into closures.

    ``free`` collects the names that the outer scope may have to give, ``certain`` those that no
    filtered item can give instead.
    """

    def __init__(
        self, text: str, rules: Mapping[type, Rule], trace: Callable[[Node, Run], Run] | None = None
    ) -> None:
        self.text = text
        self.rules = rules
        self.scope = Scope()
        self.free: set[str] = set()
        self.certain: set[str] = set()
        self._trace = trace

    def compile(self, node: Node) -> Run:
        """The closure of a node."""
        run = self.rules[type(node)](self, node)
        return run if self._trace is None else self._trace(node, run)
