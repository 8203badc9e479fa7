"""Processes of the fault tests. ``python processes.py init|write|read|full …``."""

from __future__ import annotations

import random
import resource
import sys
import time

import django


def table() -> str:
    """Declare the table in this process."""
    from tests.kernel.store.conftest import SCHEMA

    from quancheng.kernel import store

    return store.define("readings", SCHEMA).name


def init() -> None:
    from django.core.management import call_command

    call_command("migrate", "store", verbosity=0)


def write(prefix: str, first: str, count: str) -> None:
    """Append 100 rows under the keys prefix-first …; print each number when acknowledged."""
    from tests.kernel.store.conftest import DAY, rows

    from quancheng.kernel import store

    name = table()
    for number in range(int(first), int(first) + int(count)):
        data = rows(prefix, first=number * 100, count=100)
        store.append(name, data, partition=DAY, key=f"{prefix}-{number}")
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def read(wanted: str) -> None:
    """Read until ``wanted`` versions are there; every snapshot must be whole."""
    from quancheng.kernel import store

    name, seen = table(), 0
    deadline = time.monotonic() + 90
    while seen < int(wanted) and time.monotonic() < deadline:
        shot = store.snapshot(name)
        assert shot.version >= seen, "a version went backwards"
        seen = shot.version
        counts = shot.sql("SELECT count(*) AS n, count(DISTINCT (stream, time)) AS d FROM t").to_pylist()[0]
        assert counts["n"] == counts["d"] == shot.rows == 100 * shot.version, (counts, shot.version)
    print(seen)


def full() -> None:
    """Append with room for 400 kB a file (SQLite's own are smaller), then without that limit."""
    import pyarrow as pa
    from tests.kernel.store.conftest import DAY, rows

    from quancheng.kernel import store

    name = table()
    noise = random.Random(1)
    values = pa.array([noise.random() for _ in range(100_000)])
    data = rows("a", count=100_000).set_column(2, "value", values)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    try:
        store.append(name, data, partition=DAY, key="big")
    except store.StoreUnavailable as error:
        print(error.detail.en)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(store.snapshot(name).version, len(store.verify().findings))
    store.append(name, data, partition=DAY, key="big")
    print(store.snapshot(name).rows)


if __name__ == "__main__":
    django.setup()
    {"init": init, "write": write, "read": read, "full": full}[sys.argv[1]](*sys.argv[2:])
