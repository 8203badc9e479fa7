"""表示: rows as the JSON of the standard, related entities inline, links to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from quancheng.capabilities.observations.values import result_of
from quancheng.capabilities.sensorthings import observing
from quancheng.capabilities.sensorthings.facts import is_multi
from quancheng.capabilities.sensorthings.limits import LIMITS
from quancheng.capabilities.sensorthings.reader import Reader, Want
from quancheng.capabilities.sensorthings.tables import OBSERVATION, STREAMS, TABLES
from quancheng.core.sensorthings import cursors
from quancheng.core.sensorthings.cursors import Cursor
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.options import Expand, Query
from quancheng.core.sensorthings.times import format_instant, format_time

_SAFE = "$/(),:;=@'*!"
_decode = msgspec.json.Decoder().decode


def page_size(query: Query) -> int:
    """How many a page holds: what was asked for, within the limit."""
    return min(LIMITS.page if query.top is None else query.top, LIMITS.top)


def options_text(query: Query, skip: int, mark: str, cursor: Cursor | None = None) -> str:
    """The options as they came with another ``$skip``, encoded for an address.

    With a cursor there is a ``$skiptoken``, which counts; ``$skip`` then only says how many were before.
    """
    pairs = {**query.raw, "$skip": str(skip)}
    if query.top is not None:
        pairs["$top"] = str(page_size(query))
    plain = mark.join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs.items())
    return plain + _token_text(query, mark, cursor)


def _token_text(query: Query, mark: str, cursor: Cursor | None) -> str:
    token = None if cursor is None else cursors.write(cursor, query.raw.get("$orderby", ""))
    return "" if token is None else f"{mark}$skiptoken={token}"


_OTHER = {False: "MultiDatastream@iot.navigationLink", True: "Datastream@iot.navigationLink"}
"""The link an observation does not have, by whether its stream is multi."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is shown of entities of a type; made once for a selection."""

    type: EntityType
    select: tuple[str, ...] | None
    id: bool
    self_link: bool
    properties: tuple[tuple[str, str | None, bool], ...]
    """Name, column (None: computed), whether shown when null."""
    links: tuple[tuple[str, str], ...]

    @staticmethod
    @lru_cache(maxsize=512)
    def of(type: EntityType, select: tuple[str, ...] | None) -> _Plan:
        """The plan of a type and ``$select``."""

        def wanted(name: str) -> bool:
            return select is None or name in select

        columns = {} if type.name == OBSERVATION else TABLES[type.name].columns
        return _Plan(
            type,
            select,
            wanted("id"),
            wanted("selfLink"),
            tuple(
                (one.name, columns.get(one.name), one.mandatory)
                for one in type.properties
                if wanted(one.name)
            ),
            tuple((f"{name}@iot.navigationLink", f"/{name}") for name in type.links if wanted(name)),
        )


@dataclass
class Renderer:
    """Renders for one request; ``root`` is the service's address without a slash at the end."""

    reader: Reader
    root: str
    given: int = 0

    def self_link(self, type: EntityType, pk: int) -> str:
        """The address of an entity."""
        return f"{self.root}/{type.plural}({pk})"

    # -- many -----------------------------------------------------------------------------
    def many(self, type: EntityType, rows: Sequence[Any], query: Query) -> list[dict[str, Any]]:
        """Entities of one type with what is expanded; related entities are fetched for all at once."""
        self.given += len(rows)
        if self.given > LIMITS.inline:
            raise BadQuery(
                f"一次应答的实体超过{LIMITS.inline}个，请缩小$top或减少展开。",
                f"More than {LIMITS.inline} entities in one answer; use a smaller $top or expand less.",
            )
        if type.name in STREAMS and rows and _wants_times(query):
            self.reader.extents([row.pk for row in rows])
        plan = _Plan.of(type, query.select)
        made = [self._made(plan, row) for row in rows]
        for expand in query.expand:
            self._expand(type, rows, made, expand)
        return made

    def one(self, type: EntityType, row: Any, query: Query) -> dict[str, Any]:
        """An entity without what is expanded."""
        return self._made(_Plan.of(type, query.select), row)

    def _made(self, plan: _Plan, row: Any) -> dict[str, Any]:
        link = f"{self.root}/{plan.type.plural}({row.pk})"
        out: dict[str, Any] = {}
        if plan.id:
            out["@iot.id"] = row.pk
        if plan.self_link:
            out["@iot.selfLink"] = link
        hidden = None
        if plan.type.name == OBSERVATION:
            _observation(row, out, plan.select)
            hidden = _OTHER[is_multi(row.stream)]
        else:
            self._properties(plan, row, out)
        for name, part in plan.links:
            if name != hidden:
                out[name] = link + part
        return out

    def _properties(self, plan: _Plan, row: Any, out: dict[str, Any]) -> None:
        for name, column, mandatory in plan.properties:
            if column is None:
                span = self.reader.value(plan.type, row, name)
                value = None if span is None else format_time(span.start, span.end)
            else:
                value = getattr(row, column)
                if name == "time":
                    value = format_instant(value)
            if value is not None or mandatory:
                out[name] = value

    # -- expanding ------------------------------------------------------------------------
    def _expand(
        self, type: EntityType, rows: Sequence[Any], made: list[dict[str, Any]], expand: Expand
    ) -> None:
        link = type.links[expand.navigation]
        target = BY_NAME[link.target]
        if not link.many:
            self._expand_one(type, rows, made, expand, target)
            return
        pages = self._pages(type, rows, expand, target)
        flat = [row for page in pages for row in page.rows]
        rendered = self.many(target, flat, expand.query)
        size, begin = page_size(expand.query), 0
        before, after = f"{self.root}/{type.plural}(", f")/{link.name}?"
        after += options_text(expand.query, expand.query.skip + size, "&")
        navigation, following = f"{link.name}@iot.navigationLink", f"{link.name}@iot.nextLink"
        for row, out, page in zip(rows, made, pages, strict=True):
            if page.count is not None:
                out[f"{link.name}@iot.count"] = page.count
            end = begin + len(page.rows)
            out[link.name] = rendered[begin:end]
            begin = end
            if page.more and size:
                out[following] = f"{before}{row.pk}{after}{_token_text(expand.query, '&', page.cursor)}"
            out.pop(navigation, None)

    def _expand_one(
        self,
        type: EntityType,
        rows: Sequence[Any],
        made: list[dict[str, Any]],
        expand: Expand,
        target: EntityType,
    ) -> None:
        found = self.related(type, rows, expand.navigation)
        unique = list({one.pk: one for one in found if one is not None}.values())
        rendered = dict(zip((one.pk for one in unique), self.many(target, unique, expand.query), strict=True))
        for out, one in zip(made, found, strict=True):
            if one is not None:
                out[expand.navigation] = rendered[one.pk]
                out.pop(f"{expand.navigation}@iot.navigationLink", None)

    def related(self, type: EntityType, rows: Sequence[Any], name: str) -> list[Any]:
        """For each row the one entity it is related to, or None."""
        target = BY_NAME[type.links[name].target]
        if type.name != OBSERVATION:
            found = self.reader.follow(type, name, [row.pk for row in rows], rows)
            return [found[row.pk][0] if found[row.pk] else None for row in rows]
        if name in STREAMS:
            known = self.reader.many(target, {row.stream for row in rows})
            return [known.get(row.stream) for row in rows]
        features = observing.features_of(rows)
        known = self.reader.many(target, set(features.values()))
        return [known.get(features.get(row.id, -1)) for row in rows]

    def _pages(self, type: EntityType, rows: Sequence[Any], expand: Expand, target: EntityType) -> list[Any]:
        query, size = expand.query, page_size(expand.query)
        if target.name == OBSERVATION:
            if type.name in STREAMS:
                found = observing.of_streams(self.reader, [row.pk for row in rows], query, size)
                return [found[row.pk] for row in rows]
            return [
                observing.find(
                    self.reader, observing.scope(self.reader, (type, row.pk)), filter=query.filter,
                    order=query.order, skip=query.skip, limit=size, count=query.count,
                )
                for row in rows
            ]  # fmt: skip
        want = Want(None, query.filter, query.order, query.skip, size, query.count)
        if len(rows) == 1 or query.filter is not None or query.order:
            return [
                self.reader.find(target, replace(want, source=(type, expand.navigation, row.pk)))
                for row in rows
            ]
        followed = self.reader.follow(type, expand.navigation, [row.pk for row in rows], rows)
        if expand.navigation == "ObservedProperties":
            return [replace(_cut(followed[row.pk], query, size), cursor=None) for row in rows]
        return [_cut(followed[row.pk], query, size) for row in rows]


def _cut(rows: list[Any], query: Query, size: int) -> observing.Page:
    page = rows[query.skip : query.skip + size]
    cursor = Cursor((), page[-1].pk) if page else None
    return observing.Page(page, len(rows) > query.skip + size, len(rows) if query.count else None, cursor)


def _wants_times(query: Query) -> bool:
    return query.select is None or bool({"phenomenonTime", "resultTime"} & set(query.select))


def _observation(row: observing.Row, out: dict[str, Any], select: Any) -> None:
    if select is None or "phenomenonTime" in select:
        out["phenomenonTime"] = format_time(row.time, row.time_end)
    if select is None or "resultTime" in select:
        out["resultTime"] = None if row.result_time is None else format_instant(row.result_time)
    if select is None or "result" in select:
        out["result"] = result(row)
    if row.extra:
        for name, value in _decode(row.extra).items():
            if (select is None or name in select) and value is not None:
                out[name] = value


def result(row: observing.Row) -> Any:
    """The result of an observation as JSON has it."""
    number = float("nan") if row.number is None else row.number
    return result_of(number, row.text)
