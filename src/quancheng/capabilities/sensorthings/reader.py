"""读实体: rows of entities the asker may see, found, judged, ordered and followed.

One reader lives as long as one request. :class:`Reader` reads the present; the past has its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from quancheng.capabilities.sensorthings import observing
from quancheng.capabilities.sensorthings.keyset import beyond, cursor_of, keyed
from quancheng.capabilities.sensorthings.light import light
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.models import StreamProperty
from quancheng.capabilities.sensorthings.ordering import Ordered, dig
from quancheng.capabilities.sensorthings.pushing import Pushed, order_by, push
from quancheng.capabilities.sensorthings.resolving import check, resolve
from quancheng.capabilities.sensorthings.tables import OBSERVATION, STREAMS, TABLES, Table
from quancheng.core.sensorthings.cursors import Cursor
from quancheng.core.sensorthings.evaluation import Lookup, Moment, evaluate, matches
from quancheng.core.sensorthings.expressions import (
    Among,
    Binary,
    Expression,
    Not,
    Op,
    conjuncts,
    paths,
    together,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.filters import Order
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.times import Interval, micros
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Want:
    """Entities to be found: of whom (type, relation, id), which, in what order, how many."""

    source: tuple[EntityType, str, int] | None = None
    filter: Expression | None = None
    order: tuple[Order, ...] = ()
    skip: int = 0
    limit: int = 100
    count: bool = False
    after: Cursor | None = None


@dataclass(slots=True)
class Found:
    """A page of rows, whether more follow, and how many there are when that was asked."""

    rows: list[Any]
    more: bool
    count: int | None = None
    cursor: Cursor | None = None  # of the last row, when the next page can begin after it


@dataclass
class Reader:
    """Reads entities for one actor."""

    actor: Actor
    now: int = field(default_factory=lambda: micros(clock.now()))
    _extents: dict[int, Any] = field(default_factory=dict)
    _followed: dict[tuple[str, int, str], list[Any]] = field(default_factory=dict)

    # -- rows -----------------------------------------------------------------------------
    def rows(self, type: EntityType) -> QuerySet[Any]:
        """All rows of a type the actor may see, as light rows."""
        table = TABLES[type.name]
        return light(access.visible(self.actor, table.model).filter(**table.where))

    def get(self, type: EntityType, pk: int) -> Any | None:
        """One row, or None when there is none to be seen."""
        return self.rows(type).filter(pk=pk).first()

    def many(self, type: EntityType, pks: Collection[int]) -> dict[int, Any]:
        """Rows by id."""
        return {row.pk: row for row in self.rows(type).filter(pk__in=list(pks))} if pks else {}

    def source_rows(self, type: EntityType, source: tuple[EntityType, str, int] | None) -> QuerySet[Any]:
        """Rows of a type reached from an entity (all of them without one)."""
        rows = self.rows(type)
        if source is None:
            return rows
        here, name, pk = source
        return rows.filter(pk__in=self._reached(here, name, type, [pk]).values("pk"))

    def _reached(self, here: EntityType, name: str, type: EntityType, pks: Sequence[int]) -> QuerySet[Any]:
        back = TABLES[here.name].joins[name].back
        return self.rows(type).filter(**{f"{back}__in": list(pks)})

    # -- finding --------------------------------------------------------------------------
    def find(self, type: EntityType, want: Want) -> Found:
        """A page of entities (not observations). Raises BadQuery."""
        tree = self.plan(type, want.filter)
        for key in want.order:
            check(type, key.by)
        rows = self.source_rows(type, want.source)
        if want.source and want.source[1] == "ObservedProperties" and not want.order:
            return self._columns(type, rows, want)
        pushed = push(type, tree) if tree is not None else Pushed(Q(), True)
        if pushed.q != Q():
            table = TABLES[type.name]
            rows = rows.filter(pk__in=table.model._default_manager.filter(pushed.q).values("pk"))
        order, left = order_by(type, want.order), None if pushed.exact else tree
        if order is not None:
            return self._in_order(type, rows, left, want, order)
        if want.after is not None:
            raise BadQuery("$skiptoken 不属于这个查询。", "$skiptoken is not of this query.")
        return self._judged(type, rows, left, want, None)

    def _in_order(
        self, type: EntityType, rows: QuerySet[Any], tree: Expression | None, want: Want, order: list[OrderBy]
    ) -> Found:
        """A page in an order the database gives: after a cursor, or after so many."""
        ordered = keyed(rows, order)
        if want.after is not None:
            ordered = beyond(ordered, order, want.after)
        skip = 0 if want.after is not None else want.skip
        if tree is None:
            page = list(ordered.order_by(*order)[skip : skip + want.limit + 1])
            total = rows.count() if want.count else None
            found = Found(page[: want.limit], len(page) > want.limit, total)
        else:
            counted = want.count and want.after is None
            found = self._judged(type, ordered, tree, replace(want, skip=skip, count=counted), order)
            if want.count and not counted:  # the count is of all, not of what follows the cursor
                found.count = sum(1 for _ in self._matching_all(type, self._candidates(rows), tree))
        if found.more and found.rows:
            found.cursor = cursor_of(found.rows[-1], order)
        return found

    def _columns(self, type: EntityType, rows: QuerySet[Any], want: Want) -> Found:
        """Observed properties of a MultiDatastream: in the order of its columns."""
        assert want.source is not None
        kept = self.follow(want.source[0], "ObservedProperties", [want.source[2]])[want.source[2]]
        tree = self.plan(type, want.filter)
        if tree is not None:
            kept = list(self._matching(type, kept, tree))
        page = kept[want.skip : want.skip + want.limit]
        return Found(page, len(kept) > want.skip + want.limit, len(kept) if want.count else None)

    def _judged(
        self, type: EntityType, rows: QuerySet[Any], tree: Expression | None, want: Want, order: Any
    ) -> Found:
        """Judge candidates one by one, in the database's order when it can give it."""
        sorted_here = order is None
        source = self._candidates(rows.order_by(*(order or [F("pk").asc()])))
        if sorted_here:
            kept = self.sort(type, list(self._matching_all(type, source, tree)), want.order)
            page = kept[want.skip : want.skip + want.limit]
            return Found(page, len(kept) > want.skip + want.limit, len(kept) if want.count else None)
        page, seen = [], 0
        for row in self._matching_all(type, source, tree):
            seen += 1
            if want.skip < seen <= want.skip + want.limit:
                page.append(row)
            if seen > want.skip + want.limit and not want.count:
                break
        return Found(page, seen > want.skip + want.limit, seen if want.count else None)

    def _candidates(self, rows: QuerySet[Any]) -> Iterator[list[Any]]:
        chunk: list[Any] = []
        for place, row in enumerate(rows.iterator(_CHUNK)):
            if place >= LIMITS.scan:
                raise BadQuery(
                    f"条件过宽：须逐个判断的对象超过{LIMITS.scan}个，请加上名称、编号或范围条件。",
                    f"Too broad: more than {LIMITS.scan} entities to judge one by one; narrow by name, id or area.",
                )
            chunk.append(row)
            if len(chunk) >= _CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _matching_all(
        self, type: EntityType, chunks: Iterable[list[Any]], tree: Expression | None
    ) -> Iterator[Any]:
        for chunk in chunks:
            yield from chunk if tree is None else self._matching(type, chunk, tree)

    def _matching(self, type: EntityType, rows: list[Any], tree: Expression) -> Iterator[Any]:
        prefixes = self._preload(type, rows, tree)
        for row in rows:
            if any(matches(tree, one, now=self.now) for one in self.lookups(type, row, prefixes)):
                yield row

    def sort(self, type: EntityType, rows: list[Any], order: tuple[Order, ...]) -> list[Any]:
        """Rows by keys the database cannot order by; unknown first, by id in the end."""
        rows = sorted(rows, key=lambda row: row.pk)
        for key in reversed(order):
            prefixes = self._preload(type, rows, key.by)
            values = {
                row.pk: evaluate(key.by, next(self.lookups(type, row, prefixes)), now=self.now)
                for row in rows
            }
            rows = sorted(rows, key=lambda row: Ordered(values[row.pk]), reverse=key.descending)
        return rows

    # -- planning -------------------------------------------------------------------------
    def plan(self, type: EntityType, tree: Expression | None) -> Expression | None:
        """The tree with its conditions on observations answered: they become sets of ids. Raises BadQuery."""
        if tree is None:
            return None
        check(type, tree)
        if not any("Observations" in steps for steps in paths(tree)):
            return tree
        return self._answered(type, tree)

    def _answered(self, type: EntityType, tree: Expression) -> Expression:
        prefixes = {_until_observations(steps) for steps in paths(tree)}
        if len(prefixes) == 1 and (prefix := prefixes.pop()) is not None:
            return self._among(type, prefix, tree)
        match tree:
            case Binary(Op.AND):
                return self._answered_parts(type, conjuncts(tree))
            case Binary(Op.OR, left, right):
                return Binary(Op.OR, self._answered(type, left), self._answered(type, right))
            case Not(inner):
                return Not(self._answered(type, inner))
        if prefixes == {None}:
            return tree
        raise BadQuery(
            "一个比较里不能同时用观测和其他实体的属性。",
            "One comparison cannot use properties of observations and of other entities.",
        )

    def _answered_parts(self, type: EntityType, parts: list[Expression]) -> Expression:
        """Conditions on the same observations are asked together: one observation must meet them all."""
        groups: dict[Any, list[Expression]] = defaultdict(list)
        for part in parts:
            prefixes = {_until_observations(steps) for steps in paths(part)}
            groups[prefixes.pop() if len(prefixes) == 1 else id(part)].append(part)
        found = [
            self._answered(type, whole)
            for group in groups.values()
            if (whole := together(group)) is not None
            and (len(group) == 1 or "Observations" in paths(whole)[0])
        ]
        rest = [
            part
            for group in groups.values()
            if len(group) > 1 and "Observations" not in paths(group[0])[0]
            for part in group
        ]
        whole = together([*found, *rest])
        assert whole is not None
        return whole

    def _among(self, type: EntityType, prefix: tuple[str | int, ...], tree: Expression) -> Expression:
        """The streams (or features) that have an observation for which the tree holds."""
        holder = resolve(type, (*prefix, "id")).type if prefix else type
        inner = _stripped(tree, len(prefix) + 1)
        own = observing.holders(self, holder, inner)
        return Among((*prefix, "id"), frozenset(own))

    # -- paths ----------------------------------------------------------------------------
    def _preload(self, type: EntityType, rows: list[Any], tree: Expression) -> list[tuple[str, ...]]:
        """Follow all relations a tree uses for all rows at once; the prefixes that lead to many."""
        many: dict[tuple[str, ...], None] = {}
        for steps in paths(tree):
            target = resolve(type, steps)
            here, level = type, rows
            for place, name in enumerate(target.relations):
                if here.links[name].many:
                    many[target.relations[: place + 1]] = None
                found = self.follow(here, name, [row.pk for row in level], level)
                here = BY_NAME[here.links[name].target]
                level = list({one.pk: one for some in found.values() for one in some}.values())
            if target.type.name in STREAMS and target.property in ("phenomenonTime", "resultTime"):
                self.extents([row.pk for row in level])
        return sorted(many, key=len)

    def lookups(self, type: EntityType, row: Any, prefixes: list[tuple[str, ...]]) -> Iterator[Lookup]:
        """One lookup for each choice of related entities along the relations that lead to many."""

        def choose(place: int, chosen: dict[tuple[str, ...], Any]) -> Iterator[Lookup]:
            if place == len(prefixes):
                fixed = dict(chosen)
                yield lambda steps: self._value(type, row, steps, fixed)
                return
            prefix = prefixes[place]
            options = self._at(type, row, prefix, chosen)
            for option in options or [None]:
                yield from choose(place + 1, {**chosen, prefix: option})

        yield from choose(0, {})

    def _at(
        self, type: EntityType, row: Any, prefix: tuple[str, ...], chosen: dict[tuple[str, ...], Any]
    ) -> list[Any]:
        here, level = type, [row]
        for place, name in enumerate(prefix):
            key = prefix[: place + 1]
            if key in chosen:
                level = [] if chosen[key] is None else [chosen[key]]
            else:
                found = self.follow(here, name, [one.pk for one in level], level)
                level = [one for some in found.values() for one in some]
            here = BY_NAME[here.links[name].target]
            if not level:
                return []
        return level

    def _value(
        self, type: EntityType, row: Any, steps: tuple[str | int, ...], chosen: dict[tuple[str, ...], Any]
    ) -> Any:
        target = resolve(type, steps)
        level = self._at(type, row, target.relations, chosen) if target.relations else [row]
        if not level:
            return None
        return dig(self.value(target.type, level[0], target.property), target.inside)

    def value(self, type: EntityType, row: Any, name: str) -> Any:
        """A property of a row as expressions see it: times as moments and intervals."""
        if name == "id":
            return row.pk
        if type.name in STREAMS and name in ("phenomenonTime", "resultTime"):
            return self._stream_time(row.pk, name)
        found = getattr(row, TABLES[type.name].columns[name])
        return Moment(found) if name == "time" else found

    def _stream_time(self, stream: int, name: str) -> Interval | None:
        extent = self._extents[stream] if stream in self._extents else self.extents([stream])[stream]
        if extent is None:
            return None
        ends = (
            (extent.first, extent.last)
            if name == "phenomenonTime"
            else (extent.first_result, extent.last_result)
        )
        return None if ends[0] is None else Interval(*ends)

    def extents(self, streams: Collection[int]) -> dict[int, Any]:
        """From when to when streams have observations; asked once each."""
        missing = [one for one in streams if one not in self._extents]
        if missing:
            found = observing.extents(missing)
            self._extents.update({one: found.get(one) for one in missing})
        return self._extents

    # -- following ------------------------------------------------------------------------
    def follow(
        self, type: EntityType, name: str, pks: Sequence[int], rows: Sequence[Any] | None = None
    ) -> dict[int, list[Any]]:
        """The related entities of each of some entities, in order of id; remembered for the request."""
        missing = [pk for pk in pks if (type.name, pk, name) not in self._followed]
        if missing:
            found = self._follow(TABLES[type.name], name, missing)
            for pk in missing:
                self._followed[(type.name, pk, name)] = found.get(pk, [])
        return {pk: self._followed[(type.name, pk, name)] for pk in pks}

    def _follow(self, table: Table, name: str, pks: Sequence[int]) -> dict[int, list[Any]]:
        if table.type.links[name].target == OBSERVATION:
            raise BadQuery("此处不能经过观测。", "A path cannot pass through observations here.")
        target = BY_NAME[table.type.links[name].target]
        found: dict[int, list[Any]] = defaultdict(list)
        if name == "ObservedProperties":  # columns: in their order, the same property maybe twice
            links = StreamProperty.objects.filter(stream__in=pks).order_by("position")
            pairs = list(links.values_list("stream_id", "observed_property_id"))
            known = self.many(target, {two for _, two in pairs})
            for one, two in pairs:
                if two in known:
                    found[one].append(known[two])
            return found
        back = table.joins[name].back
        rows = self._reached(table.type, name, target, pks).annotate(source_id_=F(back)).order_by("pk")
        for place, row in enumerate(rows):
            if place > LIMITS.inline:
                raise BadQuery("关联实体过多，请缩小范围。", "Too many related entities; narrow the request.")
            found[row.source_id_].append(row)
        return found


def _until_observations(steps: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    return steps[: steps.index("Observations")] if "Observations" in steps else None


def _stripped(tree: Expression, count: int) -> Expression:
    """The tree with so many first steps taken from each path."""
    from quancheng.core.sensorthings.rewriting import map_paths

    return map_paths(tree, lambda steps: steps[count:] or ("id",))
