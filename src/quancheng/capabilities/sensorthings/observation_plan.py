"""规划: conditions of observations on other entities become sets of ids; what all matches share bounds files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from quancheng.capabilities.sensorthings.models import Stream
from quancheng.capabilities.sensorthings.resolving import check
from quancheng.core.sensorthings.expressions import (
    Among,
    Binary,
    Expression,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Period,
    Truth,
    conjuncts,
    paths,
    together,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.model import BY_NAME
from quancheng.core.sensorthings.rewriting import map_paths
from quancheng.kernel import access

if TYPE_CHECKING:
    from quancheng.capabilities.sensorthings.reader import Reader

OBSERVATION = BY_NAME["Observation"]
_RELATIONS = ("Datastream", "MultiDatastream", "FeatureOfInterest")


def default_streams(features: Collection[int], seen: Any) -> list[int]:
    """Streams whose observations are about one of some features when they name none."""
    found = seen.filter(thing__locations__feature__in=list(features))
    return list(found.values_list("pk", flat=True).distinct())


def plan(reader: Reader, tree: Expression | None) -> Expression | None:
    """The tree with its conditions on other entities answered: they become sets of ids. Raises BadQuery."""
    if tree is None:
        return None

    check(OBSERVATION, tree)
    return _planned(reader, tree)


def _planned(reader: Reader, tree: Expression) -> Expression:
    relations = {relation_of(steps) for steps in paths(tree)}
    if relations <= {None}:
        return tree
    if len(relations) == 1:
        return _answered(reader, str(relations.pop()), tree)
    match tree:
        case Binary(Op.AND):
            groups: dict[str | None, list[Expression]] = defaultdict(list)
            mixed: list[Expression] = []
            for part in conjuncts(tree):
                names = {relation_of(steps) for steps in paths(part)}
                (mixed if len(names) > 1 else groups[names.pop() if names else None]).append(part)
            wholes = [together(group) for group in groups.values()]
            done = together([_planned(reader, one) for one in [*wholes, *mixed] if one is not None])
            assert done is not None
            return done
        case Binary(Op.OR, left, right):
            return Binary(Op.OR, _planned(reader, left), _planned(reader, right))
        case Not(inner):
            return Not(_planned(reader, inner))
    raise BadQuery(
        "一个比较里不能同时用观测和其他实体的属性。",
        "One comparison cannot use properties of an observation and of another entity.",
    )


def relation_of(steps: tuple[str | int, ...]) -> str | None:
    """The relation a path begins with; ids of streams are the observation's own."""
    first = str(steps[0])
    if first not in _RELATIONS:
        return None
    return (
        None if len(steps) == 2 and steps[1] in ("id", "@iot.id") and first != "FeatureOfInterest" else first
    )


def _answered(reader: Reader, relation: str, tree: Expression) -> Expression:
    from quancheng.capabilities.sensorthings.reader import Want

    type = BY_NAME[relation]
    inner = map_paths(tree, lambda steps: steps[1:] or ("id",))
    found = reader.find(type, Want(filter=inner, limit=10**9))
    ids = frozenset(row.pk for row in found.rows)
    among: Expression = Among((relation, "id"), ids)
    if relation == "FeatureOfInterest" and ids:
        default = frozenset(default_streams(ids, access.visible(reader.actor, Stream)))
        unnamed = Binary(Op.EQ, Path(("FeatureOfInterest", "id")), _NULL)
        among = Binary(Op.OR, among, Binary(Op.AND, unnamed, Among(("Datastream", "id"), default)))
    return among


_NULL = Truth(None)


def bounds(tree: Expression | None) -> tuple[int | None, int | None, tuple[int, ...] | None]:
    """since, until (µs) and ids that all matches have: the store reads only those files."""
    since: int | None = None
    until: int | None = None
    ids: tuple[int, ...] | None = None
    for part in conjuncts(tree):
        low: int | None = None
        high: int | None = None
        match part:
            case Binary(Op.EQ, Path(("id" | "@iot.id",)), Number(value)) if isinstance(value, int):
                ids = (value,)
            case Binary(op, Path(("phenomenonTime",)), Instant(value)):
                low, high = _instant_bounds(op, value)
            case Binary(op, Path(("phenomenonTime",)), Period(value)):
                low, high = _period_bounds(op, value.start, value.end)
        if low is not None:
            since = low if since is None else max(since, low)
        if high is not None:
            until = high if until is None else min(until, high)
    return since, until, ids


def _instant_bounds(op: Op, value: int) -> tuple[int | None, int | None]:
    match op:
        case Op.GE | Op.GT:
            return value, None
        case Op.LE | Op.LT:
            return None, value + 1
        case Op.EQ:
            return value, value + 1
    return None, None


def _period_bounds(op: Op, start: int, end: int) -> tuple[int | None, int | None]:
    match op:
        case Op.GE | Op.GT:
            return start, None
        case Op.LE | Op.LT:
            return None, start + 1
        case Op.EQ:
            return start, start + 1
    return None, None
