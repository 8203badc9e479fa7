"""条件 Conditions of an activation table: ``"yellow"``, ``">= 50"``, ``["red", "orange"]`` … Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.core.text import Text

__all__ = ["KINDS", "Condition", "Input", "Kind", "read_condition", "said"]

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
class Input:
    """Something rows may ask about (条件项)."""

    id: str
    kind: str
    name: Text
    unit: str = ""


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
        written = str(raw).lower() if isinstance(raw, bool) else str(raw)
        return Condition(kind, "=", (_operand(kind, raw),), written)
    text = raw.strip()
    if kind == "text":
        return Condition(kind, "=", (_operand(kind, text),), text)
    if kind == "number" and (span := _SPAN.fullmatch(text)):
        low, high = _operand(kind, span[1]), _operand(kind, span[2])
        if low > high:
            raise ValueError(f"{raw!r}: 下限大于上限 / the lower end is above the upper")
        return Condition(kind, "..", (low, high), text)
    return _comparison(kind, text)


def _comparison(kind: str, text: str) -> Condition:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: 读不懂的条件 / not a condition")
    sign = (found[1] or "=").replace("==", "=")
    if sign not in {"=", "!="} and not KINDS[kind].ordered:
        raise ValueError(f"{text!r}: {kind} 不能比较大小 / has no order")
    if not found[2].startswith("@"):
        return Condition(kind, sign, (_operand(kind, found[2]),), text)
    if kind != "number":
        raise ValueError(f"{text!r}: 只有 number 可以引用参数 / only numbers take dated amounts")
    return Condition(kind, sign, (), text, amount=found[2][1:])


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


# -- as people read it ------------------------------------------------------------------------
_COLOUR_WORDS = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
_ROMAN = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
_SIGNS = {
    "=": ("为", "is"),
    "!=": ("不为", "is not"),
    ">=": ("≥", "≥"),
    "<=": ("≤", "≤"),
    ">": (">", ">"),
    "<": ("<", "<"),
}
_SEVERITY = {
    ">=": ("达到或重于", "is at least"),
    ">": ("重于", "is worse than"),
    "<=": ("不重于", "is at most"),
    "<": ("轻于", "is milder than"),
}


_HAN = re.compile("[\u3400-\u9fff]")


def said(about: Input, condition: Condition, amounts: Mapping[str, Text]) -> Text:
    """``过去3小时雨量 ≥ 50 mm`` / ``Rain of three hours ≥ 50 mm``."""
    values = [_word(condition.kind, one) for one in condition.operands]
    unit = f" {about.unit}" if about.unit else ""
    latin = unit if not _HAN.search(unit) else ""  # a Chinese counter has no English
    if condition.kind == "flag":
        yes = condition.operands[0] == (condition.sign == "=")
        return Text(f"{about.name.zh}:{'是' if yes else '否'}", f"{about.name.en}: {'yes' if yes else 'no'}")
    if condition.amount:
        unknown = Text(f"参数 {condition.amount}", f"parameter {condition.amount}")
        values = [amounts.get(condition.amount, unknown)]
    if condition.sign == "in":
        zh, en = "、".join(v.zh for v in values), " or ".join(v.en for v in values)
        return Text(f"{about.name.zh}为{zh}之一", f"{about.name.en} is {en}")
    if condition.sign == "..":
        low, high = values
        return Text(f"{about.name.zh} {low.zh}–{high.zh}{unit}", f"{about.name.en} {low.en}–{high.en}{latin}")
    severity = condition.kind in {"colour", "level"} and condition.sign in _SEVERITY
    sign = (_SEVERITY if severity else _SIGNS)[condition.sign]
    gap = " " if condition.kind == "number" else ""
    return Text(
        f"{about.name.zh}{gap}{sign[0]}{gap}{values[0].zh}{unit}",
        f"{about.name.en} {sign[1]} {values[0].en}{latin}",
    )


def _word(kind: str, value: Any) -> Text:
    if kind == "colour":
        return Text(_COLOUR_WORDS[value], str(value))
    if kind == "level":
        return Text(f"{_ROMAN[value]}级", f"level {_ROMAN[value]}")
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    return Text(text, text)
