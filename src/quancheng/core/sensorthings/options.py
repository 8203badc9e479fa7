"""查询选项: ``$filter … $expand`` of an address as one value (OGC 18-088 § 9.3).

Extensions, named in the landing page: ``$asOf`` and ``$fromTo`` (time travel), ``$aggregate`` with
``$functions`` (observations by periods of time).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quancheng.core.sensorthings import cursors, times
from quancheng.core.sensorthings.expressions import Expression
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.filters import Order, parse_filter, parse_orderby
from quancheng.core.sensorthings.model import BY_NAME, EntityType

MAXIMUM_EXPANDS = 60
MAXIMUM_LEVELS = 8
PERIODS = ("minute", "hour", "day", "month", "year")
FUNCTIONS = ("count", "mean", "min", "max", "sum", "first", "last")
FORMATS = ("dataArray", "default")
_CONTROL = {"id": "id", "@iot.id": "id", "selfLink": "selfLink", "@iot.selfLink": "selfLink"}


@dataclass(frozen=True, slots=True)
class Expand:
    """A related entity or set to be given inline, with options of its own."""

    navigation: str
    query: Query


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Observations by periods: ``every`` is a name of :data:`PERIODS` or a length in microseconds."""

    every: str | int
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """All options of one level."""

    filter: Expression | None = None
    order: tuple[Order, ...] = ()
    select: tuple[str, ...] | None = None
    """Names of properties, relations, ``id``, ``selfLink``; None = everything."""
    expand: tuple[Expand, ...] = ()
    top: int | None = None
    skip: int = 0
    after: cursors.Cursor | None = None
    """Begin after this row; ``skip`` then only says how many were before."""
    count: bool = False
    format: str = "default"
    as_of: int | None = None
    from_to: times.Interval | None = None
    aggregate: Aggregate | None = None
    raw: dict[str, str] = field(default_factory=dict, hash=False, compare=False)
    """Options as they came, for next links."""


NOTHING = Query()


def parse_options(pairs: Iterable[tuple[str, str]], type: EntityType) -> Query:
    """The query of name-value pairs (decoded) about entities of a type. Raises BadQuery."""
    return _Reader(type).read(pairs)


@dataclass(slots=True)
class _Reader:
    """Counts what a request expands over all its levels."""

    type: EntityType
    expands: int = 0

    def read(self, pairs: Iterable[tuple[str, str]]) -> Query:
        return self.level(pairs, self.type, 0)

    def level(self, pairs: Iterable[tuple[str, str]], type: EntityType, depth: int) -> Query:
        given: dict[str, str] = {}
        for name, value in pairs:
            if name in given:
                raise BadQuery(f"选项 {name} 重复。", f"Option {name} is given twice.")
            given[name] = value
        query = Query(raw=given)
        functions = given.pop("$functions", None)
        if depth == 0 and (token := given.pop("$skiptoken", None)) is not None:
            query = replace(query, after=cursors.read(token, given.get("$orderby", "")))
        for name, value in given.items():
            query = replace(query, **self.option(name, value, type, depth))
        if functions is not None:
            given["$functions"] = functions
            query = replace(query, aggregate=_with_functions(query.aggregate, functions))
        return query

    def option(self, name: str, value: str, type: EntityType, depth: int) -> dict[str, Any]:
        match name:
            case "$filter":
                return {"filter": parse_filter(value)}
            case "$orderby":
                return {"order": parse_orderby(value)}
            case "$top":
                return {"top": _whole(name, value)}
            case "$skip":
                return {"skip": _whole(name, value)}
            case "$count":
                return {"count": _truth(name, value)}
            case "$select":
                return {"select": _select(value, type)}
            case "$expand":
                return {"expand": self.expand(value, type, depth)}
        if depth == 0:
            found = _top_level(name, value)
            if found is not None:
                return found
        raise BadQuery(f"不认识的查询选项 {name[:60]}。", f"Unknown query option {name[:60]}.")

    def expand(self, source: str, type: EntityType, depth: int) -> tuple[Expand, ...]:
        if depth >= MAXIMUM_LEVELS:
            raise BadQuery(f"展开超过{MAXIMUM_LEVELS}层。", f"Expanded deeper than {MAXIMUM_LEVELS} levels.")
        found: dict[str, Expand] = {}
        for item in _split(source, ","):
            one = self.item(item.strip(), type, depth)
            earlier = found.get(one.navigation)
            found[one.navigation] = one if earlier is None else _merged(earlier, one)
        return tuple(found.values())

    def item(self, item: str, type: EntityType, depth: int) -> Expand:
        self.expands += 1
        if self.expands > MAXIMUM_EXPANDS:
            raise BadQuery("展开的关系过多。", "Too many relations are expanded.")
        path, options = _bracketed(item)
        name, _, rest = path.partition("/")
        link = type.links.get(name.strip())
        if link is None:
            raise BadQuery(f"{type.name} 没有关系 {name[:60]}。", f"{type.name} has no relation {name[:60]}.")
        target = BY_NAME[link.target]
        if rest:
            inner = self.expand(rest + (f"({options})" if options is not None else ""), target, depth + 1)
            return Expand(link.name, Query(expand=inner))
        pairs = [_pair(one) for one in _split(options or "", ";") if one.strip()]
        return Expand(link.name, self.level(pairs, target, depth + 1))


def _top_level(name: str, value: str) -> dict[str, Any] | None:
    match name:
        case "$resultFormat":
            if value not in FORMATS:
                raise BadQuery(f"不认识的结果格式 {value[:40]}。", f"Unknown result format {value[:40]}.")
            return {"format": value}
        case "$asOf" | "$as_of":
            return {"as_of": _instant(value)}
        case "$fromTo" | "$from_to":
            return {"from_to": _interval(value)}
        case "$aggregate":
            return {"aggregate": Aggregate(_every(value), ("count", "mean", "min", "max"))}
    return None


def _merged(one: Expand, two: Expand) -> Expand:
    """``A/B,A/C`` expands A once."""
    expands = {item.navigation: item for item in one.query.expand}
    for item in two.query.expand:
        expands[item.navigation] = (
            _merged(expands[item.navigation], item) if item.navigation in expands else item
        )
    base = one.query if one.query.raw else two.query
    return Expand(one.navigation, replace(base, expand=tuple(expands.values())))


def _split(source: str, mark: str) -> list[str]:
    """Parts between marks that stand outside brackets and quotes."""
    parts, depth, quoted, begin = [], 0, False, 0
    for place, sign in enumerate(source):
        if sign == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        elif sign == mark and depth == 0:
            parts.append(source[begin:place])
            begin = place + 1
    if depth or quoted:
        raise BadQuery("括号或引号没有闭合。", "A bracket or quote is not closed.")
    return [*parts, source[begin:]]


def _bracketed(item: str) -> tuple[str, str | None]:
    path, mark, rest = item.partition("(")
    if not mark:
        return path, None
    if not rest.endswith(")"):
        raise BadQuery(f"无法理解展开项：{item[:60]}", f"Cannot understand the expand item: {item[:60]}")
    return path, rest[:-1]


def _pair(option: str) -> tuple[str, str]:
    name, mark, value = option.strip().partition("=")
    if not mark:
        raise BadQuery(f"选项缺少等号：{option[:60]}", f"Option without '=': {option[:60]}")
    return name.strip(), value


def _whole(name: str, value: str) -> int:
    text = value.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise BadQuery(f"{name} 应为非负整数。", f"{name} must be a whole number.")
    return int(text)


def _truth(name: str, value: str) -> bool:
    if value.strip().lower() not in ("true", "false"):
        raise BadQuery(f"{name} 应为 true 或 false。", f"{name} must be true or false.")
    return value.strip().lower() == "true"


def _select(value: str, type: EntityType) -> tuple[str, ...] | None:
    names = []
    for part in value.split(","):
        name = part.strip()
        first = name.partition("/")[0]
        if name in _CONTROL:
            names.append(_CONTROL[name])
        elif name == "*":
            return None
        elif first in type.by_name or name in type.links:
            names.append(first)
        else:
            raise BadQuery(f"{type.name} 没有属性 {name[:60]}。", f"{type.name} has no property {name[:60]}.")
    return tuple(dict.fromkeys(names))


def _instant(value: str) -> int:
    try:
        return times.parse_instant(value.replace(" ", "+"))
    except times.BadTime as bad:
        raise BadQuery(f"不是带时区的时间：{value[:40]}", f"Not a time with a zone: {value[:40]}") from bad


def _interval(value: str) -> times.Interval:
    start, slash, end = value.replace(",", "/").partition("/")
    if not slash:
        raise BadQuery("$fromTo 应为 起/止。", "$fromTo must be start/end.")
    found = times.Interval(_instant(start.strip()), _instant(end.strip()))
    if found.end < found.start:
        raise BadQuery("$fromTo 的止早于起。", "$fromTo ends before it begins.")
    return found


def _every(value: str) -> str | int:
    if value in PERIODS:
        return value
    try:
        length = times.parse_duration(value)
    except times.BadTime as bad:
        raise BadQuery(
            f"聚合周期应为 {'、'.join(PERIODS)} 或时长。", f"Aggregate by {', '.join(PERIODS)} or a duration."
        ) from bad
    if length < 1_000_000:
        raise BadQuery("聚合周期至少一秒。", "Aggregate by one second or more.")
    return length


def _with_functions(aggregate: Aggregate | None, value: str) -> Aggregate:
    names: Sequence[str] = [one.strip() for one in value.split(",")]
    unknown = [one for one in names if one not in FUNCTIONS]
    if unknown or aggregate is None:
        raise BadQuery(
            f"$functions 与 $aggregate 同用，可选 {'、'.join(FUNCTIONS)}。",
            f"$functions goes with $aggregate and is of {', '.join(FUNCTIONS)}.",
        )
    return Aggregate(aggregate.every, tuple(dict.fromkeys(names)))
