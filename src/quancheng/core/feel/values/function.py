"""Functions as values: built in, defined in FEEL, or given from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..limits import Environment
    from ..types import Type


@dataclass(frozen=True, slots=True)
class Parameter:
    """A formal parameter; without type it takes anything."""

    name: str
    type: Type | None = None


class Function:
    """Anything that can be called; see :class:`Closure` and the built-in functions."""

    __slots__ = ("name", "parameters", "result")

    def __init__(self, name: str, parameters: Sequence[Parameter], result: Type | None = None) -> None:
        self.name = name
        self.parameters = tuple(parameters)
        self.result = result

    def call(self, arguments: Sequence[Any], env: Environment) -> Any:
        """Call with arguments by position; null and a warning when they do not fit."""
        raise NotImplementedError

    def call_named(self, arguments: Mapping[str, Any], env: Environment) -> Any:
        """Call with arguments by name."""
        known = [parameter.name for parameter in self.parameters]
        unknown = [name for name in arguments if name not in known]
        if unknown:
            env.warn(f"函数 {self.name} 没有参数“{unknown[0]}”", f"{self.name} has no parameter {unknown[0]}")
            return None
        return self.call([arguments.get(name) for name in known], env)

    def accepts(self, count: int) -> bool:
        """Whether it can be called with ``count`` arguments."""
        return count == len(self.parameters)


class Closure(Function):
    """A function given by a Python callable that takes (arguments, env)."""

    __slots__ = ("apply",)

    def __init__(
        self,
        name: str,
        parameters: Sequence[Parameter],
        apply: Callable[[Sequence[Any], Environment], Any],
        result: Type | None = None,
    ) -> None:
        super().__init__(name, parameters, result)
        self.apply = apply

    def call(self, arguments: Sequence[Any], env: Environment) -> Any:
        from ..types import convert

        if len(arguments) != len(self.parameters):
            env.warn(
                f"函数 {self.name} 需要 {len(self.parameters)} 个参数，给了 {len(arguments)} 个",
                f"{self.name} takes {len(self.parameters)} arguments, {len(arguments)} given",
            )
            return None
        values = list(arguments)
        for index, parameter in enumerate(self.parameters):
            if parameter.type is None or values[index] is None:
                continue
            fits, values[index] = convert(values[index], parameter.type, env)
            if not fits:
                env.warn(
                    f"函数 {self.name} 的参数“{parameter.name}”类型不符",
                    f"argument {parameter.name} of {self.name} has the wrong type",
                )
                return None
        env.tick()
        return self.apply(values, env)


def native(name: str, parameters: Sequence[str], body: Callable[..., Any]) -> Closure:
    """A FEEL function of a Python function that takes FEEL values and gives one back."""
    return Closure(name, [Parameter(p) for p in parameters], lambda arguments, _env: body(*arguments))
