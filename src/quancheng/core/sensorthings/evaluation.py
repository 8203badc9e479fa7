"""求值: a filter's tree against one row, exactly as the standard says, in plain Python.

The slow, sure way: planners of databases may narrow the rows first; what remains is judged here.
Null is unknown: a comparison with it is unknown (None), and what is unknown does not match.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import shapely

from quancheng.core.sensorthings import times
from quancheng.core.sensorthings.calling import call, geometry, place
from quancheng.core.sensorthings.expressions import (
    ARITHMETIC,
    Among,
    Binary,
    Clock,
    Day,
    Duration,
    Expression,
    Function,
    Geometry,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Period,
    Several,
    Truth,
    Word,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.kinds import Date, Length, Moment, TimeOfDay, before, is_number
from quancheng.core.sensorthings.times import Interval

NULL = Truth(None)
Lookup = Callable[[tuple[str | int, ...]], Any]
"""Gives the value of a path for the row: JSON values, int microseconds as :class:`Moment`, Interval."""


def matches(tree: Expression, lookup: Lookup, *, now: int) -> bool:
    """Whether a row satisfies a filter; unknown is no. Raises BadQuery for senseless comparisons."""
    return evaluate(tree, lookup, now=now) is True


def evaluate(tree: Expression, lookup: Lookup, *, now: int) -> Any:
    """The value of a tree for a row."""
    match tree:
        case Path(steps):
            return lookup(steps)
        case Among(steps, ids):
            found = lookup(steps)
            return None if found is None else found in ids
        case Not(inner):
            found = evaluate(inner, lookup, now=now)
            return None if found is None else not _truth(found)
        case Function(name, arguments):
            return call(name, [evaluate(one, lookup, now=now) for one in arguments], now=now)
        case Binary(op, left, right):
            return _binary(op, left, right, lookup, now)
    return _constant(tree)


def _constant(tree: Expression) -> Any:
    """The value of a literal."""
    match tree:
        case Number(value) | Word(value) | Truth(value) | Period(value):
            return value
        case Instant(value, offset):
            return Moment(value, offset)
        case Day(value):
            return Date(value)
        case Clock(value):
            return TimeOfDay(value)
        case Duration(value):
            return Length(value)
        case Geometry(wkt):
            return geometry(wkt)
    raise BadQuery("此处不能用列表。", "A list cannot stand here.")


def _binary(op: Op, left: Expression, right: Expression, lookup: Lookup, now: int) -> Any:
    if NULL in (left, right) and op in (Op.EQ, Op.NE):
        both = [evaluate(one, lookup, now=now) is None for one in (left, right)]
        return all(both) is (op is Op.EQ)
    first = evaluate(left, lookup, now=now)
    if op is Op.AND or op is Op.OR:
        return _logic(op, first, lambda: evaluate(right, lookup, now=now))
    if op is Op.IN:
        items = right.items if isinstance(right, Several) else ()
        if first is None:
            return None
        return any(compare(Op.EQ, first, evaluate(one, lookup, now=now)) for one in items)
    second = evaluate(right, lookup, now=now)
    return arithmetic(op, first, second) if op in ARITHMETIC else compare(op, first, second)


def _logic(op: Op, first: Any, second: Callable[[], Any]) -> bool | None:
    """Three-valued: false and unknown is false, true or unknown is true."""
    decisive = op is Op.OR
    one = None if first is None else _truth(first)
    if one is decisive:
        return decisive
    found = second()
    two = None if found is None else _truth(found)
    if two is decisive:
        return decisive
    return None if one is None or two is None else not decisive


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise BadQuery("条件须为真假值。", "A condition must be true or false.")


# -- comparison -------------------------------------------------------------------------------
_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LT: operator.lt,
    Op.LE: operator.le,
}


def compare(op: Op, first: Any, second: Any) -> bool | None:
    """Compare two values; with null it is unknown, and kinds that differ are never equal."""
    if first is None or second is None:
        return None
    first, second = _alike(first, second)
    if isinstance(first, Interval):
        return _intervals(op, first, second) if isinstance(second, Interval) else _unlike(op)
    if isinstance(first, shapely.Geometry) or isinstance(second, shapely.Geometry):
        return _geometries(op, first, second)
    if type(first) is not type(second):
        numbers = is_number(first) and is_number(second)
        if not numbers:
            return _unlike(op)
    if isinstance(first, Moment):
        first, second = first.time, second.time
    try:
        return _COMPARE[op](first, second)
    except TypeError:
        return _unlike(op)


def _unlike(op: Op) -> bool | None:
    """Values of different kinds are not equal; which is less is unknown."""
    return {Op.EQ: False, Op.NE: True}.get(op)


def _alike(first: Any, second: Any) -> tuple[Any, Any]:
    """Times of one kind, so that an instant meets an interval and JSON text meets a time."""
    for kind, parse in ((Moment, _moment_of_text), (Interval, _interval_of_text)):
        if isinstance(first, kind) and isinstance(second, str):
            second = parse(second)
        elif isinstance(second, kind) and isinstance(first, str):
            first = parse(first)
    if isinstance(first, Interval) and isinstance(second, Moment):
        return first, Interval(second.time, second.time)
    if isinstance(second, Interval) and isinstance(first, Moment):
        return Interval(first.time, first.time), second
    if isinstance(first, Moment) and isinstance(second, Date):
        return Date(first.time // 86_400_000_000), second
    if isinstance(first, Date) and isinstance(second, Moment):
        return first, Date(second.time // 86_400_000_000)
    return first, second


def _moment_of_text(text: str) -> Any:
    try:
        return Moment(times.parse_instant(text))
    except times.BadTime:
        return text


def _interval_of_text(text: str) -> Any:
    try:
        return times.parse_interval(text)
    except times.BadTime:
        return text


def _intervals(op: Op, one: Interval, two: Interval) -> bool:
    """An interval is less when it ends no later than the other begins; instants strictly before."""
    match op:
        case Op.EQ:
            return one == two
        case Op.NE:
            return one != two
        case Op.LT:
            return before(one, two)
        case Op.GT:
            return before(two, one)
        case Op.LE:
            return one.start <= two.start and one.end <= two.end
    return one.start >= two.start and one.end >= two.end


def _geometries(op: Op, first: Any, second: Any) -> bool:
    same = bool(shapely.equals(place(first), place(second)))
    if op in (Op.EQ, Op.NE):
        return same is (op is Op.EQ)
    raise BadQuery("几何不能比较大小。", "Geometries have no order.")


# -- arithmetic -------------------------------------------------------------------------------
_ARITHMETIC: dict[Op, Callable[[Any, Any], Any]] = {
    Op.ADD: operator.add,
    Op.SUB: operator.sub,
    Op.MUL: operator.mul,
    Op.DIV: operator.truediv,
    Op.MOD: math.fmod,
}


def arithmetic(op: Op, first: Any, second: Any) -> Any:
    """Numbers, and times with durations; anything else, and division by zero, is unknown."""
    if first is None or second is None:
        return None
    if is_number(first) and is_number(second):
        if op in (Op.DIV, Op.MOD) and second == 0:
            return None
        try:
            return _ARITHMETIC[op](first, second)
        except (OverflowError, ValueError):
            return None
    return _time_arithmetic(op, first, second)


def _time_arithmetic(op: Op, first: Any, second: Any) -> Any:
    sign = -1 if op is Op.SUB else 1
    if op in (Op.ADD, Op.SUB):
        match first, second:
            case Moment(time, offset), Length(length):
                return Moment(time + sign * length, offset)
            case Interval(start, end), Length(length):
                return Interval(start + sign * length, end + sign * length)
            case Length(one), Length(two):
                return Length(one + sign * two)
            case (Length(length), Moment(time, offset)) if op is Op.ADD:
                return Moment(time + length, offset)
            case (Moment(one), Moment(two)) if op is Op.SUB:
                return Length(one - two)
    if isinstance(first, Length) and is_number(second):
        if op is Op.MUL:
            return Length(int(first.time * second))
        if op is Op.DIV and second:
            return Length(int(first.time / second))
    return None


__all__ = [
    "Date",
    "Length",
    "Lookup",
    "Moment",
    "TimeOfDay",
    "arithmetic",
    "call",
    "compare",
    "evaluate",
    "matches",
]
