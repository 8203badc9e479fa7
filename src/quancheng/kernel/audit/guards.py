"""Database triggers that refuse to change audit tables, whatever program asks.

A later migration that alters one of these tables on SQLite must call :func:`install` again:
Django rebuilds the table there and triggers are lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("audit_auditentry", "audit_checkpoint")
_REFUSAL = "audit is append-only"

_POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_REFUSAL}: %', TG_TABLE_NAME USING ERRCODE = '42501'; END $$
"""


def create_statements(vendor: str) -> list[str]:
    """SQL that makes the triggers; raises ValueError for another database."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for table in TABLES
            for verb in ("UPDATE", "DELETE")
        ]
    if vendor == "postgresql":
        statements = [_POSTGRESQL_FUNCTION]
        for table in TABLES:
            statements.append(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
            )
            statements.append(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
            )
        return statements
    raise ValueError(f"审计不支持数据库 {vendor}。 No audit triggers for {vendor}.")


def drop_statements(vendor: str) -> list[str]:
    """SQL that removes the triggers."""
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for table in TABLES for verb in ("update", "delete")
        ]
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{verb} ON {table}"
        for table in TABLES
        for verb in ("change", "truncate")
    ]


def install(_apps: Any, schema_editor: Any) -> None:
    """For migrations."""
    _run(schema_editor.connection, create_statements(schema_editor.connection.vendor))


def remove(_apps: Any, schema_editor: Any) -> None:
    """For migrations run backwards."""
    _run(schema_editor.connection, drop_statements(schema_editor.connection.vendor))


@contextmanager
def suspended(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without the triggers inside; only for emptying test databases."""
    _run(connection, drop_statements(connection.vendor))
    try:
        yield
    finally:
        _run(connection, create_statements(connection.vendor))


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
