"""检索条件: what a search asks for, checked against the schema and put into SQL with places for values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.tables.packs import columns_sql, quoted
from quancheng.capabilities.tables.rows import read_cell
from quancheng.capabilities.tables.values import TableSchema, arrow_type
from quancheng.core.exchange import Condition, ConditionError, check, to_sql
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

MOST_ROWS = 32_000
"""Rows of one answer, as CKAN's ckan.datastore.search.rows_max."""
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search, checked (检索). ``order`` as (column, descending)."""

    fields: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    where: str
    values: tuple[Any, ...]
    limit: int
    offset: int
    distinct: bool = False
    equal: Mapping[str, Any] | None = None
    """The whole condition when it is nothing but columns that equal a value each."""

    @property
    def everything(self) -> bool:
        """Whether it asks for all rows."""
        return not self.where

    def by_key(self, key: tuple[str, ...]) -> bool:
        """Whether its order is the order of the key, which rows lie in."""
        return self.order == tuple((name, False) for name in key)[: len(self.order)]

    def select(self, key: tuple[str, ...], *, sorted_already: bool) -> str:
        """The query for its rows, with limit and offset."""
        word = "SELECT DISTINCT" if self.distinct else "SELECT"
        ordered = list(self.order)
        named = {name for name, _ in ordered}
        if self.distinct:
            ordered += [(name, False) for name in self.fields if name not in named]
        elif not (sorted_already and self.by_key(key)):
            ordered += [
                (name, False) for name in key if name not in named
            ]  # a total order: pages never overlap
        else:
            ordered = []
        sql = f"{word} {columns_sql(self.fields)} FROM t{self._where()}"
        if ordered:
            terms = (
                f"{quoted(name)} {'DESC NULLS LAST' if down else 'ASC NULLS LAST'}" for name, down in ordered
            )
            sql += f" ORDER BY {', '.join(terms)}"
        return f"{sql} LIMIT {self.limit} OFFSET {self.offset}"

    def count(self, most: int | None) -> str:
        """The query for how many rows, counting no further than ``most``."""
        inner = f"SELECT DISTINCT {columns_sql(self.fields)}" if self.distinct else "SELECT 1"
        inner += f" FROM t{self._where()}"
        if most is None and not self.distinct:
            return f"SELECT count(*) FROM t{self._where()}"  # noqa: S608
        bound = "" if most is None else f" LIMIT {most + 1}"
        return f"SELECT count(*) FROM ({inner}{bound})"  # noqa: S608

    def _where(self) -> str:
        return f" WHERE {self.where}" if self.where else ""


def wanted(
    schema: TableSchema,
    *,
    where: Condition | None = None,
    q: str | Mapping[str, str] = "",
    fields: Sequence[str] | None = None,
    sort: str | Sequence[str] = (),
    limit: int = 100,
    offset: int = 0,
    distinct: bool = False,
    filters: Mapping[str, Any] | None = None,
    within: Sequence[str] | None = None,
) -> Wanted:
    """Check a search; raises InvalidInput naming the part at fault."""
    chosen = tuple(fields) if fields is not None else schema.names
    order = read_sort(sort)
    wrong = _wrong_bounds(limit, offset) | _wrong_names(schema, chosen, order, distinct)
    texts, values = [], []
    if where is not None:
        try:
            check(where, schema.field_types())
        except ConditionError as error:
            wrong["where"] = Text(str(error), str(error))
        else:
            text, found = to_sql(where)
            texts.append(f"({text})")
            values += found
    if wrong:
        raise InvalidInput(fields=wrong)
    equal: Mapping[str, Any] | None = None
    if filters:
        more, found_values = filtered(schema, filters)
        if where is None and not q and len(found_values) == len(more) == len(filters):
            equal = dict(zip(filters, found_values, strict=True))
        texts += more
        values += found_values
    for text, columns in _sought(schema, q, chosen if within is None else within):
        words_sql, words_values = words(schema, text, columns)
        texts.append(words_sql)
        values += words_values
    return Wanted(chosen, order, " AND ".join(texts), tuple(values), limit, offset, distinct, equal)


def _sought(
    schema: TableSchema, q: str | Mapping[str, str], chosen: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """What is sought where: one text in the chosen columns, or a text for each of some columns."""
    if isinstance(q, str):
        if q.strip():
            yield q, chosen
        return
    for name, text in q.items():
        if schema.column(name) is None or name not in chosen:
            raise InvalidInput(fields={"q": _no_column(name)})
        if text.strip():
            yield text, [name]


def _wrong_bounds(limit: int, offset: int) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not 0 <= limit <= MOST_ROWS:
        wrong["limit"] = Text(f"应为 0 至 {MOST_ROWS}", f"0 to {MOST_ROWS}")
    if not 0 <= offset < 1 << 53:
        wrong["offset"] = Text("应为不小于 0 的整数", "a whole number not below 0")
    return wrong


def _wrong_names(
    schema: TableSchema, chosen: Sequence[str], order: Sequence[tuple[str, bool]], distinct: bool
) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not chosen or len(set(chosen)) != len(chosen):
        wrong["fields"] = Text("至少选一列，且不能重复", "at least one column, none twice")
    for name in chosen:
        if schema.column(name) is None:
            wrong["fields"] = _no_column(name)
    for name, _ in order:
        if schema.column(name) is None:
            wrong["sort"] = _no_column(name)
        elif distinct and name not in chosen:
            wrong["sort"] = Text(
                "去重时只能按所选的列排序", "distinct rows are sorted by chosen columns only"
            )
    return wrong


def filtered(schema: TableSchema, filters: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """CKAN's ``filters``: each column equals its value, or one of a list; None asks for empty cells.

    Values are read as the column's kind, so ``"370102"`` stays a text and ``"7"`` finds the number.
    """
    texts: list[str] = []
    values: list[Any] = []
    wrong: dict[str, Text] = {}
    for name, given in filters.items():
        spec = schema.column(name)
        if spec is None:
            wrong[name] = _no_column(name)
            continue
        several = list(given) if isinstance(given, list | tuple) else [given]
        try:
            found = [read_cell(one, spec.kind, clock.LOCAL) for one in several]
        except ValueError:
            wrong[name] = Text(f"不是 {spec.kind} 类型的值", f"no value of kind {spec.kind}")
            continue
        known = [one for one in found if one is not None]
        parts = [f"{quoted(name)} IN ({', '.join('?' * len(known))})"] if len(known) > 1 else []
        parts += [f"{quoted(name)} = ?"] if len(known) == 1 else []
        parts += [f"{quoted(name)} IS NULL"] if len(known) < len(found) else []
        texts.append(f"({' OR '.join(parts) or '1 = 0'})")
        values += known
    if wrong:
        raise InvalidInput(fields=wrong)
    return texts, values


def words(schema: TableSchema, q: str, chosen: Sequence[str]) -> tuple[str, list[str]]:
    """Every word stands in one of the chosen text columns, whatever its case. A scan: no index is kept."""
    columns = [
        name for name in chosen
        if (spec := schema.column(name)) is not None and str(arrow_type(spec.kind)) == "string"
    ]  # fmt: skip
    found = q.lower().split()
    if len(found) > MOST_WORDS:
        raise InvalidInput(fields={"q": Text(f"至多 {MOST_WORDS} 个词", f"{MOST_WORDS} words at most")})
    if not columns:
        return "1 = 0", []
    return " AND ".join(f"({_in_one(columns, word)})" for word in found), [
        word for word in found for _ in columns
    ]


def _in_one(columns: Sequence[str], word: str) -> str:
    if (
        word == word.upper()
    ):  # digits and Chinese have no case: lowering a million cells costs more than looking
        return " OR ".join(f"contains({quoted(name)}, ?)" for name in columns)
    return " OR ".join(f"contains(lower({quoted(name)}), ?)" for name in columns)


def read_sort(sort: str | Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """``name``, ``-name``, ``name desc``; several with commas or as a list."""
    parts = sort.split(",") if isinstance(sort, str) else sort
    order: dict[str, bool] = {}
    for part in parts:
        text = part.strip()
        if not text:
            continue
        name, _, way = text.rpartition(" ")
        if not name or way.lower() not in ("asc", "desc"):
            name, way = text, ""
        down = way.lower() == "desc"
        if name.startswith("-"):
            name, down = name[1:], True
        order.setdefault(name.strip().strip('"'), down)
    return tuple(order.items())


def _no_column(name: str) -> Text:
    return Text(f"没有列“{name[:63]}”", f"no column {name[:63]!r}")
