"""The budget of an evaluation and what it may know of the world (clock, functions, types)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import FeelLimitError

if TYPE_CHECKING:
    from .types import Type

MAX_WARNINGS = 200
MAX_WARNING = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one evaluation; reading is bounded by length and depth as well.

    ``max_steps`` counts iterations, calls and list items touched; ``max_text`` bounds strings
    that an expression builds.
    """

    max_length: int = 20_000
    max_depth: int = 200
    max_steps: int = 300_000
    max_items: int = 100_000
    max_text: int = 1_000_000


class Environment:
    """What an evaluation is given besides its scope; collects warnings.

    ``now`` is the clock of ``now()`` and ``today()``: never read from the machine. ``functions``
    are extra functions by name, ``types`` the named types for ``instance of``. The step budget is
    shared by all evaluations nested in one another with the same environment.
    """

    __slots__ = ("active", "calls", "functions", "limits", "now", "steps", "types", "warnings")

    def __init__(
        self,
        now: datetime | None = None,
        limits: Limits | None = None,
        functions: Mapping[str, Any] | None = None,
        types: Mapping[str, Type] | None = None,
    ) -> None:
        self.now = now
        self.limits = limits or Limits()
        self.functions: Mapping[str, Any] = functions or {}
        self.types: Mapping[str, Type] = types or {}
        self.warnings: list[str] = []
        self.steps = 0
        self.active = 0
        self.calls = 0

    def warn(self, zh: str, en: str) -> None:
        """Note why something became null; capped, so that a loop cannot flood."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(f"{zh[:MAX_WARNING]} / {en[:MAX_WARNING]}")

    def tick(self, amount: int = 1) -> None:
        """Pay for work; :class:`FeelLimitError` when the budget is used up."""
        self.steps += amount
        if self.steps > self.limits.max_steps:
            raise FeelLimitError("计算步数超过上限", "too many evaluation steps")

    def check_items(self, amount: int) -> None:
        """Refuse lists longer than allowed."""
        if amount > self.limits.max_items:
            raise FeelLimitError("列表元素超过上限", "too many list items")

    def check_text(self, length: int) -> None:
        """Refuse strings longer than allowed."""
        if length > self.limits.max_text:
            raise FeelLimitError("文本长度超过上限", "the text built is too long")
