"""记住的行: rows many tests begin with are made once in a process and put back as they were.

``remembered("town", make)`` runs ``make()`` in the test's transaction the first time and keeps the
rows it added, table by table; later tests of this process get the same rows by bulk insert, some
ten times faster. Nothing else of ``make`` is kept: it must write to the default database only. What
cannot be put back (rows were changed rather than added, or something stands in the way) is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, transaction

from quancheng.capabilities.people import simulate
from quancheng.kernel import clock, registry


@dataclass(frozen=True, slots=True)
class Added:
    """Rows of one table as the database gives and takes them (text of ``COPY`` on PostgreSQL)."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Any]


@dataclass(slots=True)
class Memory:
    """What one making added; ``whole`` is false when putting rows back would not give the same."""

    added: list[Added] = field(default_factory=list)
    counters: list[tuple[str, int]] = field(default_factory=list)
    whole: bool = True


_memories: dict[tuple[str, str], Memory] = {}


def synced() -> None:
    """Declared resources as rows (``registry.sync``)."""
    remembered("sync", registry.sync)


def town(persons: int, firms: int) -> None:
    """Declared resources, departments, people, firms and the demo identities."""

    def make() -> None:
        registry.sync()
        simulate.seed(SimpleNamespace(persons=persons, firms=firms, seed=7), None)

    remembered(f"town {persons} {firms}", make)


def remembered(name: str, make: Callable[[], object]) -> None:
    """Rows of ``make``, from memory when this process made them before at this (set) time."""
    moment = clock.now()
    key = (name, moment.isoformat() if clock.is_virtual() else clock.day_of(moment).isoformat())
    memory = _memories.get(key)
    if memory is None:
        before = _tables()
        make()
        _memories[key] = _difference(before, _tables())
    elif not (memory.whole and _put_back(memory)):
        make()


def _tables() -> dict[str, tuple[tuple[str, ...], list[Any]]]:
    """All rows of all our tables."""
    read = _copied if connection.vendor == "postgresql" else _selected
    models = apps.get_models(include_auto_created=True)
    names = {one._meta.db_table: one for one in models if one._meta.managed and not one._meta.proxy}
    with connection.cursor() as cursor:
        return {
            name: (columns, read(cursor, name, columns))
            for name, model in names.items()
            if (columns := tuple(one.column or one.name for one in model._meta.local_concrete_fields))
        }


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(connection.ops.quote_name(one) for one in columns)


def _selected(cursor: Any, table: str, columns: tuple[str, ...]) -> list[Any]:
    # `+x` is x without its declared type: values come as stored, not as Python dates to be stored otherwise
    bare = ", ".join(f"+{connection.ops.quote_name(one)}" for one in columns)
    cursor.execute(f"SELECT {bare} FROM {connection.ops.quote_name(table)}")  # noqa: S608  names of ours
    return list(cursor.fetchall())


def _copied(cursor: Any, table: str, columns: tuple[str, ...]) -> list[Any]:
    said = f"COPY {connection.ops.quote_name(table)} ({_quoted(columns)}) TO STDOUT"
    with cursor.copy(said) as copy:
        return b"".join(bytes(part) for part in copy).splitlines(keepends=True)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> Memory:
    memory = Memory()
    for table, (columns, rows) in after.items():
        old = set(before[table][1])
        new = [row for row in rows if row not in old]
        if len(new) != len(rows) - len(old):
            memory.whole = False
        if new:
            memory.added.append(Added(table, columns, new))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences")
            memory.counters = [(name, value) for name, value in cursor.fetchall() if value]
    return memory


def _put_back(memory: Memory) -> bool:
    """All rows, or none when something stands in the way."""
    write = _copy_in if connection.vendor == "postgresql" else _insert
    try:
        # COPY goes past Django, so its errors come as the driver's own
        with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
            for one in memory.added:
                write(cursor, one)
            if memory.counters:
                # never backwards: what the test wrote before this has numbers, too
                values = ", ".join(
                    f"setval('{name}', greatest({value}, (SELECT last_value FROM {name})))"  # noqa: S608  names of ours
                    for name, value in memory.counters
                )
                cursor.execute(f"SELECT {values}")
    except DatabaseError:
        return False
    return True


def _insert(cursor: Any, one: Added) -> None:
    marks = ", ".join(["%s"] * len(one.columns))
    table = connection.ops.quote_name(one.table)
    said = f"INSERT INTO {table} ({_quoted(one.columns)}) VALUES ({marks})"  # noqa: S608  names of ours
    cursor.executemany(said, one.rows)


def _copy_in(cursor: Any, one: Added) -> None:
    table = connection.ops.quote_name(one.table)
    with cursor.copy(f"COPY {table} ({_quoted(one.columns)}) FROM STDIN") as copy:
        copy.write(b"".join(one.rows))
