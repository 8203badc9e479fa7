"""下推: the part of a filter that the database can judge, as a Django ``Q``.

The database only narrows: what it gives is a superset of the matches, and ``exact`` says when it is
just the matches. Whatever cannot be said to both databases in the same sense is left to
``core.sensorthings.evaluation``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import shapely
from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import OrderBy
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Collate

from quancheng.capabilities.sensorthings.resolving import Target, resolve
from quancheng.capabilities.sensorthings.tables import TABLES
from quancheng.core.sensorthings.expressions import (
    Among,
    Binary,
    Expression,
    Function,
    Geometry,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Several,
    Truth,
    Word,
    paths,
)
from quancheng.core.sensorthings.filters import Order
from quancheng.core.sensorthings.model import BY_NAME, EntityType, Kind

_KEY = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*")
_LOOKUPS = {Op.EQ: "exact", Op.GT: "gt", Op.GE: "gte", Op.LT: "lt", Op.LE: "lte"}
_MIRROR = {Op.EQ: Op.EQ, Op.NE: Op.NE, Op.GT: Op.LT, Op.LT: Op.GT, Op.GE: Op.LE, Op.LE: Op.GE}
_ALL = Q()
_NARROW = {"startswith": "startswith", "endswith": "endswith", "contains": "contains"}
_BOXED = frozenset(
    {"st_within", "st_intersects", "geo.intersects", "st_equals", "st_touches", "st_overlaps", "st_crosses",
     "st_contains"}
)  # fmt: skip
_INT64 = 2**63 - 1
_TAKEN: Any = KeyTransform.get_lookups()  # type: ignore[call-arg]
"""Names that Django would take for a comparison."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A condition for the database, and whether it says all there is to say."""

    q: Q
    exact: bool


NOTHING_PUSHED = Pushed(_ALL, False)


def push(type: EntityType, tree: Expression) -> Pushed:
    """What the database can judge of a tree about entities of a type."""
    found = _push(type, tree)
    # both kinds of streams share a table: a path through one is a superset
    shared = any(step in ("Datastreams", "MultiDatastreams") for steps in paths(tree) for step in steps)
    return Pushed(found.q, found.exact and not shared)


def _push(type: EntityType, tree: Expression) -> Pushed:
    match tree:
        case Binary(Op.AND, left, right):
            one, two = push(type, left), push(type, right)
            return Pushed(one.q & two.q, one.exact and two.exact)
        case Binary(Op.OR, left, right):
            one, two = push(type, left), push(type, right)
            if one.q == _ALL or two.q == _ALL:
                return NOTHING_PUSHED
            return Pushed(one.q | two.q, one.exact and two.exact)
        case Not(inner):
            found = push(type, inner)
            if not found.exact or found.q == _ALL or _has_many(type, inner):
                return NOTHING_PUSHED
            return Pushed(~found.q, False)
        case Binary():
            return _push_pair(type, tree)
        case Among(steps, ids):
            name = lookup(type, resolve(type, steps))
            return (
                NOTHING_PUSHED if name is None or len(ids) > 500 else Pushed(Q(**{f"{name}__in": ids}), True)
            )
        case Function(name, arguments):
            return _function(type, name, arguments)
    return NOTHING_PUSHED


def _push_pair(type: EntityType, tree: Binary) -> Pushed:
    """A comparison of a path with something."""
    match tree:
        case Binary(Op.IN, Path(steps), Several(items)):
            return _in(type, steps, items)
        case Binary(op, Path(steps), right) if op in _MIRROR:
            return _compare(type, op, steps, right)
        case Binary(op, left, Path(steps)) if op in _MIRROR:
            return _compare(type, _MIRROR[op], steps, left)
        case Binary(op, Function("geo.distance", places), Number(limit)) if op in (Op.LT, Op.LE):
            return _near(type, places, limit)
    return NOTHING_PUSHED


def _has_many(type: EntityType, tree: Expression) -> bool:
    return any(_many(type, resolve(type, steps)) for steps in paths(tree))


def _many(type: EntityType, target: Target) -> bool:
    here = type
    for name in target.relations:
        if here.links[name].many:
            return True
        here = BY_NAME[here.links[name].target]
    return False


def lookup(type: EntityType, target: Target) -> str | None:
    """The Django lookup of a path without steps inside JSON; None when no column holds it."""
    parts = []
    here = type
    for name in target.relations:
        table = TABLES.get(here.name)
        join = table.joins.get(name) if table else None
        if join is None:
            return None
        parts.append(join.forward)
        here = BY_NAME[here.links[name].target]
    table = TABLES.get(target.type.name)
    if table is None:
        return None
    if target.property == "id":
        return "__".join([*parts, "pk"])
    column = table.columns.get(target.property)
    return None if column is None else "__".join([*parts, column])


def _kind(target: Target) -> Kind | None:
    return None if target.property == "id" else target.type.by_name[target.property].kind


def _in(type: EntityType, steps: tuple[str | int, ...], items: tuple[Expression, ...]) -> Pushed:
    target = resolve(type, steps)
    name = lookup(type, target)
    numbers = [one.value for one in items if isinstance(one, Number) and isinstance(one.value, int)]
    if name is None or target.property != "id" or len(numbers) != len(items) or len(numbers) > 500:
        return NOTHING_PUSHED
    return Pushed(Q(**{f"{name}__in": [one for one in numbers if abs(one) < _INT64]}), True)


def _compare(type: EntityType, op: Op, steps: tuple[str | int, ...], other: Expression) -> Pushed:
    target = resolve(type, steps)
    name = lookup(type, target)
    if name is None:
        return NOTHING_PUSHED
    if target.inside:
        return _inside(name, target, op, other)
    kind = _kind(target)
    match other:
        case Number(value) if target.property == "id" and abs(value) < _INT64:
            return _plain(name, op, value)
        case Instant(value) if kind is Kind.INSTANT:
            return _plain(name, op, value)
        case Word(value) if kind is Kind.TEXT and op in (Op.EQ, Op.NE) and "\x00" not in value:
            return _plain(name, op, value)
    return NOTHING_PUSHED


def _plain(name: str, op: Op, value: Any) -> Pushed:
    if op is Op.NE:
        return Pushed(~Q(**{name: value}), False)
    return Pushed(Q(**{f"{name}__{_LOOKUPS[op]}": value}), True)


def _inside(name: str, target: Target, op: Op, other: Expression) -> Pushed:
    """Inside JSON: only keys that Django cannot take for anything else."""
    if _kind(target) is not Kind.JSON or op is Op.NE or not all(_is_key(step) for step in target.inside):
        return NOTHING_PUSHED
    column = "__".join([name, *(str(step) for step in target.inside)])
    match other:
        case Word(value) if op is Op.EQ and "\x00" not in value:
            return Pushed(Q(**{column: value}), True)
        case Number(value):
            return Pushed(Q(**{f"{column}__{_LOOKUPS[op]}": value}), op is Op.EQ)
        case Truth(value) if op is Op.EQ and value is not None:
            return Pushed(Q(**{column: value}), False)
    return NOTHING_PUSHED


def _is_key(step: str | int) -> bool:
    return isinstance(step, str) and bool(_KEY.fullmatch(step)) and not step.isdigit() and step not in _TAKEN


def _function(type: EntityType, name: str, arguments: tuple[Expression, ...]) -> Pushed:
    match name, arguments:
        case ("substringof", (part, whole)):
            return _text(type, "contains", whole, part)
        case (("startswith" | "endswith" | "contains"), (whole, part)):
            return _text(type, name, whole, part)
        case (_, (Path(steps), Geometry(wkt), *_)) if name in _BOXED:
            return _box(type, steps, shapely.from_wkt(wkt), 0.0)
        case (_, (Geometry(wkt), Path(steps), *_)) if name in _BOXED:
            return _box(type, steps, shapely.from_wkt(wkt), 0.0)
    return NOTHING_PUSHED


def _text(type: EntityType, name: str, whole: Expression, part: Expression) -> Pushed:
    fold = ""
    if isinstance(whole, Function) and whole.name in ("tolower", "toupper"):
        whole, fold = whole.arguments[0], "i"
    if not isinstance(whole, Path) or not isinstance(part, Word) or "\x00" in part.value:
        return NOTHING_PUSHED
    if fold and not part.value.isascii():
        return NOTHING_PUSHED
    target = resolve(type, whole.steps)
    column = lookup(type, target)
    if column is None or target.inside or _kind(target) is not Kind.TEXT:
        return NOTHING_PUSHED
    # SQLite's LIKE does not tell cases apart: a superset there
    exact = not fold and connection.vendor != "sqlite"
    return Pushed(Q(**{f"{column}__{fold}{_NARROW[name]}": part.value}), exact)


def _near(type: EntityType, places: tuple[Expression, ...], limit: float) -> Pushed:
    match places:
        case (Path(steps), Geometry(wkt)) | (Geometry(wkt), Path(steps)):
            return _box(type, steps, shapely.from_wkt(wkt), float(limit))
    return NOTHING_PUSHED


def _box(type: EntityType, steps: tuple[str | int, ...], around: Any, margin: float) -> Pushed:
    target = resolve(type, steps)
    column = lookup(type, target)
    if column is None or target.property not in ("location", "feature") or target.inside or around.is_empty:
        return NOTHING_PUSHED
    prefix = column.removesuffix("geometry")
    west, south, east, north = around.bounds
    edge = margin + 1e-9
    return Pushed(
        Q(**{
            f"{prefix}west__lte": east + edge, f"{prefix}east__gte": west - edge,
            f"{prefix}south__lte": north + edge, f"{prefix}north__gte": south - edge,
        }),
        False,
    )  # fmt: skip


def order_by(type: EntityType, keys: tuple[Order, ...]) -> list[OrderBy] | None:
    """The order for the database, ending with the id; None when it cannot give it."""
    found: list[OrderBy] = []
    for key in keys:
        if not isinstance(key.by, Path):
            return None
        target = resolve(type, key.by.steps)
        name = lookup(type, target)
        kind = _kind(target)
        if (
            name is None
            or target.inside
            or _many(type, target)
            or kind not in (None, Kind.TEXT, Kind.INSTANT)
        ):
            return None
        column: Any = F(name)
        if kind is Kind.TEXT and connection.vendor == "postgresql":
            column = Collate(column, "C")
        found.append(column.desc(nulls_last=True) if key.descending else column.asc(nulls_first=True))
    return [*found, F("pk").asc()]
