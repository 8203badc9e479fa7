"""Several writers at once never fork a chain nor leave a gap."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

APPENDER = Path(__file__).with_name("appender.py")
THREADS, EACH = 4, 200


def run_appenders(url: str, home: Path) -> list[str]:
    """Words the appenders print: intact, entries, rows."""
    environment = {
        **os.environ,
        "QUANCHENG_HOME": str(home),
        "QUANCHENG_DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, str(APPENDER), str(THREADS), str(EACH)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_threads_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'audit.sqlite3'}"
    assert run_appenders(url, tmp_path) == ["True", "800", "800"]


@pytest.mark.postgres
def test_threads_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    name = f"audit_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    assert run_appenders(url, tmp_path) == ["True", "800", "800"]
