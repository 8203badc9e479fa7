"""FEEL as the engine uses it: parsed once, given only the variables it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from quancheng.core import feel
from quancheng.core.text import Text

from .errors import FlowLimitError, Rejected

__all__ = ["MISSING", "Expr", "environment", "is_word", "plain"]

MISSING: Final = object()
_WORD: Final = re.compile(r"[^\W\d]\w*")
_TEMPORAL: Final = (
    date,
    time,
    timedelta,
    feel.Date,
    feel.Time,
    feel.DateTime,
    feel.DaysTimeDuration,
    feel.YearsMonthsDuration,
)
_KEYWORDS: Final = frozenset(
    [
        "if",
        "then",
        "else",
        "for",
        "return",
        "some",
        "every",
        "in",
        "satisfies",
        "and",
        "or",
        "not",
        "true",
        "false",
        "null",
        "function",
        "between",
        "instance",
        "of",
    ]
)
_DEEPEST: Final = 100
_TOO_DEEP: Final = Text("数据嵌套过深。", "The data is nested too deep.")


def is_word(name: str) -> bool:
    """Whether a name can stand as one word in FEEL."""
    return _WORD.fullmatch(name) is not None


class Expr:
    """One FEEL expression of a model (表达式)."""

    __slots__ = ("_parsed", "names", "text")

    def __init__(self, text: str, names: tuple[str, ...] = ()) -> None:
        """Parse; :class:`feel.FeelSyntaxError` with the reason when it is not FEEL."""
        self.text = text
        self._parsed = feel.parse(text, names=names)
        # A variable may be called like a function of FEEL ("number"); then it is no free name.
        self.names = tuple(sorted({*self._parsed.names, *_WORD.findall(text)} - _KEYWORDS))

    def value(self, lookup: Callable[[str], Any], env: Any) -> Any:
        """The FEEL value; a name unknown to ``lookup`` (it gives MISSING) is null."""
        scope = {}
        for name in self.names:
            found = lookup(name)
            if found is not MISSING:
                scope[name] = feel.from_json(found)
        try:
            return self._parsed.evaluate(scope, env)
        except feel.FeelLimitError as error:
            raise FlowLimitError(error.text) from None

    def json(self, lookup: Callable[[str], Any], env: Any) -> Any:
        """The value as JSON, the form in which a case keeps it."""
        value = self.value(lookup, env)
        try:
            return feel.to_json(value)
        except feel.FeelLimitError as error:
            raise FlowLimitError(error.text) from None

    def holds(self, lookup: Callable[[str], Any], env: Any) -> bool:
        """Whether the value is true; null and everything else is not."""
        return self.value(lookup, env) is True


def environment(at: datetime) -> Any:
    """The environment of all expressions of one step: its clock is the time of the event."""
    return feel.Environment(now=at)


def plain(value: Any, depth: int = 0) -> Any:
    """A value from outside as pure JSON; :class:`Rejected` for what JSON cannot say."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Rejected(Text("数据含有非数值的数。", "The data has a number that is none."))
        return value
    if depth > _DEEPEST:
        raise Rejected(_TOO_DEEP)
    if isinstance(value, dict):
        return {_key(key): plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, depth + 1) for part in value]
    if isinstance(value, Decimal) and value.is_finite():
        return feel.to_json(value)
    if isinstance(value, _TEMPORAL):
        return feel.to_json(feel.from_json(value))
    name = type(value).__name__
    raise Rejected(
        Text(f"数据含有无法保存的类型“{name}”。", f"The data has a “{name}”, which cannot be kept.")
    )


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise Rejected(Text("数据的键须为文字。", "Keys of the data must be text."))
    return key
