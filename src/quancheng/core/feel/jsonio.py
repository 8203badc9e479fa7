"""FEEL values as JSON values and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .errors import FeelLimitError
from .frame import adopt
from .values.duration import DaysTimeDuration, YearsMonthsDuration
from .values.range import Range
from .values.show import display
from .values.temporal import Date, DateTime, Time

MAX_VALUES = 1_000_000


def from_json(value: Any) -> Any:
    """JSON as FEEL: numbers become Decimal, arrays lists, objects contexts. Texts stay texts."""
    if isinstance(value, dict):
        return {str(key): from_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [from_json(item) for item in value]
    return adopt(value)


def to_json(value: Any) -> Any:
    """FEEL as JSON: whole numbers as int, others as float, dates and durations as ISO texts.

    A number with more digits than a float holds loses the rest; ranges and functions become
    their FEEL text.
    """
    try:
        return _Writer().write(value)
    except RecursionError:
        raise FeelLimitError("值嵌套过深", "the value is nested too deeply") from None


class _Writer:
    """Counts what it writes: values may share parts, and JSON cannot."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def write(self, value: Any) -> Any:
        """One value and all below."""
        self.left -= 1
        if self.left < 0:
            raise FeelLimitError("值过大，无法转换为 JSON", "the value is too large for JSON")
        if isinstance(value, list):
            return [self.write(item) for item in value]
        if isinstance(value, dict):
            return {name: self.write(item) for name, item in value.items()}
        return _simple(value)


def _simple(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.adjusted() < 34 else float(value)
    if isinstance(value, Date | Time | DateTime | DaysTimeDuration | YearsMonthsDuration):
        return str(value)
    return display(value) if isinstance(value, Range) else display(adopt(value))
