"""正则检查: which patterns a form may use: those that both Python and browsers read alike and that
cannot be made to run for minutes by a hostile answer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

from quancheng.core.text import Text

__all__ = ["pattern_problem", "search"]

MAX_LENGTH = 500
MAX_WORK = 50_000_000
"""Steps the worst answer may cost."""
_MANY = 20
_SAMPLE = [*(chr(code) for code in range(32, 127)), "\n", "é", "济", "南", "，", "９"]
_FOREIGN = re.compile(r"\(\?P|\(\?[aiLmsux-]+[:)]|\\[AZ]|[*+?}]\+|\(\?>|\(\?#", re.ASCII)
_REFUSED = {
    "ASSERT": "lookaround", "ASSERT_NOT": "lookaround", "GROUPREF": "backreference",
    "GROUPREF_EXISTS": "condition", "ATOMIC_GROUP": "atomic group", "POSSESSIVE_REPEAT": "possessive repeat",
}  # fmt: skip


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def search(pattern: str, text: str) -> bool:
    """Does the pattern occur in the text (ASCII classes, as in browsers)?"""
    return _compiled(pattern).search(text) is not None


def pattern_problem(pattern: str, longest: int) -> Text | None:
    """What is wrong with a pattern for answers up to ``longest`` characters; None when it is fine."""
    if len(pattern) > MAX_LENGTH:
        return Text(f"正则超过{MAX_LENGTH}个字符", f"the pattern has more than {MAX_LENGTH} characters")
    if _FOREIGN.search(pattern):
        return Text(
            "正则用了浏览器不认识的写法（(?P、(?i)、\\A、\\Z、占有量词）",
            "the pattern uses what browsers do not know ((?P, (?i), \\A, \\Z, possessive repeats)",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = sre.parse(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError, Warning) as wrong:
        return Text(f"正则写错了：{wrong}", f"the pattern is invalid: {wrong}")
    refused = sorted({_REFUSED[name] for name in _names(tree) if name in _REFUSED})
    if refused:
        what = ", ".join(refused)
        return Text(f"正则不能用：{what}", f"a pattern may not use: {what}")
    if _nested(tree, inside=False):
        return Text(
            "正则会灾难性回溯：重复里又套着长度不定的重复或可重叠的分支",
            "the pattern backtracks catastrophically: a repeat within a repeat, or overlapping branches in one",
        )
    degree = _degree(tree) + (0 if pattern.startswith("^") else 1)
    if min(longest, 10_000) ** degree > MAX_WORK:
        return Text(
            "正则里相互重叠的重复太多，长答案会拖慢系统；请加 ^ 或减小 maxLength",
            "too many overlapping repeats for answers of this length; anchor it with ^ or lower maxLength",
        )
    return None


def _parts(node: Any) -> Iterator[tuple[str, Any]]:
    for op, argument in node:
        yield str(op), argument


def _subs(name: str, argument: Any) -> list[Any]:
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return [argument[2]]
    if name == "SUBPATTERN":
        return [argument[3]]
    if name == "BRANCH":
        return list(argument[1])
    if name in {"ASSERT", "ASSERT_NOT"}:
        return [argument[1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _names(node: Any) -> Iterator[str]:
    for name, argument in _parts(node):
        yield name
        for sub in _subs(name, argument):
            yield from _names(sub)


def _nested(node: Any, *, inside: bool) -> bool:
    """A repeat of unknown length, or branches that begin alike, inside a long repeat."""
    for name, argument in _parts(node):
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            low, high, sub = argument
            if inside and int(high) != int(low):
                return True
            if _nested(sub, inside=inside or int(high) > _MANY):
                return True
        elif name == "BRANCH":
            if inside and not _apart(argument[1]):
                return True
            if any(_nested(sub, inside=inside) for sub in argument[1]):
                return True
        elif any(_nested(sub, inside=inside) for sub in _subs(name, argument)):
            return True
    return False


def _apart(branches: list[Any]) -> bool:
    """Every branch begins with a character no other begins with."""
    seen: set[str] = set()
    for branch in branches:
        if not len(branch):
            return False
        first = _characters(*next(_parts(branch)))
        if first is None or first & seen:
            return False
        seen |= first
    return True


def _degree(node: Any) -> int:
    """How many long repeats can share the same characters."""
    sets = [_characters(name, argument) for name, argument in _long(node)]
    known = [one if one is not None else set(_SAMPLE) for one in sets]
    return max((sum(1 for other in known if one & other) for one in known), default=0)


def _long(node: Any) -> Iterator[tuple[str, Any]]:
    for name, argument in _parts(node):
        if name in {"MAX_REPEAT", "MIN_REPEAT"} and int(argument[1]) > _MANY:
            yield name, argument
        else:
            for sub in _subs(name, argument):
                yield from _long(sub)


def _characters(name: str, argument: Any) -> set[str] | None:
    """Sample characters a single-character item or a repeat of such matches; None when unclear."""
    if name == "LITERAL":
        return {chr(argument)}
    if name in {"MAX_REPEAT", "MIN_REPEAT"}:
        inner: set[str] = set()
        for sub_name, sub in _parts(argument[2]):
            part = _characters(sub_name, sub)
            if part is None:
                return None
            inner |= part
        return inner
    if name == "SUBPATTERN":
        first = next(_parts(argument[3]), None)
        return _characters(*first) if first and len(argument[3]) == 1 else None
    if name == "ANY":
        return set(_SAMPLE) - {"\n"}
    if name == "NOT_LITERAL":
        return set(_SAMPLE) - {chr(argument)}
    if name == "IN":
        return _class(argument)
    return None


def _class(argument: Any) -> set[str]:
    found: set[str] = set()
    negated = False
    for name, value in _parts(argument):
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.add(chr(value))
        elif name == "RANGE":
            found |= {one for one in _SAMPLE if value[0] <= ord(one) <= value[1]} | {chr(value[0])}
        else:
            found |= {one for one in _SAMPLE if _in_category(one, str(value))}
    return set(_SAMPLE) - found if negated else found


def _in_category(one: str, category: str) -> bool:
    kinds = {"DIGIT": r"\d", "WORD": r"\w", "SPACE": r"\s"}
    plain = next((kinds[key] for key in kinds if category.endswith(key)), "")
    if not plain:
        return True
    return bool(re.fullmatch(plain, one, re.ASCII)) != ("NOT_" in category)
