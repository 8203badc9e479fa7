"""Allen's interval relations over points and ranges (DMN 1.5, table 78)."""

from __future__ import annotations

from typing import Any

from ..limits import Environment
from ..values.kinds import compare
from ..values.range import Range
from .registry import builtin

_POINT = "number/string/date/time/moment/days/months"


def _order(a: Any, b: Any, a_open: int, b_open: int) -> int:
    """Compare bounds; None is infinity with the given sign. ValueError when they have no order."""
    if a is None or b is None:
        left, right = (a_open if a is None else 0), (b_open if b is None else 0)
        return (left > right) - (left < right)
    order = compare(a, b)
    if order is None:
        raise ValueError("no order between these bounds")
    return order


class Interval:
    """A range, or a point as the range that holds only it, with the relations between bounds."""

    def __init__(self, value: Any) -> None:
        if isinstance(value, Range):
            if value.excluding:
                raise ValueError("not an interval")
            self.low, self.high = value.start, value.end
            self.low_in, self.high_in = value.start_included, value.end_included
        else:
            self.low = self.high = value
            self.low_in = self.high_in = True

    def end_to_start(self, other: Interval) -> int:
        """Order of my end and the other's start."""
        return _order(self.high, other.low, 1, -1)

    def start_to_start(self, other: Interval) -> int:
        """Order of the starts."""
        return _order(self.low, other.low, -1, -1)

    def end_to_end(self, other: Interval) -> int:
        """Order of the ends."""
        return _order(self.high, other.high, 1, 1)


def before(a: Interval, b: Interval) -> bool:
    """All of ``a`` lies before all of ``b``."""
    order = a.end_to_start(b)
    return order < 0 or (order == 0 and not (a.high_in and b.low_in))


def meets(a: Interval, b: Interval) -> bool:
    """``b`` begins exactly where ``a`` ends."""
    return a.high is not None and a.high_in and b.low_in and a.end_to_start(b) == 0


def overlaps(a: Interval, b: Interval) -> bool:
    """They share a point."""
    return not before(a, b) and not before(b, a)


def overlaps_before(a: Interval, b: Interval) -> bool:
    """``a`` begins first and ends within ``b``."""
    start, end = a.start_to_start(b), a.end_to_end(b)
    first = start < 0 or (start == 0 and a.low_in and not b.low_in)
    within = end < 0 or (end == 0 and (not a.high_in or b.high_in))
    return first and within and not before(a, b)


def includes(a: Interval, b: Interval) -> bool:
    """All of ``b`` lies within ``a``."""
    start, end = a.start_to_start(b), a.end_to_end(b)
    low = start < 0 or (start == 0 and (a.low_in or not b.low_in))
    return low and (end > 0 or (end == 0 and (a.high_in or not b.high_in)))


def starts(a: Interval, b: Interval) -> bool:
    """They begin together and ``a`` ends no later."""
    end = a.end_to_end(b)
    together = a.start_to_start(b) == 0 and a.low_in == b.low_in
    return together and (end < 0 or (end == 0 and (not a.high_in or b.high_in)))


def finishes(a: Interval, b: Interval) -> bool:
    """They end together and ``a`` begins no earlier."""
    start = a.start_to_start(b)
    together = a.end_to_end(b) == 0 and a.high_in == b.high_in
    return together and (start > 0 or (start == 0 and (not a.low_in or b.low_in)))


def coincides(a: Interval, b: Interval) -> bool:
    """They are the same."""
    same = a.start_to_start(b) == 0 and a.end_to_end(b) == 0
    return same and a.low_in == b.low_in and a.high_in == b.high_in


_PP = f"point1: {_POINT}, point2: {_POINT}"
_PR = f"point: {_POINT}, range: range"
_RP = f"range: range, point: {_POINT}"
_RR = "range1: range, range2: range"

_RELATIONS = (
    ("before", before, False, (_PP, _PR, _RP, _RR)),
    ("after", before, True, (_PP, _PR, _RP, _RR)),
    ("meets", meets, False, (_RR,)),
    ("met by", meets, True, (_RR,)),
    ("overlaps", overlaps, False, (_RR,)),
    ("overlaps before", overlaps_before, False, (_RR,)),
    ("overlaps after", overlaps_before, True, (_RR,)),
    ("finishes", finishes, False, (_PR, _RR)),
    ("finished by", finishes, True, (_RP, _RR)),
    ("includes", includes, False, (_RP, _RR)),
    ("during", includes, True, (_PR, _RR)),
    ("starts", starts, False, (_PR, _RR)),
    ("started by", starts, True, (_RP, _RR)),
    ("coincides", coincides, False, (_PP, _RR)),
)


def _declare(name: str, relation: Any, turned: bool, signatures: tuple[str, ...]) -> None:
    @builtin(name, *signatures)
    def _relation(env: Environment, first: Any, second: Any) -> bool:
        a, b = Interval(first), Interval(second)
        return bool(relation(b, a) if turned else relation(a, b))


for _name, _rule, _turned, _signatures in _RELATIONS:
    _declare(_name, _rule, _turned, _signatures)
