"""读取一个版本: rows of one version of a table, by page, by condition, by key, by SQL, as Arrow or as plain values.

A view has no rights: whoever made it has decided them. It stays the same for as long as it is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from quancheng.capabilities.tables import answers, packs, rows
from quancheng.capabilities.tables.faults import reading
from quancheng.capabilities.tables.packs import Pack, columns_sql
from quancheng.capabilities.tables.plain import plain_rows
from quancheng.capabilities.tables.values import Found, TableInfo, TableSchema, Total
from quancheng.capabilities.tables.wanted import Wanted, wanted
from quancheng.core.exchange import Condition
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

if TYPE_CHECKING:
    import ibis

ESTIMATE_FROM = 50_000
"""Rows a search counts before it says "at least"."""
_COUNTS = 256


class View:
    """One version of a table (数据表的一个版本)."""

    __slots__ = ("_pack", "info", "rows", "version")

    def __init__(self, info: TableInfo, version: int, rows: int, pack: Pack) -> None:
        self.info, self.version, self.rows, self._pack = info, version, rows, pack

    @property
    def schema(self) -> TableSchema:
        """The table's schema now; columns newer than the version are empty."""
        return self._pack.schema

    def search(
        self,
        where: Condition | None = None,
        q: str | Mapping[str, str] = "",
        fields: Sequence[str] | None = None,
        sort: str | Sequence[str] = (),
        limit: int = 100,
        offset: int = 0,
        *,
        total: Total = Total.ESTIMATE,
        distinct: bool = False,
        filters: Mapping[str, Any] | None = None,
        within: Sequence[str] | None = None,
    ) -> Found:
        """Rows that meet a condition and hold the words of ``q``; in key order unless sorted.

        Words are sought in the text columns among ``within``, by default those shown.

        Raises InvalidInput naming the argument at fault.
        """
        asked = wanted(
            self.schema, where=where, q=q, fields=fields, sort=sort, limit=limit, offset=offset, distinct=distinct,
            filters=filters,
            within=within,
        )  # fmt: skip
        page, count, estimated = self.answer(asked, total)
        found = plain_rows(page)
        more = len(found) == limit > 0 and (count is None or estimated or offset + limit < count)
        return Found(found, count, estimated, str(offset + limit) if more else None, asked.fields)

    def search_json(self, **asked: Any) -> bytes:
        """The ``result`` of CKAN's ``datastore_search`` as JSON: see :func:`answers.datastore_search`."""
        return answers.datastore_search(self, **asked)

    def answer(self, asked: Wanted, how: Total) -> tuple[pa.Table, int | None, bool]:
        """Rows of a checked search, how many there are in all, and whether that is a lower bound."""
        if asked.equal and not asked.distinct and asked.by_key(self.schema.key):
            near = self._pack.pager.near(asked.equal)
            if near is not None:
                page = near.slice(asked.offset, asked.limit).select(list(asked.fields))
                return page, None if how is Total.NONE else near.num_rows, False
        page = self.page(asked)
        if (
            how is not Total.NONE
            and asked.where
            and page.num_rows < asked.limit
            and (page.num_rows or not asked.offset)
        ):
            return page, asked.offset + page.num_rows, False  # the page that ends it has counted it
        count, estimated = self.count(asked, how)
        return page, count, estimated

    def page(self, asked: Wanted) -> pa.Table:
        """Rows of a checked search, as Arrow."""
        if asked.limit == 0:
            return self._pack.arrow.empty_table().select(list(asked.fields))
        if asked.everything and not asked.distinct and asked.by_key(self.schema.key):
            found = self._pack.pager.page(asked.offset, asked.limit)
            return found if asked.fields == self.schema.names else found.select(list(asked.fields))
        query = asked.select(self.schema.key, sorted_already=self._pack.ordered)
        return self.sql(query, asked.values)

    def count(self, asked: Wanted, how: Total) -> tuple[int | None, bool]:
        """How many rows a search has, and whether that is a lower bound. Counted once a version."""
        if how is Total.NONE:
            return None, False
        if asked.everything and not asked.distinct:
            return self.rows, False
        key = (asked.where, asked.values, asked.fields if asked.distinct else ())
        counts = self._pack.counts
        known = counts.get(key)
        if known is not None and not (known[1] and how is Total.EXACT):
            return known
        most = ESTIMATE_FROM if how is Total.ESTIMATE else None
        number = int(self.sql(asked.count(most), asked.values).column(0)[0].as_py())
        result = (number, False) if most is None or number <= most else (most, True)
        with self._pack.lock:
            counts[key] = result
            while len(counts) > _COUNTS:
                counts.popitem(last=False)
        return result

    def arrow(
        self, fields: Sequence[str] | None = None, where: Condition | None = None, limit: int | None = None
    ) -> pa.Table:
        """Rows as an Arrow table, in key order."""
        parts = list(self.batches(fields, where, limit=limit))
        schema = self._selected(fields)
        return pa.Table.from_batches(parts, schema=schema)

    def batches(
        self,
        fields: Sequence[str] | None = None,
        where: Condition | None = None,
        *,
        size: int = 16_384,
        limit: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """The same, streamed: never the whole table in memory."""
        asked = wanted(self.schema, where=where, fields=fields)
        schema = self._selected(fields)
        end = self.rows if limit is None else min(limit, self.rows)
        if asked.everything:
            for start in range(0, end, size):
                part = self._pack.pager.page(start, min(size, end - start)).select(list(asked.fields))
                yield from part.cast(schema).combine_chunks().to_batches(max_chunksize=size)
            return
        query = f"SELECT {columns_sql(asked.fields)} FROM t WHERE {asked.where}"  # noqa: S608
        if not self._pack.ordered:
            query += f" ORDER BY {columns_sql(self.schema.key)}"
        if limit is not None:
            query += f" LIMIT {int(limit)}"
        with self._pack.cursor() as cursor:
            for batch in cursor.execute(query, list(asked.values)).to_arrow_reader(size):
                yield from pa.Table.from_batches([batch]).cast(schema).to_batches()

    def in_order(self) -> Iterator[pa.RecordBatch]:
        """All rows in key order, one interval after another."""
        pager = self._pack.pager
        for start in range(0, pager.rows, 16_384):
            yield from pager.page(start, 16_384).to_batches()

    def lookup(self, keys: Sequence[Any], fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Rows of these keys that are there, in key order; a key of one column may come bare."""
        return plain_rows(self.lookup_arrow(keys, fields))

    def lookup_arrow(self, keys: Sequence[Any], fields: Sequence[str] | None = None) -> pa.Table:
        """The same as Arrow."""
        asked = wanted(self.schema, fields=fields)
        try:
            sought = rows.fit_keys(self.schema, keys, clock.LOCAL)
        except rows.RowsRefusedError as error:
            raise InvalidInput(fields={fault.place: fault.text for fault in error.faults}) from error
        names = columns_sql(self.schema.key)
        query = f"SELECT {columns_sql(asked.fields)} FROM t SEMI JOIN sought USING ({names}) ORDER BY {names}"  # noqa: S608
        if len(self.schema.key) == 1 and len(keys) <= 32:  # constants prune row groups, a join does not
            marks = ", ".join("?" * len(keys))
            query = f"SELECT {columns_sql(asked.fields)} FROM t WHERE {names} IN ({marks}) ORDER BY {names}"  # noqa: S608
            values = sought.column(0).to_pylist()
            return self.sql(query, values) if values else self._selected(fields).empty_table()
        with self._pack.cursor() as cursor:
            cursor.register("sought", sought)
            return cursor.execute(query).to_arrow_table()

    def sql(self, query: str, params: Sequence[Any] = ()) -> pa.Table:
        """Answer of an SQL query over ``t``; raises InvalidInput for a query DuckDB refuses.

        For modules, not for people: it may use all the memory and time the engine has.
        """
        try:
            with self._pack.cursor() as cursor:
                return cursor.execute(query, list(params)).to_arrow_table()
        except (
            duckdb.ProgrammingError,
            duckdb.DataError,
            duckdb.NotSupportedError,
            duckdb.PermissionException,
        ) as error:
            raise InvalidInput(Text(f"查询不成立：{error}", f"The query fails: {error}")) from error

    @contextmanager
    def ibis(self) -> Iterator[ibis.Table]:
        """The rows as an Ibis table ``t`` over a DuckDB of its own, valid inside the block.

        Its backend takes further tables (``t.get_backend().create_table``); files it opens none.
        """
        import ibis

        with self.duckdb() as connection:
            yield ibis.duckdb.from_connection(connection).table("t")

    @contextmanager
    def duckdb(self, spill: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB of its own with the view ``t``; opens no other file, spills to one folder."""
        connection = packs.confined(self._pack.base, spill, locked=False)
        try:
            self._pack.define(connection)
            with reading():
                yield connection
        finally:
            connection.close()

    def _selected(self, fields: Sequence[str] | None) -> pa.Schema:
        arrow = self._pack.arrow
        return arrow if fields is None else pa.schema([arrow.field(name) for name in fields])
