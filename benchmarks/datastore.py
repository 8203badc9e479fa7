"""Rows of data tables: bringing them in, one page of many, a change set, what CKAN's DataStore is asked.

CKAN 2.12 on the same machine (2 workers, PostgreSQL 15, 100,000 rows, 100 a page): 24 requests a second with
one client, 67 with four, so 30–35 a second of CPU; published for 2 M rows 0.5 s, for 13 M 1.8 s a request.
Most figures are of the question itself, in one process without HTTP. ``datastore_served_…`` go the whole way:
HTTP to a server process of its own, ``datastore_search`` of an opened table; CPU is that of the server process.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

SMALL, LARGE = 100_000, 10_000_000
ASKED = 300
PART = 100_000


@benchmark(
    "datastore", "pages, filters and words over 100,000 and 10 M rows; change sets", "numpy, pyarrow, duckdb"
)
def run(scale: float) -> None:
    """Rows are brought in as collection does: streamed, sorted, durable."""
    django_on_fresh_database()
    _served(max(2_000, int(SMALL * min(1.0, scale * 10))))
    for name, rows in (("small", int(SMALL * min(1.0, scale * 10))), ("large", int(LARGE * scale))):
        _table(name, max(2_000, rows))


def _table(name: str, rows: int) -> None:
    from quancheng.capabilities.tables import actions, queries
    from quancheng.kernel.actions import Call

    call = Call.system("bench")
    table_id = _made(call, name)
    with spent() as used:
        actions.replace_rows(call, table_id=table_id, rows=_batches(rows), run="load")
    figure(f"datastore_{name}_rows", rows, "rows")
    figure(f"datastore_{name}_insert", rows / used.wall, "rows/s")
    figure(f"datastore_{name}_insert_cpu", 1e6 * used.cpu / rows, "µs/row")
    _ask(f"datastore_{name}", lambda: queries.view(table_id), rows)
    chance = random.Random(5)
    changed = [_row(chance.randrange(rows), turn) for turn in range(1_000)]
    changed = list({row["id"]: row for row in changed}.values())
    with spent() as used:
        actions.apply_changes(call, table_id=table_id, upserts=changed, run="change")
    figure(f"datastore_{name}_change_set_of_1000", 1000 * used.wall, "ms")
    with spent() as used:
        queries.view(table_id).search_json(limit=100)
    figure(f"datastore_{name}_first_page_after_it", 1000 * used.wall, "ms")
    _ask(f"datastore_{name}_changed", lambda: queries.view(table_id), rows, few=True)


def _ask(name: str, view: Callable[[], Any], rows: int, *, few: bool = False) -> None:
    chance = random.Random(3)
    questions: dict[str, tuple[int, Callable[[], bytes]]] = {
        "page": (ASKED, lambda: view().search_json(limit=100)),
        "page_anywhere": (ASKED, lambda: view().search_json(limit=100, offset=chance.randrange(rows))),
        "by_key": (ASKED, lambda: view().search_json(filters={"id": chance.randrange(rows)})),
        "filter": (40, lambda: view().search_json(filters={"street": f"街道{chance.randrange(160)}"})),
    }
    if not few:
        questions["words"] = (10, lambda: view().search_json(q=f"备注{chance.randrange(1_000_000)}"))
        questions["sorted"] = (10, lambda: view().search_json(sort="n desc"))
    for what, (count, ask) in questions.items():
        for _ in range(4):
            ask()
        times = []
        with spent() as used:
            for _ in range(count):
                began = time.perf_counter()
                ask()
                times.append(time.perf_counter() - began)
        figure(f"{name}_{what}", count / used.cpu, "requests/CPU-s")
        figure(f"{name}_{what}_p50", 1000 * statistics.median(times), "ms")
        figure(f"{name}_{what}_p95", 1000 * sorted(times)[int(0.95 * len(times))], "ms")


def _served(rows: int) -> None:
    """``datastore_search`` over HTTP, one connection; requests per CPU second of the server process."""
    import psutil

    from quancheng.capabilities.tables import actions
    from quancheng.kernel.actions import Call
    from quancheng.testing.ports import free_port

    call = Call.system("bench")
    table_id = _made(call, "served")
    actions.replace_rows(call, table_id=table_id, rows=_batches(rows), run="load")
    _opened(table_id)
    port = free_port()
    command = [sys.executable, "-m", "quancheng", "web", "--port", str(port)]
    server = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        chance = random.Random(4)
        line = _first_answer(port)
        one = psutil.Process(server.pid)
        processes = [one, *one.children(recursive=True)]

        def cpu() -> float:
            return sum(sum(each.cpu_times()[:2]) for each in processes)

        filters = {
            "page": lambda: "&limit=100",
            "page_anywhere": lambda: f"&limit=100&offset={chance.randrange(rows)}",
            "by_key": lambda: "&filters=" + quote(json.dumps({"id": chance.randrange(rows)})),
            "filter": lambda: "&filters=" + quote(json.dumps({"street": f"街道{chance.randrange(160)}"})),
        }
        for what, more in filters.items():
            for _ in range(20):
                _search(line, table_id, more())
            times, before = [], cpu()
            for _ in range(ASKED):
                began = time.perf_counter()
                _search(line, table_id, more())
                times.append(time.perf_counter() - began)
            figure(
                f"datastore_served_{what}", ASKED / max(cpu() - before, 0.01), "requests/CPU-s of the server"
            )
            figure(f"datastore_served_{what}_p50", 1000 * statistics.median(times), "ms")
    finally:
        server.terminate()
        server.wait(20)


def _search(line: http.client.HTTPConnection, table_id: str, more: str) -> None:
    line.request("GET", f"/api/3/action/datastore_search?resource_id={table_id}{more}")
    answer = line.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"success": true' not in body[:300]:
        raise RuntimeError(f"{answer.status} {body[:300]!r}")


def _first_answer(port: int) -> http.client.HTTPConnection:
    for _ in range(300):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            line.request("GET", "/api/3/action/site_read")
            line.getresponse().read()
            return line
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


def _opened(table_id: str) -> None:
    """The table as the copy of an opened dataset."""
    import uuid

    from quancheng.capabilities.opening.models import Dataset, State
    from quancheng.capabilities.people.models import Department
    from quancheng.kernel import clock
    from quancheng.kernel.models import writing

    with writing("bench"):
        Dataset.objects.create(
            name="bench", entry_id=uuid.uuid4(), table_id=table_id, copy_id=table_id, zh="基准", fields=[],
            organ=Department.objects.get(code="bench"), state=State.PUBLISHED, proposed_at=clock.now(),
        )  # fmt: skip


def _made(call: Any, name: str) -> str:
    from quancheng.capabilities.people.models import Department
    from quancheng.capabilities.tables import actions
    from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
    from quancheng.core.tabular import Kind
    from quancheng.kernel.models import writing

    with writing("bench"):
        office, _ = Department.objects.get_or_create(
            code="bench",
            defaults={
                "path": "/bench/",
                "level": "city",
                "region_code": "370100000000",
                "zh": "基准",
                "en": "Bench",
            },
        )
    columns = (
        ColumnSpec("id", Kind.INTEGER), ColumnSpec("name"), ColumnSpec("street"), ColumnSpec("amount", Kind.DECIMAL),
        ColumnSpec("day", Kind.DATE), ColumnSpec("n", Kind.INTEGER), ColumnSpec("note"),
    )  # fmt: skip
    schema = TableSchema(columns, ("id",))
    return actions.create_table(
        call, name=f"bench.{name}", zh="基准", schema=schema, owner=office.code
    ).table_id


def _row(number: int, turn: int) -> dict[str, Any]:
    return {
        "id": number, "name": f"某某单位{number}", "street": f"街道{number % 160}", "amount": f"{turn}.25",
        "day": "2026-07-18", "n": turn, "note": f"备注{turn}",
    }  # fmt: skip


def _batches(rows: int) -> Iterator[Any]:
    import numpy as np
    import pyarrow as pa

    chance = np.random.default_rng(1)
    for start in range(0, rows, PART):
        count = min(PART, rows - start)
        ids = np.arange(start, start + count)
        yield pa.record_batch(
            {
                "id": ids,
                "name": [f"某某单位{one}" for one in ids],
                "street": [f"街道{one}" for one in chance.integers(0, 160, count)],
                "amount": chance.integers(0, 10**6, count) / 4,
                "day": pa.array((20_000 + chance.integers(0, 900, count)).astype("int32")).cast(pa.date32()),
                "n": chance.integers(0, 1000, count),
                "note": [f"备注{one}" for one in chance.integers(0, 10**6, count)],
            }
        )
