"""The lake: appends and rows a second, and one question over what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

APPENDS = 60
SIZES = (1_000, 20_000)
STREAMS = 200


@benchmark("store", "append Parquet segments and read them back", "numpy, pyarrow, duckdb")
def run(scale: float) -> None:
    """Each append is durable: file fsynced, manifest row committed."""
    django_on_fresh_database()
    import pyarrow as pa
    from django.db import transaction

    from quancheng.kernel import store

    schema = pa.schema(
        [("stream", pa.string()), ("time", pa.timestamp("us", "UTC")), ("value", pa.float64())]
    )
    appends = max(5, int(APPENDS * scale))
    for rows in SIZES:
        table = f"bench{rows}"
        store.define(table, schema, sort=("stream", "time"), partition="day")
        batches = [_batch(schema, rows, number) for number in range(appends)]
        with spent() as used:
            for number, batch in enumerate(batches):
                with transaction.atomic():
                    store.append(table, batch, partition="2026-06-01", key=f"bench-{number}", run="bench")
        figure(f"store_appends_of_{rows}", appends / used.wall, "appends/s")
        figure(f"store_rows_in_appends_of_{rows}", appends * rows / used.wall, "rows/s")
        figure(f"store_cpu_an_append_of_{rows}", 1000 * used.cpu / appends, "ms")
        with spent() as used:
            answer = store.snapshot(table).sql("SELECT stream, avg(value) FROM t GROUP BY stream")
        if answer.num_rows != STREAMS:
            raise RuntimeError("the store lost a stream")
        figure(f"store_mean_of_{appends * rows}_rows_in_{appends}_files", 1000 * used.wall, "ms")


def _batch(schema: Any, rows: int, number: int) -> Any:
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(number)
    start = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * 1_000_000
    columns = {
        "stream": [f"s{one:04d}" for one in random.integers(0, STREAMS, rows)],
        "time": pa.array(start + np.arange(rows, dtype="int64") * 1_000_000, pa.timestamp("us", "UTC")),
        "value": random.normal(20, 5, rows),
    }
    return pa.table(columns, schema=schema)
