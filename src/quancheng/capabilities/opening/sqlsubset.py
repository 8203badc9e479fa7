"""SQL 子集: one SELECT over one opened table, from PostgreSQL's words to the engine's; everything else is refused.

What is allowed is listed, not what is forbidden: kinds of expressions and names of functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

MOST_TEXT, MOST_NODES = 4_000, 400
_KINDS: tuple[type[exp.Expression], ...] = (
    exp.Select, exp.From, exp.Table, exp.TableAlias, exp.Identifier, exp.Column, exp.Star, exp.Alias, exp.Literal, exp.Null,
    exp.Boolean, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct,
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between,
    exp.Is, exp.Like, exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Count, exp.Sum,
    exp.Avg, exp.Min, exp.Max, exp.Lower, exp.Upper, exp.Length, exp.Round, exp.Abs, exp.Coalesce, exp.Case,
    exp.If, exp.Cast, exp.DataType, exp.DataTypeParam,
)  # fmt: skip
_TYPES = frozenset(
    {"INT", "BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "TEXT", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN"}
)


class RefusedError(ValueError):
    """The query is not of the subset; the text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query that may be asked (查询): of which resource, and in the engine's words over ``t``, one row too many."""

    resource: str
    sql: str
    limit: int


def read(text: str, most: int) -> Question:
    """The question of a text, never of more than ``most`` rows. Raises RefusedError."""
    if len(text) > MOST_TEXT:
        raise RefusedError(f"at most {MOST_TEXT} characters")
    try:
        found = sqlglot.parse(text, dialect="postgres")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise RefusedError("not valid SQL") from error
    if len(found) != 1 or not isinstance(found[0], exp.Select):
        raise RefusedError("one SELECT is allowed")
    query = found[0]
    for number, node in enumerate(query.walk()):
        if number > MOST_NODES:
            raise RefusedError("too long")
        _check(node)
    tables = list(query.find_all(exp.Table))
    if len(tables) != 1 or len(list(query.find_all(exp.Select))) != 1:
        raise RefusedError("one table, without JOIN or sub-query")
    (table,) = tables
    if table.args.get("db") or not isinstance(table.this, exp.Identifier):
        raise RefusedError("the table is the resource id in double quotes")
    resource = table.name
    alias = table.alias or resource
    table.replace(exp.alias_(exp.to_table("t"), alias, table=True, quoted=True))
    limit = _limit(query, most)
    return Question(resource, query.limit(limit + 1).sql(dialect="duckdb"), limit)


def _check(node: exp.Expression) -> None:
    if type(node) not in _KINDS:
        raise RefusedError(f"not allowed: {node.sql(dialect='postgres')[:60]}")
    if isinstance(node, exp.DataType) and node.this.name not in _TYPES:
        raise RefusedError(f"type not allowed: {node.sql()[:40]}")
    if isinstance(node, exp.Table) and (node.args.get("joins") or node.args.get("laterals")):
        raise RefusedError("one table, without JOIN or sub-query")


def _limit(query: exp.Select, most: int) -> int:
    given = query.args.get("limit")
    if given is None:
        return most
    value = given.expression
    if not (isinstance(value, exp.Literal) and not value.is_string and value.name.isdigit()):
        raise RefusedError("LIMIT is a number")
    return min(int(value.name), most)
