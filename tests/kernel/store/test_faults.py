"""Several processes at once, SIGKILL, a full disk: nothing acknowledged is lost, nothing half is seen."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

PROCESSES = Path(__file__).with_name("processes.py")
KILLS = 12


class Lake:
    """Processes over one database and one folder."""

    def __init__(self, url: str, home: Path) -> None:
        self.environment = {
            **os.environ,
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_STORE": str(home / "store"),
            "QUANCHENG_DATABASE_URL": url,
            "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parents[3])]),
        }
        self.folder = home / "store"

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROCESSES), *words]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> list[str]:
        return self.finish(self.start(*words))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> list[str]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out.splitlines()


def checked_state(lake: Lake) -> tuple[int, set[str], bool, int]:
    """Rows, keys, soundness and number of current files, asked in a process of its own."""
    script = (
        "import django; django.setup()\n"
        "from quancheng.kernel import store\n"
        "from quancheng.kernel.store.models import Segment\n"
        "from tests.kernel.store.processes import table\n"
        "shot = store.snapshot(table())\n"
        "report = store.verify()\n"
        "keys = list(Segment.objects.values_list('key', flat=True))\n"
        "n = shot.sql('select count(*) as n from t').to_pylist()[0]['n']\n"
        "print(repr((n, keys, report.ok, [f.trouble.value for f in report.findings])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=lake.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rows, keys, ok, findings = eval(done.stdout)
    assert len(keys) == len(set(keys))
    assert set(findings) <= {"stray", "orphan"}
    return rows, set(keys), ok, len(findings)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "sqlite":
        made = Lake(f"sqlite:///{tmp_path / 'lake.sqlite3'}", tmp_path)
    else:
        made = Lake(own_database(request.getfixturevalue("postgres_url")), tmp_path)
    made.run("init")
    return made


def own_database(url: str) -> str:
    """A database of its own in the shared cluster."""
    import psycopg

    name = f"lake_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.mark.fault
def test_two_writers_and_a_reader(lake: Lake) -> None:
    reader = lake.start("read", "120")
    writers = [lake.start("write", prefix, "0", "60") for prefix in ("a", "b")]
    for writer in writers:
        assert len(lake.finish(writer)) == 60
    assert lake.finish(reader) == ["120"]
    rows, keys, ok, findings = checked_state(lake)
    assert (rows, len(keys), ok, findings) == (12_000, 120, True, 0)


@pytest.mark.fault
@pytest.mark.slow
def test_killed_writers_lose_nothing_acknowledged(lake: Lake) -> None:
    chance = random.Random(7)
    acknowledged: set[int] = set()
    following = 0
    for _ in range(KILLS):
        writer = lake.start("write", "k", str(following), "100000")
        assert writer.stdout is not None
        first = writer.stdout.readline()
        assert first, writer.stderr and writer.stderr.read()
        time.sleep(chance.uniform(0.0, 0.3))
        writer.kill()
        rest, _err = writer.communicate()
        acknowledged |= {
            int(word) for word in [first, *rest.splitlines(keepends=True)] if word.endswith("\n")
        }
        following = max(acknowledged) + 1  # maybe stored though unacknowledged: the key tells
    lake.run("write", "k", str(following), "1")
    acknowledged.add(following)
    rows, keys, ok, _findings = checked_state(lake)
    assert {f"k-{number}" for number in acknowledged} <= keys
    assert len(keys) == following + 1
    assert rows == 100 * len(keys)
    assert ok


@pytest.mark.fault
def test_a_file_size_limit(lake: Lake) -> None:
    failure, after, rows = lake.run("full")
    assert "File too large" in failure
    assert after == "0 0"
    assert rows == "100000"
