"""规则范围: which streams a scope covers, with their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from quancheng.capabilities.sensorthings import queries as sta
from quancheng.capabilities.watch.values import Scope, StreamRow
from quancheng.kernel.actor import Actor

_COLUMNS = ("pk", "name", "unit", "properties", "thing__key", "thing_id", "thing__name", "thing__properties",
            "observed_property__key", "observed_property__name")  # fmt: skip
ROWS = 200_000
"""Streams one scope may cover."""
NAMED = 500
"""Streams asked for by number in one query: below every database's limit of parameters."""


class Resolver:
    """范围解析: many scopes in few queries: streams named by number together, scopes in the same words once.

    ``scopes`` are those that will be asked for. Good for one look at the tables, not for keeping.
    """

    def __init__(self, actor: Actor, scopes: Iterable[Scope] = ()) -> None:
        self.actor = actor
        wanted = sorted({one for scope in scopes for one in scope.streams})
        self._named: dict[int, StreamRow] = {}
        self._asked = frozenset(wanted)
        for start in range(0, len(wanted), NAMED):
            chosen = sta.visible_streams(actor).filter(pk__in=wanted[start : start + NAMED])
            self._named |= {row.id: row for row in _all(chosen, False)}
        self._kept: dict[tuple[str, Scope], list[StreamRow]] = {}

    def rows_of(self, scope: Scope, *, places: bool = False) -> list[StreamRow]:
        """As :func:`rows_of`."""
        if scope.streams and not places and self._asked.issuperset(scope.streams):
            return [self._named[one] for one in sorted(set(scope.streams)) if one in self._named]
        key = ("places" if places else "rows", scope)
        if key not in self._kept:
            self._kept[key] = rows_of(self.actor, scope, places=places)
        return self._kept[key]

    def followers_of(self, scope: Scope) -> list[StreamRow]:
        """As :func:`followers_of`."""
        key = ("followers", scope)
        if key not in self._kept:
            self._kept[key] = followers_of(self.actor, scope)
        return self._kept[key]


def rows_of(actor: Actor, scope: Scope, *, places: bool = False) -> list[StreamRow]:
    """Streams of the scope the actor may see, by number; with places when asked for."""
    return _all(_narrow(sta.visible_streams(actor), scope, scope.property), places)


def followers_of(actor: Actor, scope: Scope) -> list[StreamRow]:
    """Streams of the second condition of a sequence."""
    if not scope.then_property:
        return []
    second = Scope(property=scope.then_property, kind="", region=scope.region, thing=scope.thing)
    return _all(_narrow(sta.visible_streams(actor), second, second.property), False)


def count(actor: Actor, scope: Scope) -> int:
    """How many streams the scope covers."""
    return _narrow(sta.visible_streams(actor), scope, scope.property).count()


def properties(actor: Actor) -> list[tuple[str, str, str]]:
    """Observed properties that have streams: key (or name), Chinese and English name."""
    rows = sta.visible_streams(actor).order_by().values_list(
        "observed_property__key", "observed_property__name", "observed_property__properties"
    ).distinct()  # fmt: skip
    found = {}
    for key, name, facts in rows:
        if name:
            found[key or name] = (name, str((facts or {}).get("name_en") or name))
    return [(key, zh, en) for key, (zh, en) in sorted(found.items())]


def _narrow(streams: QuerySet[Any], scope: Scope, prop: str) -> QuerySet[Any]:
    if scope.streams:
        return streams.filter(pk__in=scope.streams)
    if not prop:
        return streams.none()
    found = streams.filter(observed_property__key=prop)
    if not found.exists():
        found = streams.filter(observed_property__name=prop)
    if scope.kind:
        found = found.filter(properties__kind=scope.kind)
    if scope.region:
        found = found.filter(properties__region__startswith=_prefix(scope.region))
    if scope.thing:
        found = found.filter(thing__key=scope.thing)
    return found


def _prefix(region: str) -> str:
    digits = region
    while len(digits) > 2 and digits.endswith("00"):
        digits = digits[:-2]
    return digits


def _all(streams: QuerySet[Any], places: bool) -> list[StreamRow]:
    rows = list(streams.order_by("pk").values_list(*_COLUMNS)[:ROWS])
    where = places_of(streams, [row[5] for row in rows]) if places else {}
    return [_row(row, where.get(row[5])) for row in rows]


def _row(row: tuple[Any, ...], place: tuple[float, float] | None) -> StreamRow:
    pk, name, unit, facts, thing_key, thing, thing_name, thing_facts, key, prop = row
    facts, thing_facts = facts or {}, thing_facts or {}
    symbol = (unit or {}).get("symbol") if isinstance(unit, Mapping) else ""
    english = thing_facts.get("name_en") or thing_name
    return StreamRow(
        id=pk, key=thing_key or f"sensorthings:{thing}", name=name, name_en=f"{english}: {facts.get('property') or prop}",
        unit=symbol or "", property=prop or "", property_key=key or prop or "", kind=str(facts.get("kind") or ""),
        region=str(facts.get("region") or ""), station=str(facts.get("station") or ""),
        department=str(facts.get("department") or ""), simulated=bool(facts.get("simulated")),
        lon=place[0] if place else None, lat=place[1] if place else None,
    )  # fmt: skip


def places_of(streams: QuerySet[Any], things: Iterable[int]) -> dict[int, tuple[float, float]]:
    """Where things are, degrees, by the number of the thing."""
    wanted = set(things)
    rows = streams.order_by().values_list(
        "thing_id", "thing__locations__west", "thing__locations__south"
    ).distinct()  # fmt: skip
    return {
        thing: (west, south)
        for thing, west, south in rows
        if thing in wanted and west is not None and south is not None
    }
