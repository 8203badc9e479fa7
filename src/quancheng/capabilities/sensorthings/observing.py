"""读观测: observations of the streams the asker may see, found in the observation store."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import msgspec
import pyarrow as pa

from quancheng.capabilities.observations import queries as store
from quancheng.capabilities.observations.values import Observation
from quancheng.capabilities.sensorthings import paging
from quancheng.capabilities.sensorthings.compiling import Compiler
from quancheng.capabilities.sensorthings.models import Stream
from quancheng.capabilities.sensorthings.observation_plan import bounds, default_streams, plan, relation_of
from quancheng.core.sensorthings.cursors import Cursor
from quancheng.core.sensorthings.expressions import (
    Expression,
    Path,
    paths,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.filters import Order
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.options import Query
from quancheng.core.sensorthings.rewriting import map_paths
from quancheng.kernel import access

if TYPE_CHECKING:
    from quancheng.capabilities.sensorthings.reader import Reader

OBSERVATION = BY_NAME["Observation"]
COLUMNS = "id, stream, time, time_end, result_time, number, text, feature, extra"
_RELATIONS = ("Datastream", "MultiDatastream", "FeatureOfInterest")


class Row(NamedTuple):
    """An observation as the store gives it."""

    id: int
    stream: int
    time: int
    time_end: int | None
    result_time: int | None
    number: float | None
    text: str | None
    feature: int | None
    extra: str | None

    @property
    def pk(self) -> int:
        """Like other rows."""
        return self.id


@dataclass(frozen=True, slots=True)
class Scope:
    """Which observations are meant at all."""

    streams: tuple[int, ...] | None = None
    """None = of every stream but the hidden."""
    hidden: tuple[int, ...] = ()
    features: tuple[int, ...] | None = None
    """Only of these features; ``default`` are the streams whose unnamed feature is one of them."""
    default: tuple[int, ...] = ()
    ids: tuple[int, ...] | None = None


@dataclass(slots=True)
class Page:
    """Observations, whether more follow, how many there are when asked."""

    rows: list[Row]
    more: bool
    count: int | None = None
    cursor: Cursor | None = None
    """Of the last row, when the next page can begin after it."""


# -- what is meant ------------------------------------------------------------------------------
def scope(
    reader: Reader, source: tuple[EntityType, int] | None = None, ids: Sequence[int] | None = None
) -> Scope:
    """The observations the asker may see: all, or those of a stream or feature (type, id)."""
    wanted = None if ids is None else tuple(ids)
    if source is not None and source[0].name != "FeatureOfInterest":
        return Scope(streams=(source[1],), ids=wanted)
    seen = access.visible(reader.actor, Stream)
    if source is None:
        hidden = Stream.objects.exclude(pk__in=seen.values("pk")).values_list("pk", flat=True)
        return Scope(hidden=tuple(hidden), ids=wanted)
    features = (source[1],)
    named = seen.filter(streamfeature__feature__in=features).values_list("pk", flat=True)
    default = tuple(default_streams(features, seen))
    return Scope(tuple({*named, *default}), features=features, default=default, ids=wanted)


def default_features(streams: Collection[int]) -> dict[int, int]:
    """For each stream: the feature of its thing's location, when there is one."""
    rows = Stream.objects.filter(pk__in=list(streams), thing__locations__feature__isnull=False)
    ordered = rows.order_by("thing__locations__pk").values_list("pk", "thing__locations__feature")
    return dict(ordered)


# -- finding ------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Search:
    """One question to the store: its condition, order and parameters."""

    where: str
    order: str
    parameters: dict[str, Any]
    since: int | None
    until: int | None
    ids: tuple[int, ...] | None
    ranks: list[tuple[str, dict[int, int]]]
    filtered: bool
    keys: list[tuple[str, bool]] | None
    """Expressions of the order and whether descending; None when a cursor cannot stand in it."""

    def connect(self, within: Scope) -> Any:
        ids = within.ids if within.ids is not None else self.ids
        return store.view(streams=within.streams, since=self.since, until=self.until, ids=ids)

    def register(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, ranks in self.ranks:
            table = {
                "key": pa.array(list(ranks), pa.int64()),
                "rank": pa.array(list(ranks.values()), pa.int64()),
            }
            connection.register(name, pa.table(table))


def _search(reader: Reader, within: Scope, filter: Expression | None, order: tuple[Order, ...]) -> _Search:
    tree = plan(reader, filter)
    compiler = Compiler(reader.now)
    terms = []
    if tree is not None:
        terms.append(compiler.condition(tree))
    if within.hidden:
        terms.append(f"stream NOT IN (SELECT unnest(CAST({compiler.bind(list(within.hidden))} AS BIGINT[])))")
    if within.features is not None:
        some = compiler.bind(list(within.features))
        rest = compiler.bind(list(within.default))
        terms.append(
            f"(feature IN (SELECT unnest(CAST({some} AS BIGINT[]))) OR (feature IS NULL AND"
            f" stream IN (SELECT unnest(CAST({rest} AS BIGINT[])))))"
        )
    if within.ids is not None:
        terms.append(f"id IN (SELECT unnest(CAST({compiler.bind(list(within.ids))} AS BIGINT[])))")
    keys, plain, ranks = _order(reader, compiler, within, order)
    since, until, ids = bounds(tree)
    where = " WHERE " + " AND ".join(terms) if terms else ""
    return _Search(
        where,
        ", ".join([*keys, "id"]),
        compiler.parameters,
        since,
        until,
        ids,
        ranks,
        tree is not None,
        None if ranks else plain,
    )


def _order(
    reader: Reader, compiler: Compiler, within: Scope, order: tuple[Order, ...]
) -> tuple[list[str], list[tuple[str, bool]], list[tuple[str, dict[int, int]]]]:
    from quancheng.capabilities.sensorthings.resolving import check

    keys: list[str] = []
    plain: list[tuple[str, bool]] = []
    ranks: list[tuple[str, dict[int, int]]] = []
    for place, key in enumerate(order):
        check(OBSERVATION, key.by)
        way = "DESC NULLS LAST" if key.descending else "ASC NULLS FIRST"
        relations = {relation_of(steps) for steps in paths(key.by)}
        if relations <= {None}:
            parts = compiler.order(key.by)
            keys += [f"{one} {way}" for one in parts]
            plain += [(one, key.descending) for one in parts]
            continue
        if len(relations) > 1:
            raise BadQuery("排序键不能跨多个关系。", "A key cannot use several relations.")
        name = str(relations.pop())
        ranks.append((f"ranks{place}", _ranks(reader, within, name, key)))
        column = "feature" if name == "FeatureOfInterest" else "stream"
        keys.append(f"(SELECT rank FROM ranks{place} WHERE key = {column}) ASC NULLS LAST")  # noqa: S608
    return keys, plain, ranks


def _ranks(reader: Reader, within: Scope, relation: str, key: Order) -> dict[int, int]:
    """Places of streams (or features) in the order of a key of theirs."""
    type = BY_NAME[relation]
    rows = reader.rows(type)
    if within.streams is not None and relation != "FeatureOfInterest":
        rows = rows.filter(pk__in=within.streams)
    by = map_paths(key.by, lambda steps: steps[1:] or ("id",))
    ordered = reader.sort(type, list(rows[:50_001]), (Order(by, key.descending),))
    if len(ordered) > 50_000:
        raise BadQuery(
            "数据流过多，无法按此排序，请缩小范围。", "Too many streams to order by that; narrow the request."
        )
    return {row.pk: place for place, row in enumerate(ordered)}


def find(
    reader: Reader,
    within: Scope,
    *,
    filter: Expression | None = None,
    order: tuple[Order, ...] = (),
    skip: int = 0,
    limit: int = 100,
    count: bool = False,
    after: Cursor | None = None,
) -> Page:
    """A page of observations: after so many, or after a row. Raises BadQuery."""
    if within.streams == ():
        return Page([], False, 0 if count else None)
    if count and limit == 0 and filter is None and within.features is within.ids is None:
        return Page([], False, _count_all(within))
    search = _search(reader, within, filter, order)
    keys = [one for one, _ in search.keys or ()]
    columns = ", ".join([COLUMNS, *keys])
    window = search.since, search.until
    where = search.where
    if after is not None:
        where += (" AND " if where else " WHERE ") + paging.beyond(search.keys, after, search.parameters)
        search.since, search.until = paging.narrowed(search.keys, after, search.since, search.until)
    with search.connect(within) as connection:
        search.register(connection)
        sql = f"SELECT {columns} FROM observations{where} ORDER BY {search.order}"  # noqa: S608
        offset = 0 if after is not None else int(skip)
        try:
            rows = _ask(connection, f"{sql} LIMIT {int(limit) + 1} OFFSET {offset}", search.parameters)
        except duckdb.BinderException as wrong:
            if after is None:
                raise
            raise BadQuery("$skiptoken 不属于这个查询。", "$skiptoken is not of this query.") from wrong
    total = None
    if count and (search.filtered or within.features is not None or within.ids is not None):
        search.since, search.until = window
        with search.connect(within) as connection:
            search.register(connection)
            counting = f"SELECT count(*) FROM observations{search.where}"  # noqa: S608
            total = int(_ask(connection, counting, search.parameters)[0][0])
    if count and total is None:
        total = _count_all(within)
    more = len(rows) > limit
    width = len(Row._fields)
    last = rows[limit - 1] if more and limit and search.keys is not None else None
    cursor = None if last is None else Cursor(tuple(last[width:]), last[0])
    return Page([Row(*row[:width]) for row in rows[:limit]], more, total, cursor)


def _count_all(within: Scope) -> int:
    """Observations of streams, from the store's manifests."""
    total = store.count(streams=within.streams)
    return total - (store.count(streams=within.hidden) if within.hidden else 0)


def _used(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """DuckDB refuses parameters a statement does not name."""
    names = set(re.findall(r"\$(p\d+)\b", sql))
    return {name: value for name, value in parameters.items() if name in names}


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[Any]:
    try:
        return connection.execute(sql, _used(sql, parameters)).fetchall()
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as bad:
        raise BadQuery("条件中的值超出范围。", "A value in the filter is out of range.") from bad


def latest(streams: Collection[int]) -> dict[int, Row]:
    """The newest observation of each stream, from the latest-value array."""
    return {stream: row_of(one) for stream, one in store.latest(list(streams)).items()}


def row_of(one: Observation) -> Row:
    """The store's value as a row."""
    plain = type(one.result) is float or (type(one.result) is int and abs(one.result) <= 2**53)
    text = None if plain or one.result is None else msgspec.json.encode(one.result).decode()
    extra = msgspec.json.encode(dict(one.extra)).decode() if one.extra else None
    number = float(one.result) if plain else None  # type: ignore[arg-type]
    return Row(one.id, one.stream, one.time, one.time_end, one.result_time, number, text, one.feature, extra)


_BY_TIME = Path(("phenomenonTime",))


def wants_latest(query: Query) -> bool:
    """Whether a query is for the newest observation only."""
    one = query.top == 1 and query.skip == 0 and query.filter is None and not query.count
    return one and len(query.order) == 1 and query.order[0].by == _BY_TIME and query.order[0].descending


def of_streams(reader: Reader, streams: Sequence[int], query: Query, page: int) -> dict[int, Page]:
    """For each stream its own page of observations: one question for all."""
    if not streams:
        return {}
    if wants_latest(query):
        newest = latest(streams)
        # whether older ones follow is not asked: the next link is given, as it costs nothing
        return {one: Page([newest[one]] if one in newest else [], one in newest) for one in streams}
    within = Scope(streams=tuple(streams))
    search = _search(reader, within, query.filter, query.order)
    number = f"row_number() OVER (PARTITION BY stream ORDER BY {search.order})"
    total = "count(*) OVER (PARTITION BY stream)" if query.count else "NULL"
    sql = (
        f"SELECT {COLUMNS}, place, total FROM (SELECT *, {number} AS place, {total} AS total"  # noqa: S608
        f" FROM observations{search.where}) WHERE place > {query.skip} AND place <= {query.skip + page + 1}"
        " ORDER BY stream, place"
    )
    found: dict[int, Page] = {one: Page([], False, 0 if query.count else None) for one in streams}
    with search.connect(within) as connection:
        search.register(connection)
        for *columns, place, counted in _ask(connection, sql, search.parameters):
            row = Row(*columns)
            mine = found[row.stream]
            mine.count = counted
            if place > query.skip + page:
                mine.more = True
                mine.cursor = Cursor((), mine.rows[-1].id) if mine.rows and not query.order else None
            else:
                mine.rows.append(row)
    return found


def holders(reader: Reader, type: EntityType, tree: Expression) -> set[int]:
    """Ids of streams (or features) that have an observation for which the tree holds."""
    within = scope(reader)
    search = _search(reader, within, tree, ())
    with search.connect(within) as connection:
        search.register(connection)
        sql = f"SELECT DISTINCT stream, feature FROM observations{search.where}"  # noqa: S608
        pairs = _ask(connection, sql, search.parameters)
    if type.name != "FeatureOfInterest":
        return {int(stream) for stream, _ in pairs}
    unnamed = {stream for stream, feature in pairs if feature is None}
    return {int(one) for _, one in pairs if one is not None} | set(default_features(unnamed).values())


def extents(streams: Collection[int]) -> dict[int, store.Extent]:
    """From when to when streams have observations."""
    return store.extents(streams)


def features_of(rows: Iterable[Row]) -> dict[int, int]:
    """The feature of each observation (by its id): named, or its stream's."""
    kept = list(rows)
    unnamed = default_features({row.stream for row in kept if row.feature is None})
    found = {row.id: row.feature if row.feature is not None else unnamed.get(row.stream) for row in kept}
    return {one: feature for one, feature in found.items() if feature is not None}


def grouped(reader: Reader, within: Scope, filter: Expression | None, sql: str) -> list[Any]:
    """Rows of a query of ours over the observations meant; ``{where}`` in it is their condition."""
    if within.streams == ():
        return []
    search = _search(reader, within, filter, ())
    with search.connect(within) as connection:
        search.register(connection)
        whole = sql.replace("{where}", search.where)
        return _ask(connection, whole, search.parameters)
