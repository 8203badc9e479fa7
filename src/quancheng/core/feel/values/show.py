"""Values as FEEL text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..errors import FeelLimitError
from .duration import DaysTimeDuration, YearsMonthsDuration
from .function import Function
from .range import Range
from .temporal import Date, DateTime, Time

MAX_TEXT = 1_000_000

_TEMPORAL = (Date, Time, DateTime, DaysTimeDuration, YearsMonthsDuration)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def number_text(value: Decimal) -> str:
    """Plain digits without exponent or superfluous zeros; very long ones keep the exponent."""
    if not value:
        return "0"
    if abs(value.adjusted()) > 60:
        return str(value.normalize())
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """A FEEL string literal."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def _plain_name(name: str) -> bool:
    return bool(name) and name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()


def _readable_name(name: str) -> bool:
    return bool(name) and not any(character in name for character in '":,{}[]\\\n')


class _Writer:
    """Writes a value in pieces and gives up when it gets too long (values may share parts)."""

    def __init__(self, literal: bool, limit: int) -> None:
        self.pieces: list[str] = []
        self.literal = literal
        self.left = limit

    def add(self, text: str) -> None:
        """One more piece."""
        self.left -= len(text)
        if self.left < 0:
            raise FeelLimitError("文本长度超过上限", "the text built is too long")
        self.pieces.append(text)

    def write(self, value: Any) -> None:
        """A value and all below."""
        if isinstance(value, list):
            self._items("[", [("", item) for item in value], "]")
        elif isinstance(value, dict):
            self._items("{", [(self._key(name), item) for name, item in value.items()], "}")
        elif isinstance(value, Range):
            self._range(value)
        else:
            self.add(self._simple(value))

    def _key(self, name: str) -> str:
        plain = _plain_name(name) if self.literal else _readable_name(name)
        return f"{name if plain else quoted(name)}: "

    def _items(self, opening: str, items: list[tuple[str, Any]], closing: str) -> None:
        self.add(opening)
        for place, (key, item) in enumerate(items):
            self.add((", " if place else "") + key)
            self.write(item)
        self.add(closing)

    def _range(self, value: Range) -> None:
        one_sided = value.start is None or value.end is None
        if value.excluding or (one_sided and value.start is not value.end):
            if value.excluding:
                sign, bound = "!=", value.start
            elif value.start is None:
                sign, bound = "<=" if value.end_included else "<", value.end
            else:
                sign, bound = ">=" if value.start_included else ">", value.start
            self.add(f"({sign}")
            self.write(bound)
            self.add(")")
            return
        self.add("[" if value.start_included else "(")
        self.write(value.start)
        self.add("..")
        self.write(value.end)
        self.add("]" if value.end_included else ")")

    def _simple(self, value: Any) -> str:
        if value is None or isinstance(value, bool):
            return "null" if value is None else str(value).lower()
        if isinstance(value, Decimal):
            return number_text(value)
        if isinstance(value, _TEMPORAL):
            return f'@"{value}"' if self.literal else str(value)
        if isinstance(value, Function):
            return f"function({', '.join(parameter.name for parameter in value.parameters)}) ..."
        return quoted(str(value))


def _text(value: Any, literal: bool, limit: int) -> str:
    writer = _Writer(literal, limit)
    try:
        writer.write(value)
    except RecursionError:
        raise FeelLimitError("值嵌套过深", "the value is nested too deeply") from None
    return "".join(writer.pieces)


def display(value: Any, limit: int = MAX_TEXT) -> str:
    """The FEEL literal of a value; reading it gives the value back (functions excepted).

    Raises :class:`FeelLimitError` when the text would be longer than ``limit``.
    """
    return _text(value, True, limit)


def text_of(value: Any, limit: int = MAX_TEXT) -> str:
    """What ``string(value)`` gives: strings and dates bare, collections with their strings quoted."""
    return value if isinstance(value, str) else _text(value, False, limit)
