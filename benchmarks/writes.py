"""Four writing processes on one SQLite file: our write queue beside Django's stock backend.

Each process does deeds as a city does: ten rows written in a BEGIN IMMEDIATE transaction with some
work in between, then a little work outside. What counts is how long the unluckiest one waits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import benchmark, figure

PROCESSES = 4
SECONDS = 12.0
BACKENDS = {"stock": "django.db.backends.sqlite3", "queue": "quancheng.kernel.db.sqlite"}

WRITER = """
import hashlib, json, sys, time
from django.conf import settings
from quancheng.kernel.db.url import database_from_url
engine, path, name, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
settings.configure(DATABASES={"default": database_from_url(f"sqlite:///{path}") | {"ENGINE": engine}}, USE_TZ=True)
import django
django.setup()
from django.db import OperationalError, connection, transaction

def work(rounds):
    for _ in range(rounds):
        hashlib.sha256(b"x" * 2000).digest()

connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
waits, refused, end = [], 0, time.monotonic() + seconds
while time.monotonic() < end:
    started = time.monotonic()
    try:
        with transaction.atomic():
            waits.append(time.monotonic() - started)
            with connection.cursor() as cursor:
                for _ in range(10):
                    cursor.execute("INSERT INTO deed (who, what) VALUES (%s, %s)", [name, "x" * 200])
                    work(40)
    except OperationalError:
        refused += 1
        waits.append(time.monotonic() - started)
    work(200)
print(json.dumps({"waits": waits, "refused": refused}), flush=True)
"""


@benchmark("writes", "fairness of the SQLite write queue among four processes, beside the stock backend")
def run(scale: float) -> None:
    """The two backends one after the other on files of their own, synchronous=FULL."""
    seconds = max(3.0, SECONDS * scale)
    for name, engine in BACKENDS.items():
        with tempfile.TemporaryDirectory(prefix="quancheng-bench-") as folder:
            _figures(name, _race(engine, Path(folder) / "city.sqlite3", seconds), seconds)


def _race(engine: str, path: Path, seconds: float) -> list[dict[str, object]]:
    import sqlite3

    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE deed (id INTEGER PRIMARY KEY, who TEXT, what TEXT)")
    made.close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, engine, str(path), f"w{number}", str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    return [json.loads(writer.communicate()[0]) for writer in writers]


def _figures(name: str, results: list[dict[str, object]], seconds: float) -> None:
    turns = [len(one["waits"]) - one["refused"] for one in results]  # type: ignore[arg-type, operator]
    waits = sorted(wait for one in results for wait in one["waits"])  # type: ignore[attr-defined]
    figure(f"writes_{name}", sum(turns) / seconds, "transactions/s")
    figure(f"writes_{name}_wait_p50", 1000 * waits[len(waits) // 2], "ms")
    figure(f"writes_{name}_wait_p99", 1000 * waits[int(len(waits) * 0.99)], "ms")
    figure(f"writes_{name}_wait_max", 1000 * waits[-1], "ms")
    figure(f"writes_{name}_fewest_to_most_turns", min(turns) / max(turns), "ratio")
    figure(f"writes_{name}_refused", sum(one["refused"] for one in results), "transactions")  # type: ignore[misc]
