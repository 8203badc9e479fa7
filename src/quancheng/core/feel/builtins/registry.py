"""How built-in functions are declared: signatures with types, overloads, named arguments.

A signature is written like ``"string: string, start position: number, length?: number"``.
``?`` marks an optional parameter, ``|null`` one that may be null, ``/`` alternatives of type.
``*list: list`` takes one list or any number of items; ``+lists: list`` any number of arguments.
Arguments are converted as the specification says: item to list, list of one to item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..values.duration import DaysTimeDuration, YearsMonthsDuration
from ..values.function import Closure, Function, Parameter
from ..values.range import Range
from ..values.temporal import Date, DateTime, Time

Body = Callable[..., Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "any": (),
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "list": (list,),
    "context": (dict,),
    "range": (Range,),
    "date": (Date,),
    "time": (Time,),
    "moment": (DateTime,),
    "days": (DaysTimeDuration,),
    "months": (YearsMonthsDuration,),
}

BUILTINS: dict[str, Builtin] = {}


@dataclass(frozen=True, slots=True)
class _Formal:
    name: str
    types: tuple[type, ...]
    function: bool
    optional: bool
    nullable: bool
    mark: str

    @staticmethod
    def parse(text: str) -> _Formal:
        name, _, kind = (part.strip() for part in text.partition(":"))
        mark = name[0] if name[0] in "*+" else ""
        optional = name.endswith("?")
        nullable = kind.endswith("|null")
        kinds = kind.removesuffix("|null").split("/")
        types = tuple(one for k in kinds if k != "function" for one in _TYPES[k])
        nullable = nullable or kinds == ["any"]
        return _Formal(name.strip("*+?"), types, "function" in kinds, optional, nullable, mark)

    def take(self, value: Any) -> tuple[bool, Any]:
        """(fits, value) after implicit conversion."""
        if value is None:
            return self.nullable, None
        if (not self.types and not self.function) or type(value) in self.types:
            return True, value
        if self.function and isinstance(value, Function):
            return True, value
        if list in self.types:
            return True, [value]
        if type(value) is list and len(value) == 1 and value[0] is not None:
            return self.take(value[0])
        return False, None


@dataclass(frozen=True, slots=True)
class _Overload:
    formals: tuple[_Formal, ...]
    body: Body

    def by_position(self, arguments: Sequence[Any]) -> list[Any] | None:
        formals = self.formals
        last = formals[-1] if formals else None
        if last is not None and last.mark:
            fixed = formals[:-1]
            rest = self._rest(last, list(arguments[len(fixed) :]))
            head = self._bind(fixed, arguments[: len(fixed)])
            return None if rest is None or head is None else [*head, rest]
        if len(arguments) > len(formals):
            return None
        return self._bind(formals, arguments)

    @staticmethod
    def _rest(formal: _Formal, rest: list[Any]) -> list[Any] | None:
        if not rest:
            return None
        if formal.mark == "*" and len(rest) == 1:
            return formal.take(rest[0])[1]  # type: ignore[no-any-return]
        if formal.mark == "*":
            return rest
        taken = [formal.take(value) for value in rest]
        return [value for _, value in taken] if all(fits for fits, _ in taken) else None

    @staticmethod
    def _bind(formals: Sequence[_Formal], arguments: Sequence[Any]) -> list[Any] | None:
        values: list[Any] = []
        for index, formal in enumerate(formals):
            if index >= len(arguments):
                if not formal.optional:
                    return None
                break
            fits, value = formal.take(arguments[index])
            if not fits:
                return None
            values.append(value)
        return values

    def by_name(self, arguments: Mapping[str, Any]) -> list[Any] | None:
        values: list[Any] = []
        used = 0
        for formal in self.formals:
            if formal.name not in arguments:
                if not formal.optional:
                    return None
                values.append(None)
                continue
            fits, value = formal.take(arguments[formal.name])
            if not fits:
                return None
            values.append(value)
            used += 1
        return values if used == len(arguments) else None


class Builtin(Function):
    """A function of the specification."""

    __slots__ = ("overloads",)

    def __init__(self, name: str) -> None:
        super().__init__(name, ())
        self.overloads: list[_Overload] = []

    def add(self, signature: str, body: Body) -> None:
        """Declare one more way to call it."""
        formals = tuple(_Formal.parse(part) for part in signature.split(",") if part.strip())
        self.overloads.append(_Overload(formals, body))
        if len(self.overloads) == 1:
            self.parameters = tuple(Parameter(formal.name) for formal in formals)

    def call(self, arguments: Sequence[Any], env: Environment) -> Any:
        for overload in self.overloads:
            values = overload.by_position(arguments)
            if values is not None:
                return self._apply(overload.body, values, env)
        return self._misfit(env)

    def call_named(self, arguments: Mapping[str, Any], env: Environment) -> Any:
        for overload in self.overloads:
            values = overload.by_name(arguments)
            if values is not None:
                return self._apply(overload.body, values, env)
        return self._misfit(env)

    def accepts(self, count: int) -> bool:
        for overload in self.overloads:
            required = sum(not formal.optional for formal in overload.formals)
            if required <= count <= len(overload.formals) or any(f.mark for f in overload.formals):
                return True
        return False

    def _misfit(self, env: Environment) -> None:
        env.warn(f"函数 {self.name} 的参数个数、名称或类型不符", f"the arguments of {self.name} do not fit")

    def _apply(self, body: Body, values: list[Any], env: Environment) -> Any:
        env.tick()
        try:
            result = body(env, *values)
        except (ArithmeticError, ValueError):
            result = None
        if result is None:
            env.warn(f"函数 {self.name} 没有结果", f"{self.name} has no result for these arguments")
        return result


def builtin(name: str, *signatures: str) -> Callable[[Body], Body]:
    """Declare a function under ``name``; the body takes (env, *arguments)."""

    def declare(body: Body) -> Body:
        function = BUILTINS.setdefault(name, Builtin(name))
        for signature in signatures:
            function.add(signature, body)
        return body

    return declare


def truth_of(function: Function, arguments: Sequence[Any], env: Environment) -> bool | None:
    """The boolean that a predicate gives; None when it gives none."""
    found = function.call(arguments, env)
    return found if isinstance(found, bool) else None


__all__ = ["BUILTINS", "Builtin", "Closure", "builtin", "truth_of"]
