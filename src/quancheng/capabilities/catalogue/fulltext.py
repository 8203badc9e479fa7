"""全文索引: the texts of entries as bigrams in the database's own engine, in the writer's transaction.

Three indexes of the same shape, so that nobody finds by a word what they may not read: ``desk`` has
the working copy, ``official`` what is published without items above the officials' level, ``public``
what a stranger reads. SQLite: FTS5; PostgreSQL: a ``tsvector`` under GIN. Both get ready-made tokens
from core.catalogue, no dictionary or parser of the server is involved.
"""

# ruff: noqa: S608  names of tables and columns are constants of this file, values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from quancheng.core.catalogue import (
    FIELDS,
    Query,
    Resource,
    document_text,
    document_vector,
    texts_of,
    to_fts5,
    to_tsquery,
)

SCOPES = ("desk", "official", "public")
COLUMNS = tuple(FIELDS)
_LETTERS = {"name": "A", "keywords": "B", "items": "C", "provider": "D", "abstract": "D", "code": "D"}
# bm25() of FTS5 wants a weight for each column; ts_rank one for each of D, C, B, A
_BM25 = ", ".join(str(FIELDS[name].weight) for name in COLUMNS)
_TS_RANK = "{0.25, 0.375, 0.5, 1.0}"


def create(alias_vendor: str, run: Any) -> None:
    """The tables, by a migration: ``run`` executes one statement."""
    for scope in SCOPES:
        table = _table(scope)
        if alias_vendor == "postgresql":
            run(f"CREATE TABLE {table} (entry bigint PRIMARY KEY, vector tsvector NOT NULL)")
            run(f"CREATE INDEX {table}_gin ON {table} USING gin (vector)")
        else:
            columns = ", ".join(COLUMNS)
            run(
                f"CREATE VIRTUAL TABLE {table} USING fts5("
                f"{columns}, tokenize='unicode61 remove_diacritics 0')"
            )


def drop(alias_vendor: str, run: Any) -> None:
    """The way back of :func:`create`."""
    for scope in SCOPES:
        run(f"DROP TABLE {_table(scope)}")


def put(texts: Iterable[tuple[int, Mapping[str, Resource | None]]]) -> None:
    """Set what each entry says in each scope; ``None`` takes it out there."""
    rows = list(texts)
    for scope in SCOPES:
        gone = [pk for pk, by_scope in rows if scope in by_scope]
        documents = [(pk, one) for pk, by_scope in rows if (one := by_scope.get(scope)) is not None]
        _delete(scope, gone)
        _insert(scope, documents)


def search(scope: str, query: Query, *, any_of: bool = False) -> list[tuple[int, float]]:
    """Ids of entries that answer, with their scores, in no order: the caller sorts what the asker may see."""
    asked = to_tsquery(query, any_of) if _postgres() else to_fts5(query, any_of)
    if not asked:
        return []
    table = _table(scope)
    if _postgres():
        sql = (
            f"SELECT entry, ts_rank('{_TS_RANK}', vector, %s::tsquery) AS score FROM {table} "
            "WHERE vector @@ %s::tsquery"
        )
        arguments = [asked, asked]
    else:
        sql = f"SELECT rowid, -bm25({table}, {_BM25}) AS score FROM {table} WHERE {table} MATCH %s"
        arguments = [asked]
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())


def _delete(scope: str, pks: list[int]) -> None:
    key = "entry" if _postgres() else "rowid"
    with connection.cursor() as cursor:
        for start in range(0, len(pks), 400):
            part = pks[start : start + 400]
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f"DELETE FROM {_table(scope)} WHERE {key} IN ({marks})", part)


def _insert(scope: str, documents: list[tuple[int, Resource]]) -> None:
    if not documents:
        return
    with connection.cursor() as cursor:
        if _postgres():
            joined = " || ".join(["%s::tsvector"] * len(COLUMNS))
            sql = f"INSERT INTO {_table(scope)} (entry, vector) VALUES (%s, {joined})"
            cursor.executemany(sql, [(pk, *_vectors(one)) for pk, one in documents])
        else:
            marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
            sql = f"INSERT INTO {_table(scope)} (rowid, {', '.join(COLUMNS)}) VALUES ({marks})"
            cursor.executemany(sql, [(pk, *_texts(one)) for pk, one in documents])


def _texts(resource: Resource) -> list[str]:
    texts = texts_of(resource)
    return [document_text(texts[name]) for name in COLUMNS]


def _vectors(resource: Resource) -> list[str]:
    texts = texts_of(resource)
    return [document_vector(texts[name], _LETTERS[name]) for name in COLUMNS]


def _table(scope: str) -> str:
    if scope not in SCOPES:
        raise KeyError(scope)
    return f"catalogue_text_{scope}"


def _postgres() -> bool:
    return connection.vendor == "postgresql"
