"""指标目录: the definitions are the ``[[indicator]]`` rows of the modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from quancheng.capabilities.indicators.values import DOWN, UP, Value, value_of
from quancheng.core.text import Text
from quancheng.kernel import registry
from quancheng.kernel.errors import NotFound

_UNITS = dict.fromkeys(("人", "条", "起", "张", "件", "个", "次", "家", "项", "站", "处", "路", "笔", "行", "对", "格", "份", "部"), "") | {
    "分钟": "min", "小时": "h", "天": "days", "工作日": "working days", "秒": "s", "分": "points", "毫米": "mm", "万人": "×10⁴",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """一项指标: what it is called, where it comes from and what is good."""

    id: str
    text: Text
    unit: str
    function: str
    module: str
    module_text: Text
    target: float | None
    direction: str
    evidence: str

    @property
    def unit_text(self) -> Text:
        """The unit in both languages; counters have none in English."""
        return Text(self.unit, _UNITS.get(self.unit, self.unit))

    @property
    def meaning(self) -> str:
        """The words of the function's documentation."""
        return (self.call().__doc__ or "").strip().partition("\n\n")[0]

    def call(self) -> Callable[[], Any]:
        """The function; raises ImportError or AttributeError when there is none."""
        dotted, _, name = self.function.partition(":")
        found: Callable[[], Any] = getattr(import_module(dotted), name)
        return found

    def compute(self) -> Value:
        """The value now; raises what the function raises and BadIndicator."""
        return value_of(self.call()(), self.unit)

    def reached(self, value: float | None) -> bool | None:
        """Whether a value meets the target; None without one or where no way is better."""
        if value is None or self.target is None or self.direction not in {UP, DOWN}:
            return None
        return value >= self.target if self.direction == UP else value <= self.target


def definitions() -> list[Definition]:
    """All indicators, in module order."""
    return [_definition(owner, row) for owner, row in registry.items("indicator")]


def definition(ident: str) -> Definition:
    """One indicator; raises NotFound."""
    for one in definitions():
        if one.id == ident:
            return one
    raise NotFound(Text(f"没有指标 {ident[:60]}。", f"There is no indicator {ident[:60]}."))


def _definition(owner: Any, row: Any) -> Definition:
    return Definition(
        id=row.id,
        text=Text(row.zh, row.en),
        unit=row.unit,
        function=row.function,
        module=owner.name,
        module_text=owner.text,
        target=row.target,
        direction=row.direction,
        evidence=row.evidence or "",
    )
