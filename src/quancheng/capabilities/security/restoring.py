"""恢复与演练: a backup written to another place, and proved there by a fresh process.

A drill is passed when every file fits its digest, the database opens and holds the rows and audit heads
that the manifest names, ``audit verify`` and ``store verify`` find nothing, and every key can be opened.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quancheng.capabilities.security.backing_up import DATABASE, postgres_facts, postgres_tool, sqlite_facts
from quancheng.capabilities.security.repository import Entry, Repository
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, Unavailable

__all__ = ["Drilled", "drill", "restore"]

STEPS = (
    (("audit", "verify"), Text("审计链核验", "verification of the audit")),
    (("store", "verify"), Text("数据湖核验", "verification of the store")),
    (("security", "check-keys"), Text("密钥核验", "verification of the keys")),
)
LONGEST = 3600


@dataclass(slots=True)
class Drilled:
    """What a drill found."""

    number: str
    figures: dict[str, Any] = field(default_factory=dict)
    findings: list[Text] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether the backup is one."""
        return not self.findings


def restore(repository: Repository, into: Path, number: str = "") -> tuple[str, dict[str, Any]]:
    """Write a backup to an empty folder: number and manifest. Raises InvalidInput, NotFound, Unavailable."""
    if into.exists() and any(into.iterdir()):
        raise InvalidInput(Text(f"{into}不是空文件夹。", f"{into} is not empty."))
    number, manifest = repository.manifest(number)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write(repository, manifest, into)
    except BaseException:  # half a city must not be taken for a whole one
        for one in into.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        raise
    return number, manifest


def _write(repository: Repository, manifest: dict[str, Any], into: Path) -> None:
    for row in manifest["files"]:
        entry = Entry(**row)
        target = into / entry.path
        if into.resolve() not in target.resolve().parents:
            raise Unavailable(Text(f"{entry.path}越出文件夹。", f"{entry.path} leads out of the folder."))
        repository.read(entry, target)


def drill(repository: Repository, into: Path, *, number: str = "", database_url: str = "") -> Drilled:
    """Restore elsewhere and prove it. ``database_url``: an empty PostgreSQL database, for a dump of one."""
    began = time.perf_counter()
    number, manifest = restore(repository, into, number)
    found = Drilled(number)
    found.figures["restore_seconds"] = round(time.perf_counter() - began, 2)
    found.figures["files"] = len(manifest["files"])
    found.figures["bytes"] = sum(one["size"] for one in manifest["files"])
    if manifest["database"] == "sqlite":
        url = f"sqlite:///{into / DATABASE['sqlite']}"
        facts = _sqlite(into / DATABASE["sqlite"], found)
    else:
        url = database_url
        facts = _postgresql(into / DATABASE["postgresql"], url)
    _compare(manifest["facts"], facts, found)
    for words, name in STEPS:
        _step(words, name, into, url, found)
    found.seconds = round(time.perf_counter() - began, 2)
    return found


def _sqlite(path: Path, found: Drilled) -> dict[str, Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        said = database.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            found.findings.append(Text(f"数据库损坏：{said}", f"The database is damaged: {said}"))
        return sqlite_facts(database)


def _postgresql(dump: Path, url: str) -> dict[str, Any]:
    import psycopg

    if not url:
        said = Text("须用 --database-url 给出一个空的数据库。", "Give an empty database with --database-url.")
        raise InvalidInput(said)
    tool = postgres_tool("pg_restore")
    parts = psycopg.conninfo.conninfo_to_dict(url)
    # not on the command line, where everybody on the machine reads it
    env = {**os.environ, "PGPASSWORD": str(parts.pop("password", None) or os.environ.get("PGPASSWORD", ""))}
    where = psycopg.conninfo.make_conninfo(**parts)
    done = subprocess.run([tool, "--no-owner", "-d", where, str(dump)], env=env, capture_output=True)
    if done.returncode:
        raise Unavailable(Text("pg_restore 失败。", f"pg_restore failed: {done.stderr.decode()[-300:]}"))
    with psycopg.connect(url) as database, database.cursor() as cursor:
        return postgres_facts(cursor)


def _compare(told: dict[str, Any], seen: dict[str, Any], found: Drilled) -> None:
    """Rows of each table, size and hash of each audit stream."""
    for name, count in told["counts"].items():
        if seen["counts"].get(name) != count:
            now = seen["counts"].get(name)
            found.findings.append(
                Text(f"表{name}：{now}行，应为{count}行", f"Table {name}: {now} rows, not {count}")
            )
    for name, head in told["audit"].items():
        if seen["audit"].get(name) != head:
            found.findings.append(
                Text(f"审计流{name}的链头不符", f"The head of the audit stream {name} differs")
            )
    found.figures["tables"] = len(told["counts"])
    found.figures["rows"] = sum(told["counts"].values())
    found.figures["audit"] = {name: head["size"] for name, head in told["audit"].items()}


def _step(words: tuple[str, ...], name: Text, home: Path, url: str, found: Drilled) -> None:
    """A command of a fresh process that knows the restored place only."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("QUANCHENG_")}
    city = {
        key: os.environ[key] for key in ("QUANCHENG_CITY", "QUANCHENG_EXTRA_MODULES") if key in os.environ
    }
    places = {
        "QUANCHENG_HOME": str(home), "QUANCHENG_DATABASE_URL": url, "QUANCHENG_STORE": str(home / "store"),
    }  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "quancheng", *words], env={**inherited, **city, **places}, capture_output=True,
        text=True, timeout=LONGEST,
    )  # fmt: skip
    found.figures[f"{words[0]}_seconds"] = round(time.perf_counter() - began, 2)
    if done.returncode:
        tail = (done.stdout + done.stderr).strip()[-400:]
        found.findings.append(Text(f"{name.zh}未通过：{tail}", f"The {name.en} failed: {tail}"))
