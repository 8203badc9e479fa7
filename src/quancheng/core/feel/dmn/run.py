"""One evaluation in progress (求值过程): environment, values known so far, trace, bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from quancheng.core.text import Text

from ..errors import FeelLimitError
from ..limits import Environment
from ..types import Type, convert
from .outcome import Explanation, Step, TableUse
from .place import told

__all__ = ["Code", "Names", "Run", "Scope"]

Scope: TypeAlias = dict[str, Any]
Names: TypeAlias = tuple[str, ...]

#: Calls of functions of the model within one another; each costs a dozen Python frames.
DEEPEST_CALLS: Final = 60
#: Steps and tables an explanation keeps; further ones are evaluated but not told.
MOST_TOLD: Final = 2_000


@dataclass(slots=True)
class _Open:
    """A step whose value isn't known yet."""

    name: str
    tables: list[TableUse] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class Run:
    """What compiled expressions are given besides their scope."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._depth = 0
        self._told = 0
        self._open = [_Open("")]

    def explanation(self) -> Explanation:
        """Everything told so far."""
        return Explanation(tuple(self._open[0].steps))

    def warn(self, where: str, text: Text) -> None:
        """Say why something is null."""
        placed = told(where, text)
        self.env.warn(placed.zh, placed.en)

    def tell(self, use: TableUse) -> None:
        """Keep one use of a table for the explanation."""
        if self._told < MOST_TOLD:
            self._told += 1
            self._open[-1].tables.append(use)

    def step(self, name: str, given: Mapping[str, object], work: Callable[[], Any]) -> Any:
        """Do ``work`` as a step of its own in the explanation."""
        self._open.append(_Open(name))
        value: Any = None
        try:
            value = work()
        finally:
            done = self._open.pop()
        if self._told < MOST_TOLD:
            self._told += 1
            step = Step(name, given, value, tuple(done.tables), tuple(done.steps))
            self._open[-1].steps.append(step)
        return value

    @contextmanager
    def within(self, types: Mapping[str, Type]) -> Iterator[None]:
        """Evaluate for a document that knows these types, one call deeper."""
        before = self.env.types
        self._depth += 1
        if self._depth > DEEPEST_CALLS:
            self._depth -= 1
            raise FeelLimitError(
                "决策与函数嵌套调用过深", "decisions and functions call one another too deep"
            )
        self.env.types = types
        try:
            yield
        finally:
            self._depth -= 1
            self.env.types = before

    def coerce(self, value: Any, kind: Type | None, where: str) -> Any:
        """The value as ``kind`` (DMN 1.5, 10.3.2.9.4); null and a warning when it doesn't conform."""
        if kind is None or value is None or kind.name == "Any":
            return value
        fits, converted = convert(value, kind, self.env)
        if not fits:
            self.warn(where, Text(f"值不符合类型 {kind}", f"the value does not conform to {kind}"))
        return converted


Code: TypeAlias = Callable[[Scope, Run], Any]
