"""时间旅行: entities as they were (``$asOf``), and all their versions in a period (``$fromTo``).

Every change of an entity leaves a version; here versions stand in for rows. Observations carry their
own times and are given as they are now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.models import Version
from quancheng.capabilities.sensorthings.reader import Found, Reader, Want
from quancheng.capabilities.sensorthings.tables import OBSERVATION, TABLES
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.options import Query
from quancheng.core.sensorthings.times import Interval
from quancheng.kernel.actor import Actor, ActorKind

_SEES_ALL = frozenset({"sensorthings.reader", "sensorthings.editor"})


def reader_for(actor: Actor, query: Query) -> Reader:
    """A reader of the present, or of the moment or period a query names."""
    if query.as_of is not None:
        return PastReader(actor, span=Interval(query.as_of, query.as_of))
    if query.from_to is not None:
        return PastReader(actor, span=query.from_to, all_versions=True)
    return Reader(actor)


@dataclass
class PastReader(Reader):
    """Reads versions instead of rows; everything is judged here."""

    span: Interval = field(default_factory=lambda: Interval(0, 0))
    all_versions: bool = False
    _known: dict[str, list[Any]] = field(default_factory=dict)

    def rows(self, type: EntityType) -> QuerySet[Any]:
        """The past has no table; nothing may reach for one."""
        raise BadQuery("时间旅行不支持这一查询。", "Time travel does not support this query.")

    def get(self, type: EntityType, pk: int) -> Any | None:
        """The version of one entity (the last of the period)."""
        return next((row for row in reversed(self.versions(type)) if row.pk == pk), None)

    def many(self, type: EntityType, pks: Collection[int]) -> dict[int, Any]:
        """Versions by id."""
        wanted = set(pks)
        return {row.pk: row for row in self.versions(type) if row.pk in wanted}

    def versions(self, type: EntityType) -> list[Any]:
        """Every entity of a type as it was, by id and time."""
        if type.name not in self._known:
            self._known[type.name] = list(self._load(type))
        return self._known[type.name]

    def _load(self, type: EntityType) -> Iterator[Any]:
        table = TABLES[type.name]
        kind = str(table.model._meta.object_name)
        found = Version.objects.filter(kind=kind, since__lte=self.span.end).exclude(deed="delete")
        found = found.filter(Q(until=None) | Q(until__gt=self.span.start)).order_by("entity", "since", "id")
        if found.count() > LIMITS.scan:
            raise BadQuery(
                "该时刻的实体过多，请缩小范围。", "Too many entities at that time; narrow the request."
            )
        for one in found:
            row = SimpleNamespace(pk=one.entity, **one.data)
            if all(getattr(row, name) == value for name, value in table.where.items()) and self._may_see(row):
                row.system_time = (one.since, one.until)
                yield row

    def _may_see(self, row: Any) -> bool:
        return (
            bool(row.public) or self.actor.kind is ActorKind.SYSTEM or bool(self.actor.role_ids & _SEES_ALL)
        )

    def source_rows(self, type: EntityType, source: tuple[EntityType, str, int] | None) -> Any:
        """Versions reached from an entity."""
        rows = self.versions(type)
        if source is not None:
            kept = {row.pk for row in self.follow(source[0], source[1], [source[2]])[source[2]]}
            rows = [row for row in rows if row.pk in kept]
        return _Rows(rows)

    def find(self, type: EntityType, want: Want) -> Found:
        """A page of versions."""
        rows = list(self.source_rows(type, want.source))
        tree = self.plan(type, want.filter)
        if tree is not None:
            rows = list(self._matching(type, rows, tree))
        if want.order:
            rows = self.sort(type, rows, want.order)
        page = rows[want.skip : want.skip + want.limit]
        return Found(page, len(rows) > want.skip + want.limit, len(rows) if want.count else None)

    def follow(
        self, type: EntityType, name: str, pks: Sequence[int], rows: Sequence[Any] | None = None
    ) -> dict[int, list[Any]]:
        """Related entities by the links the versions hold."""
        target = BY_NAME[type.links[name].target]
        if target.name == OBSERVATION:
            raise BadQuery("此处不能经过观测。", "A path cannot pass through observations here.")
        join = TABLES[type.name].joins[name]
        wanted = set(pks)
        mine = {row.pk: _links(row, join.forward) for row in self.versions(type) if row.pk in wanted}
        found: dict[int, list[Any]] = defaultdict(list)
        if all(ids is not None for ids in mine.values()):
            known = {row.pk: row for row in self.versions(target)}
            for pk, ids in mine.items():
                found[pk] = [known[one] for one in ids or () if one in known]
        else:
            for row in self.versions(target):
                for pk in set(_links(row, join.back) or ()) & wanted:
                    found[pk].append(row)
        return {pk: found[pk] for pk in pks}


def _links(row: Any, name: str) -> list[int] | None:
    """Ids a version links to under a name; None when the other side holds the link."""
    if hasattr(row, f"{name}_id"):
        one = getattr(row, f"{name}_id")
        return [] if one is None else [one]
    held = getattr(row, name, None)
    return held if isinstance(held, list) else None


class _Rows(list[Any]):
    """A list that answers the little a queryset is asked for."""

    def filter(self, *, pk: int) -> _Rows:
        return _Rows([row for row in self if row.pk == pk])

    def first(self) -> Any | None:
        return self[0] if self else None
