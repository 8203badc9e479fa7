"""条件 Conditions of an activation table: ``"yellow"``, ``">= 50"``, ``["red", "orange"]`` … Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "Condition", "Kind", "read_condition"]

COLOURS = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}
"""Warning colours by severity."""
_WRITTEN = re.compile(r"(>=|<=|>|<|!=|==?)?\s*(.+)")
_SPAN = re.compile(r"(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "!=": lambda a, b: a != b,
    "=": lambda a, b: a == b,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input: what it accepts and how it is put in order of severity (类型)."""

    id: str
    accepts: Callable[[Any], bool]
    rank: Callable[[Any], Any]
    ordered: bool


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 4


KINDS: dict[str, Kind] = {
    "colour": Kind("colour", lambda v: isinstance(v, str) and v in COLOURS, lambda v: COLOURS[v], True),
    "number": Kind("number", _is_number, float, True),
    "level": Kind("level", _is_level, lambda v: -int(v), True),
    "flag": Kind("flag", lambda v: isinstance(v, bool), bool, False),
    "text": Kind("text", lambda v: isinstance(v, str), str, False),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one input (条件)."""

    kind: str
    sign: str
    operands: tuple[Any, ...]
    written: str
    amount: str = ""
    """Id of the dated amount compared with, instead of an operand."""

    def holds(self, value: Any, amounts: Mapping[str, float]) -> bool:
        """Whether ``value``, which is of the kind, fulfils it."""
        rank = KINDS[self.kind].rank
        have = rank(value)
        if self.sign == "in":
            return have in {rank(one) for one in self.operands}
        if self.sign == "..":
            return bool(rank(self.operands[0]) <= have <= rank(self.operands[1]))
        wanted = amounts[self.amount] if self.amount else self.operands[0]
        return _COMPARE[self.sign](have, rank(wanted))


def read_condition(kind: str, raw: Any) -> Condition:
    """Read a condition as written in a plan; ValueError says what is wrong with it."""
    if isinstance(raw, list):
        if not raw:
            raise ValueError("空的列表 / an empty list")
        return Condition(kind, "in", tuple(_operand(kind, one) for one in raw), " | ".join(map(str, raw)))
    if not isinstance(raw, str):
        return Condition(
            kind, "=", (_operand(kind, raw),), str(raw).lower() if isinstance(raw, bool) else str(raw)
        )
    text = raw.strip()
    if kind == "text":
        return Condition(kind, "=", (_operand(kind, text),), text)
    if kind == "number" and (span := _SPAN.fullmatch(text)):
        low, high = float(span[1]), float(span[2])
        if low > high:
            raise ValueError(f"{raw!r}: 下限大于上限 / the lower end is above the upper")
        return Condition(kind, "..", (low, high), text)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{raw!r}: 读不懂的条件 / not a condition")
    sign = (found[1] or "=").replace("==", "=")
    if sign not in {"=", "!="} and not KINDS[kind].ordered:
        raise ValueError(f"{raw!r}: {kind} 不能比较大小 / has no order")
    if found[2].startswith("@"):
        if kind != "number":
            raise ValueError(f"{raw!r}: 只有 number 可以引用参数 / only numbers take dated amounts")
        return Condition(kind, sign, (), text, amount=found[2][1:])
    return Condition(kind, sign, (_operand(kind, found[2]),), text)


def _operand(kind: str, raw: Any) -> Any:
    value: Any = raw
    if isinstance(raw, str) and kind in {"number", "level"}:
        try:
            value = int(raw) if kind == "level" else float(raw)
        except ValueError:
            value = raw
    if isinstance(raw, str) and kind == "flag":
        value = {"true": True, "false": False}.get(raw, raw)
    if not KINDS[kind].accepts(value):
        raise ValueError(f"{raw!r} 不是 {kind} / is not a {kind}")
    return value
