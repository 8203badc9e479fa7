"""备份什么: everything that makes up a city, in the order docs/operations.md gives.

Checkpoints and keys first, then the database, then files and store: no signed head is newer than the
database, and every file the database names is there. It runs while the city runs.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from quancheng.capabilities.security import vault
from quancheng.capabilities.security.repository import (
    Entry,
    Repository,
    open_with,
    repository_id,
    write_whole,
)
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound, Unavailable

__all__ = ["DATABASE", "Made", "back_up", "open_here", "remember"]

DATABASE = {"sqlite": "quancheng.sqlite3", "postgresql": "city.dump"}
FIRST, LAST = ("checkpoints", "keys", "secret.key"), ("files",)


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup, with figures."""

    number: str
    digest: str
    """SHA-256 of the snapshot."""
    files: int
    bytes: int
    written: int
    """New bytes in the repository."""
    audit: dict[str, dict[str, Any]]
    seconds: float


def back_up(repository: Repository) -> Made:
    """Make one backup. Raises Unavailable: the disk or the database refuses; earlier backups stay intact."""
    began, at = time.perf_counter(), clock.now()
    home = Path(settings.HOME)
    entries = [one for name in FIRST for one in _kept(repository, home / name, name)]
    with _database_copy() as (kind, copy, facts):
        entries.append(repository.add(copy, DATABASE[kind]))
    entries += [one for name in LAST for one in _kept(repository, home / name, name)]
    entries += _kept(repository, Path(settings.STORE_FOLDER), "store")
    number = f"{at:%Y%m%dT%H%M%S%f}-{os.urandom(3).hex()}"
    manifest = {
        "number": number,
        "at": at.isoformat(),
        "city": settings.CITY,
        "database": kind,
        "facts": facts,
        "files": [asdict(one) for one in entries],
    }
    digest = repository.commit(number, manifest)
    total = sum(one.size for one in entries)
    seconds = time.perf_counter() - began
    return Made(number, digest, len(entries), total, repository.written, facts["audit"], seconds)


def _kept(repository: Repository, place: Path, name: str) -> list[Entry]:
    """A file or a folder; unfinished files and locks are left out."""
    if place.is_file():
        return [repository.add(place, name)]
    found = []
    for path in sorted(place.rglob("*")) if place.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".tmp-"):
            found.append(repository.add(path, f"{name}/{path.relative_to(place).as_posix()}"))
    return found


# -- the database ---------------------------------------------------------------------------
@contextmanager
def _database_copy() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """A consistent copy under the home (never unencrypted on the medium), and what is in it."""
    folder = Path(tempfile.mkdtemp(prefix=".backup-", dir=settings.HOME))
    try:
        kind = "postgresql" if connection.vendor == "postgresql" else "sqlite"
        target = folder / DATABASE[kind]
        facts = _dump(target) if kind == "postgresql" else _copy(target)
        yield kind, target, facts
    except OSError as wrong:
        raise Unavailable(
            Text(
                f"数据库副本写不下：{wrong.strerror}。",
                f"No room for a copy of the database: {wrong.strerror}.",
            )
        ) from wrong
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(target: Path) -> dict[str, Any]:
    """SQLite's online backup: one consistent state while others write."""
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(target)) as copy:
        if Path(name).is_file():
            with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as source:
                source.backup(copy, pages=4096)
        else:  # an in-memory database lives in its own connection
            connection.ensure_connection()
            connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        return sqlite_facts(copy)


def sqlite_facts(database: sqlite3.Connection) -> dict[str, Any]:
    """Rows of every table and the heads of the audit chain."""
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608
    heads = database.execute("SELECT name, size, hash FROM audit_stream ORDER BY name").fetchall()
    return {"counts": counts, "audit": {name: {"size": size, "hash": hash} for name, size, hash in heads}}


def _dump(target: Path) -> dict[str, Any]:
    """pg_dump of one snapshot, and facts of the same snapshot."""
    parts = connection.settings_dict
    env = {**os.environ, "PGPASSWORD": str(parts["PASSWORD"])}
    where = ["-h", str(parts["HOST"]), "-p", str(parts["PORT"] or 5432), "-U", str(parts["USER"])]
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            tool = postgres_tool("pg_dump")
            subprocess.run(
                [tool, "-Fc", f"--snapshot={snapshot}", "-f", str(target), *where, str(parts["NAME"])],
                env=env, check=True, capture_output=True,
            )  # fmt: skip
            facts = postgres_facts(cursor)
            cursor.execute("COMMIT")
        return facts
    except subprocess.CalledProcessError as wrong:
        raise Unavailable(
            Text("pg_dump 失败。", f"pg_dump failed: {wrong.stderr.decode()[-300:]}")
        ) from wrong
    finally:
        own.close()


def postgres_facts(cursor: Any) -> dict[str, Any]:
    """Rows of every table and the heads of the audit chain."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
    counts = {}
    for (name,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608
        counts[name] = cursor.fetchone()[0]
    cursor.execute("SELECT name, size, hash FROM audit_stream ORDER BY name")
    return {
        "counts": counts,
        "audit": {name: {"size": size, "hash": hash} for name, size, hash in cursor.fetchall()},
    }


def postgres_tool(name: str) -> str:
    """A program of PostgreSQL, also where Debian keeps it. Raises Unavailable."""
    found = shutil.which(name) or next(
        (str(one) for one in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), ""
    )
    if not found:
        raise Unavailable(Text(f"没有安装{name}。", f"{name} is not installed."))
    return found


# -- the repository's key on this machine -----------------------------------------------------
def _key_path(id: str) -> Path:
    return Path(settings.HOME) / "keys" / f"backup-{id}.sealed"


def remember(repository: Repository) -> None:
    """Keep the repository's key here, sealed by the master key, so that the nightly backup needs no passphrase."""
    write_whole(
        _key_path(repository.id), vault.seal(vault.master(), repository.key, f"backup {repository.id}")
    )


def open_here(root: Path) -> Repository:
    """A repository this machine remembers. Raises NotFound: it does not; give the passphrase once."""
    id = repository_id(root)
    path = _key_path(id)
    if not path.is_file():
        raise NotFound(
            Text(
                "本机不认识这个备份库，请给出口令文件。",
                "This machine does not know the repository; give its passphrase file.",
            )
        )
    return open_with(root, key=vault.open_sealed(vault.master(), path.read_bytes(), f"backup {id}"))
