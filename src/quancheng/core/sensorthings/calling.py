"""函数: what the functions of ``$filter`` give, in plain Python (OGC 18-088 § 9.3.3.5.2 and .3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import shapely
from shapely.geometry import shape

from quancheng.core.sensorthings import times
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.kinds import Date, Moment, TimeOfDay, before, is_number
from quancheng.core.sensorthings.times import Interval


def call(name: str, arguments: Sequence[Any], *, now: int) -> Any:
    """The value of a function; unknown when an argument is."""
    match name:
        case "now":
            return Moment(now)
        case "mindatetime":
            return Moment(times.MINIMUM)
        case "maxdatetime":
            return Moment(times.MAXIMUM)
    if any(one is None for one in arguments):
        return None
    if name in _TEXTS:
        return _texts(name, arguments)
    if name in _PARTS:
        return _part(name, arguments[0])
    if name in _ROUND:
        return _ROUND[name](arguments[0]) if is_number(arguments[0]) else None
    if name in _RELATIONS:
        return _RELATIONS[name](_period(arguments[0]), _period(arguments[1]))
    if name == "cast":
        raise BadQuery("不支持 cast。", "cast is not supported.")
    return _places(name, arguments)


def _round(value: float) -> int:
    """Half away from zero (OData 4.0 part 2 § 5.1.1.8.1)."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)


_ROUND: Mapping[str, Callable[[Any], Any]] = {"round": _round, "floor": math.floor, "ceiling": math.ceil}
_TEXTS: Mapping[str, Callable[..., Any]] = {
    "substringof": lambda part, whole: part in whole,
    "contains": lambda whole, part: part in whole,
    "endswith": lambda whole, end: whole.endswith(end),
    "startswith": lambda whole, start: whole.startswith(start),
    "length": len,
    "indexof": lambda whole, part: whole.find(part),
    "substring": lambda whole, start, size=None: whole[int(start) :][: None if size is None else int(size)],
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "concat": lambda *parts: "".join(parts),
}


def _texts(name: str, arguments: Sequence[Any]) -> Any:
    texts = arguments if name != "substring" else arguments[:1]
    if not all(isinstance(one, str) for one in texts):
        return None
    if name == "substring" and not all(is_number(one) and one >= 0 for one in arguments[1:]):
        return None
    return _TEXTS[name](*arguments)


_PARTS = frozenset(
    {"year", "month", "day", "hour", "minute", "second", "fractionalseconds", "date", "time", "totaloffsetminutes"}
)  # fmt: skip


def _part(name: str, value: Any) -> Any:
    moment = _moment(value)
    if moment is None:
        return None
    if name == "totaloffsetminutes":
        return moment.offset
    local = times.moment(moment.time) + timedelta(minutes=moment.offset)
    match name:
        case "fractionalseconds":
            return local.microsecond / 1_000_000
        case "date":
            return Date((moment.time + moment.offset * 60_000_000) // 86_400_000_000)
        case "time":
            return TimeOfDay((moment.time + moment.offset * 60_000_000) % 86_400_000_000)
    return getattr(local, name)


def _moment(value: Any) -> Moment | None:
    """The moment of a value: an interval's beginning, the moment of JSON text."""
    match value:
        case Moment():
            return value
        case Interval(start, _):
            return Moment(start)
        case Date(days):
            return Moment(days * 86_400_000_000)
        case str():
            try:
                return Moment(times.parse_instant(value), times.offset_minutes(value))
            except times.BadTime:
                return None
    return None


def _period(value: Any) -> Interval:
    if isinstance(value, Interval):
        return value
    moment = _moment(value)
    if moment is None:
        raise BadQuery("时间关系需要时间。", "A temporal relation needs times.")
    return Interval(moment.time, moment.time)


def _during(one: Interval, two: Interval) -> bool:
    return two.start <= one.start and (one.end <= two.end if one.start < one.end else one.start < two.end)


_RELATIONS: Mapping[str, Callable[[Interval, Interval], bool]] = {
    "before": before,
    "after": lambda one, two: before(two, one),
    "meets": lambda one, two: one.end == two.start or two.end == one.start,
    "during": _during,
    "overlaps": lambda one, two: not before(one, two) and not before(two, one),
    "starts": lambda one, two: one.start == two.start,
    "finishes": lambda one, two: one.end == two.end,
}


# -- places -----------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def geometry(wkt: str) -> Any:
    return shapely.from_wkt(wkt)


def place(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return value
    if isinstance(value, dict):
        inner = value.get("geometry") if value.get("type") == "Feature" else value
        try:
            return shape(inner)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            return shapely.Point()
    raise BadQuery("空间函数需要几何。", "A spatial function needs geometries.")


_SHAPES: Mapping[str, Callable[[Any, Any], Any]] = {
    "geo.distance": shapely.distance,
    "geo.intersects": shapely.intersects,
    "st_intersects": shapely.intersects,
    "st_equals": shapely.equals,
    "st_disjoint": shapely.disjoint,
    "st_touches": shapely.touches,
    "st_within": shapely.within,
    "st_overlaps": shapely.overlaps,
    "st_crosses": shapely.crosses,
    "st_contains": shapely.contains,
}


def _places(name: str, arguments: Sequence[Any]) -> Any:
    first = place(arguments[0])
    if name == "geo.length":
        return float(shapely.length(first))
    second = place(arguments[1])
    if first.is_empty or second.is_empty:
        return None
    if name == "st_relate":
        return _relate(first, second, arguments[2])
    found = _SHAPES[name](first, second)
    return float(found) if name == "geo.distance" else bool(found)


def _relate(first: Any, second: Any, pattern: Any) -> bool:
    if not isinstance(pattern, str) or len(pattern) != 9 or set(pattern.upper()) - set("TF*012"):
        raise BadQuery(
            "st_relate 的模式应为9个字符（T F * 0 1 2）。", "st_relate needs a pattern of nine T F * 0 1 2."
        )
    return bool(shapely.relate_pattern(first, second, pattern.upper()))
