"""Functions defined in FEEL; they remember the local variables around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..limits import Environment
from .function import Closure, Parameter


class Lambda(Closure):
    """A closure with the slots it captured, so that a context can tell it its own name."""

    __slots__ = ("slots",)

    def __init__(
        self,
        parameters: Sequence[Parameter],
        slots: list[Any],
        apply: Callable[[Sequence[Any], Environment], Any],
    ) -> None:
        super().__init__("function", parameters, apply)
        self.slots = slots
