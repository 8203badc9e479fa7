"""Writers of one SQLite file are served in turn, across threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from quancheng.kernel.db.queue import FairLock, WriteQueue, queue_for
from quancheng.kernel.db.url import database_from_url


def test_threads_are_served_in_order_of_arrival() -> None:
    lock, order, threads = FairLock(), [], []
    lock.acquire()

    def wait(number: int) -> None:
        lock.acquire()
        order.append(number)
        lock.release()

    for number in range(8):
        thread = threading.Thread(target=wait, args=(number,))
        thread.start()
        threads.append(thread)
        while len(lock._waiting) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join(5)
    assert order == list(range(8))


def test_one_queue_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "city.sqlite3")
    assert queue_for(path) is queue_for(path)
    assert queue_for(path) is not queue_for(str(tmp_path / "other.sqlite3"))


WRITER = """
import sys, time
from quancheng.kernel.db.queue import WriteQueue
queue = WriteQueue(sys.argv[1]); deadline = time.monotonic() + 1.5; turns = 0
print("ready", flush=True); sys.stdin.readline()
deadline = time.monotonic() + 1.5
while time.monotonic() < deadline:
    queue.acquire()
    time.sleep(0.002)
    queue.release()
    turns += 1
print(turns, flush=True)
"""


def start(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_no_process_starves(tmp_path: Path) -> None:
    writers = [start(tmp_path / "q") for _ in range(3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    turns = [int(writer.communicate(timeout=20)[0]) for writer in writers]
    assert min(turns) * 2.5 > max(turns), turns


def test_a_killed_writer_leaves_the_queue_open(tmp_path: Path) -> None:
    path = tmp_path / "q"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys,time;from quancheng.kernel.db.queue import WriteQueue\n"
            "q=WriteQueue(sys.argv[1]);q.acquire();print('held',flush=True);time.sleep(60)",
            str(path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    queue = WriteQueue(str(path))
    done = threading.Event()
    threading.Thread(target=lambda: (queue.acquire(), queue.release(), done.set()), daemon=True).start()
    assert done.wait(5)


def test_addresses() -> None:
    assert database_from_url("sqlite:////data/q.sqlite3")["NAME"] == "/data/q.sqlite3"
    assert database_from_url("sqlite://:memory:")["NAME"] == ":memory:"
    found = database_from_url("postgresql://u:p%40ss@db.city:5433/qc?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "u",
        "p@ss",
        "db.city",
        "5433",
        "qc",
    )
    assert found["OPTIONS"] == {"sslmode": "require"}
    with pytest.raises(ValueError, match="postgresql://"):
        database_from_url("mysql://x")
