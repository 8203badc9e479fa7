"""What the cells of one column can tell apart (区间分析): a domain cut into finitely many pieces, each with a witness.

The constants of all cells cut an ordered domain into points and the open intervals between them; texts and
booleans into the values named and all others. Every cell is constant on a piece, so running it on the piece's
witness decides the whole piece: the analysis agrees with the engine by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, Final

from quancheng.core import feel

from ..errors import FeelError
from ..nodes import AnyTest, CompareTest, ListNode, Node, NotTest, RangeNode, Tests, ValueTest
from ..values.calendar import MAX_YEAR, from_days
from ..values.duration import DaysTimeDuration, YearsMonthsDuration
from ..values.kinds import compare, equal, type_name
from ..values.temporal import Date

__all__ = ["constant", "constants", "holds", "pieces"]

#: A constant that takes more work than this isn't one for the linter.
_CHEAP: Final = feel.Limits(max_steps=5_000, max_items=5_000, max_text=10_000)

#: Texts that stand for "any other", tried in turn.
_OTHERS: Final = ("其他", "other", "…")


@dataclass(frozen=True, slots=True)
class _Line:
    """An ordered domain: a value before, between and after others; None when there is none."""

    before: Callable[[Any], Any]
    between: Callable[[Any, Any], Any]
    after: Callable[[Any], Any]


def _day(number: int) -> Date | None:
    year, month, day = from_days(number)
    return Date(year, month, day) if abs(year) <= MAX_YEAR else None


def _middle(a: int, b: int) -> int | None:
    return (a + b) // 2 if b - a > 1 else None


def _day_between(a: Date, b: Date) -> Date | None:
    middle = _middle(a.days, b.days)
    return None if middle is None else _day(middle)


def _span_between(a: DaysTimeDuration, b: DaysTimeDuration) -> DaysTimeDuration | None:
    middle = _middle(a.nanos, b.nanos)
    return None if middle is None else DaysTimeDuration(middle)


def _months_between(a: YearsMonthsDuration, b: YearsMonthsDuration) -> YearsMonthsDuration | None:
    middle = _middle(a.months, b.months)
    return None if middle is None else YearsMonthsDuration(middle)


def _number_between(a: Decimal, b: Decimal) -> Decimal | None:
    """A short number between the two: whole when there is one."""
    whole = Decimal(int(a) + 1) if a >= 0 else Decimal(int(a))
    for candidate in (whole, (a + b) / 2):
        if a < candidate < b:
            return candidate
    return None


_HOUR: Final = 3_600_000_000_000
_LINES: Final[dict[str, _Line]] = {
    "number": _Line(lambda a: a - 1, _number_between, lambda a: a + 1),
    "date": _Line(lambda a: _day(a.days - 1), _day_between, lambda a: _day(a.days + 1)),
    "days and time duration": _Line(
        lambda a: DaysTimeDuration(a.nanos - _HOUR),
        _span_between,
        lambda a: DaysTimeDuration(a.nanos + _HOUR),
    ),
    "years and months duration": _Line(
        lambda a: YearsMonthsDuration(a.months - 1),
        _months_between,
        lambda a: YearsMonthsDuration(a.months + 1),
    ),
}


def constant(text: str, node: Node) -> tuple[bool, Any]:
    """(is one, value) of a part of an expression that needs nothing from outside."""
    try:
        expression = feel.parse(text[node.start : node.end])
        if expression.names:
            return False, None
        env = feel.Environment(limits=_CHEAP)
        value = expression.evaluate({}, env)
    except FeelError:
        return False, None
    return not env.warnings, value


def holds(tests: feel.UnaryTests, value: Any) -> bool:
    """Whether tests that need nothing from outside are true of a value."""
    try:
        return tests.matches(value, {}, feel.Environment(limits=_CHEAP)) is True
    except FeelError:
        return False


def constants(text: str, tests: Node) -> list[Any] | None:
    """The constants that cut the domain of a cell; None when it does more than compare with constants."""
    found: list[Any] = []
    return found if _collect(text, tests, found) else None


def _collect(text: str, node: Node, found: list[Any]) -> bool:
    if isinstance(node, AnyTest):
        return True
    if isinstance(node, Tests | NotTest):
        return all(_collect(text, each, found) for each in node.tests)
    if isinstance(node, CompareTest):
        return _take(text, node.operand, found)
    return isinstance(node, ValueTest) and not node.asks and _operand(text, node.operand, found)


def _operand(text: str, node: Node, found: list[Any]) -> bool:
    if isinstance(node, RangeNode):
        return _take(text, node.low, found) and _take(text, node.high, found)
    if isinstance(node, CompareTest):
        return _take(text, node.operand, found)
    if isinstance(node, ListNode):
        return all(_operand(text, each, found) for each in node.items)
    return _take(text, node, found)


def _take(text: str, node: Node, found: list[Any]) -> bool:
    is_constant, value = constant(text, node)
    if not is_constant or isinstance(value, list | dict):
        return False
    if value is not None:
        found.append(value)
    return True


def pieces(cuts: Iterable[Any], kind: str, compared: bool) -> list[Any] | None:
    """A witness for each piece of the domain; None when it can't be cut up.

    ``kind`` is the FEEL name of the column's type, empty when unknown; ``compared`` tells that some cell
    uses an order (``<``, ranges), which texts can't be witnessed for.
    """
    values = list(cuts)
    kinds = {type_name(value) for value in values} | ({kind} if kind else set())
    if not kinds:
        return [None]
    if len(kinds) > 1:
        return None
    (only,) = kinds
    if only == "boolean":
        return [True, False]
    if only == "string":
        return None if compared else _texts(values)
    line = _LINES.get(only)
    return None if line is None else _cut(_sorted(values), line)


def _texts(values: Sequence[str]) -> list[Any]:
    named = list(dict.fromkeys(values))
    other = next((each for each in _OTHERS if each not in named), None)
    return [*named, *([other] if other is not None else [])]


def _sorted(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in sorted(values, key=cmp_to_key(lambda a, b: compare(a, b) or 0)):
        if not found or equal(found[-1], value) is not True:
            found.append(value)
    return found


def _cut(points: Sequence[Any], line: _Line) -> list[Any]:
    if not points:
        return [None]
    found = [line.before(points[0])]
    for at, point in enumerate(points):
        found.append(point)
        found.append(line.between(point, points[at + 1]) if at + 1 < len(points) else line.after(point))
    return [each for each in found if each is not None]
