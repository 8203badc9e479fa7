"""Types of FEEL: what a value is an instance of, and the implicit conversions (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .limits import Environment
from .values.function import Function
from .values.kinds import KINDS, type_name
from .values.range import Range
from .values.temporal import Date, DateTime, Time

SIMPLE = frozenset({*KINDS.values(), "function"}) - {"null"}
ALIASES = {
    "days and time duration": "days and time duration",
    "day time duration": "days and time duration",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "dateTime": "date and time",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type: ``name`` is ``Any``, ``Null``, a simple type, ``list``, ``range``, ``context``,
    ``function`` or the name of a type that the environment knows.

    ``element`` is that of a list or range, ``entries`` those of a context, ``parameters`` and
    ``result`` those of a function. None means anything.
    """

    name: str
    element: Type | None = None
    entries: tuple[tuple[str, Type], ...] | None = None
    parameters: tuple[Type, ...] | None = None
    result: Type | None = None
    # Filled by layers above FEEL: an extra test that a value must pass (allowed values).
    check: Any = field(default=None, compare=False)

    def __str__(self) -> str:
        if self.name == "context" and self.entries is not None:
            return "context<" + ", ".join(f"{name}: {kind}" for name, kind in self.entries) + ">"
        if self.name == "function" and self.parameters is not None:
            return f"function<{', '.join(map(str, self.parameters))}>->{self.result or ANY}"
        return f"{self.name}<{self.element}>" if self.element else self.name


ANY = Type("Any")


def list_of(element: Type) -> Type:
    """``list<element>``."""
    return Type("list", element=element)


def context_of(entries: Sequence[tuple[str, Type]]) -> Type:
    """``context<name: type, ...>``."""
    return Type("context", entries=tuple(entries))


def is_instance(value: Any, kind: Type, env: Environment) -> bool:
    """FEEL ``instance of``: null is an instance of ``Null`` only."""
    if value is None:
        return resolve(kind, env).name == "Null"
    return conforms(value, kind, env)


def resolve(kind: Type, env: Environment) -> Type:
    """The type behind a name that the environment knows (at most some steps, names may loop)."""
    for _ in range(20):
        known = env.types.get(kind.name)
        if known is None or known is kind:
            return kind
        kind = known
    return kind


def conforms(value: Any, kind: Type, env: Environment) -> bool:
    """Whether ``value`` may stand where ``kind`` is expected; null always may."""
    if value is None:
        return True
    env.tick()
    kind = resolve(kind, env)
    return _fits(value, kind, env) and (kind.check is None or kind.check(value) is True)


def _fits(value: Any, kind: Type, env: Environment) -> bool:
    if kind.name == "Any":
        return True
    if type_name(value) != kind.name:
        return False
    if isinstance(value, list):
        element = kind.element
        return element is None or all(conforms(item, element, env) for item in value)
    if isinstance(value, dict):
        return _fits_context(value, kind, env)
    if isinstance(value, Range):
        bounds = (value.start, value.end)
        return kind.element is None or all(conforms(bound, kind.element, env) for bound in bounds)
    return not isinstance(value, Function) or _fits_function(value, kind)


def _fits_context(value: dict[str, Any], kind: Type, env: Environment) -> bool:
    return kind.entries is None or all(
        name in value and conforms(value[name], expected, env) for name, expected in kind.entries
    )


def _fits_function(value: Function, kind: Type) -> bool:
    if kind.parameters is None:
        return True
    if not value.accepts(len(kind.parameters)):
        return False
    given = zip(value.parameters, kind.parameters, strict=False)
    return all(p.type is None or ANY in (p.type, expected) or p.type == expected for p, expected in given)


def convert(value: Any, kind: Type, env: Environment) -> tuple[bool, Any]:
    """(fits, value) after the implicit conversions: singleton list to item, item to list, date to moment."""
    if conforms(value, kind, env):
        return True, value
    wanted = resolve(kind, env)
    if wanted.name == "list" and not isinstance(value, list):
        return (True, [value]) if conforms([value], wanted, env) else (False, None)
    if isinstance(value, list):
        # A list of one stands for its item, but not a list of a list of one.
        single = len(value) == 1 and wanted.name != "list" and not isinstance(value[0], list)
        return convert(value[0], wanted, env) if single else (False, None)
    if wanted.name == "date and time" and isinstance(value, Date):
        return True, DateTime(value, Time(0, 0, 0, 0, 0))
    return False, None
