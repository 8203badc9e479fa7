"""Declaring, appending, reading, time travel."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import transaction
from tests.kernel.store.conftest import DAY, SCHEMA, START, rows

from quancheng.kernel import clock, store
from quancheng.kernel.errors import Conflict, NotFound
from quancheng.kernel.store import bounds, files, specs, writing
from quancheng.kernel.store.models import Segment, TableHead

pytestmark = pytest.mark.django_db


def test_append_and_read(readings: str, folder: Path) -> None:
    segment = store.append(readings, rows("b", "a"), partition=DAY, key="k1", run="job-9")
    assert (segment.added_version, segment.rows, segment.run) == (1, 20, "job-9")
    assert str(segment) == "readings@1 2026-06-01 (20)"
    assert segment.bounds["stream"] == ["a", "b"]
    assert segment.bounds["time"][0] == "2026-06-01T00:00:00.000000+00:00"
    kept = pq.read_table(folder / segment.path)
    assert kept.column("stream").to_pylist() == ["a"] * 10 + ["b"] * 10
    assert kept.column("value").to_pylist()[:10] == [float(n) for n in range(10)]
    shot = store.snapshot(readings)
    assert (shot.version, shot.rows, len(shot.files)) == (1, 20, 1)
    answer = shot.sql("SELECT stream, avg(value) AS mean FROM t WHERE value >= ? GROUP BY 1 ORDER BY 1", [5])
    assert answer.to_pylist() == [{"stream": "a", "mean": 7.0}, {"stream": "b", "mean": 7.0}]
    assert shot.sql("SELECT max(time) AS last FROM t").to_pylist()[0]["last"] == START + timedelta(minutes=9)
    assert shot.sql("SELECT count(*) AS n FROM t WHERE stream = $s", {"s": "a"}).to_pylist() == [{"n": 10}]


def test_an_empty_table_is_readable(readings: str) -> None:
    shot = store.snapshot(readings)
    assert (shot.version, shot.rows) == (0, 0)
    assert shot.sql("SELECT count(*) AS n FROM t").to_pylist() == [{"n": 0}]
    assert shot.arrow().schema == SCHEMA
    assert shot.arrow(["value"]).column_names == ["value"]
    assert store.snapshot(readings, at=START).version == 0


def test_the_same_key_is_one_append(readings: str) -> None:
    first = store.append(readings, rows("a"), partition=DAY, key="k")
    assert store.append(readings, rows("a"), partition=DAY, key="k") == first
    assert store.snapshot(readings).rows == 10
    with pytest.raises(Conflict, match="k"):
        store.append(readings, rows("a", "b"), partition=DAY, key="k")


def test_a_key_used_by_another_process_meanwhile(
    readings: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.append(readings, rows("a"), partition=DAY, key="k")
    answers = iter([None, first])
    monkeypatch.setattr(writing, "_earlier", lambda *_: next(answers))
    assert store.append(readings, rows("a"), partition=DAY, key="k") == first
    assert len(list(folder.rglob("*.parquet"))) == 1


def test_appends_of_one_transaction_are_seen_together(readings: str) -> None:
    with transaction.atomic():
        store.append(readings, rows("a"), partition=DAY)
        store.append(readings, rows("b"), partition=DAY)
        transaction.set_rollback(True)
    assert store.snapshot(readings).version == 0
    report = store.verify()
    assert report.ok
    assert [finding.trouble for finding in report.findings] == ["orphan", "orphan"]
    assert store.append(readings, rows("a"), partition=DAY).added_version == 1


def test_time_travel(readings: str) -> None:
    for day in range(3):
        with clock.at(START + timedelta(days=day)):
            store.append(readings, rows("a", first=day * 10), partition=f"2026-06-0{day + 1}")
    assert [store.snapshot(readings, version).rows for version in range(4)] == [0, 10, 20, 30]
    assert store.snapshot(readings, at=START + timedelta(days=1, hours=1)).version == 2
    assert store.snapshot(readings, at=START - timedelta(days=1)).rows == 0
    for version in (4, -1):
        with pytest.raises(store.SnapshotExpired):
            store.snapshot(readings, version)
    with pytest.raises(ValueError, match="not both"):
        store.snapshot(readings, 1, at=START)


def test_pruning_opens_only_files_that_matter(readings: str) -> None:
    for number, stream in enumerate("abc"):
        store.append(readings, rows(stream, first=number * 10), partition=f"2026-06-0{number + 1}")
    shot = store.snapshot(readings)
    assert len(shot.narrow(partitions=["2026-06-02"]).entries) == 1
    assert len(shot.narrow(where={"stream": ["a", "c"]}).entries) == 2
    assert len(shot.narrow(where={"value": 5}).entries) == 3  # not a sort column
    late = START + timedelta(minutes=15)
    assert shot.arrow(["stream", "value"], {"time": (late, None)}).num_rows == 15
    assert shot.arrow(where={"time": (None, late), "stream": {"a", "b"}}).num_rows == 15
    assert shot.arrow(where={"stream": "b", "time": (late, late + timedelta(minutes=1))}).num_rows == 1
    assert shot.arrow(where={"value": None}).num_rows == 0
    assert shot.arrow(where={"stream": "z"}).num_rows == 0
    for condition in ({"time": (late,)}, {"time": (datetime(2026, 6, 1), None)}):
        with pytest.raises(ValueError, match=r"范围|时区"):
            shot.arrow(where=condition)


def test_sql_sees_the_snapshot_and_nothing_else(readings: str, tmp_path: Path) -> None:
    store.append(readings, rows("a"), partition=DAY)
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    shot = store.snapshot(readings)
    for query in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'x.db'}'",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            shot.sql(query)
    with pytest.raises(duckdb.Error):
        shot.sql("SELECT nonsense FROM t")
    with pytest.raises(duckdb.InvalidInputException):
        shot.sql("SELECT ?", [])
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("data", "column"),
    {
        "missing": (lambda: rows("a").drop_columns(["value"]), "value"),
        "extra": (lambda: rows("a").append_column("more", pa.array([1] * 10)), "more"),
        "type": (lambda: rows("a").set_column(2, "value", pa.array([1] * 10)), "value"),
        "null": (lambda: rows("a").set_column(0, "stream", pa.array([None] * 10, pa.string())), "stream"),
        "repeated": (lambda: rows("a").append_column("value", pa.array([1.0] * 10)), "value"),
    }.values(),
)
def test_a_batch_that_does_not_fit(readings: str, data: Any, column: str, folder: Path) -> None:
    with pytest.raises(store.BadBatch, match=column) as caught:
        store.append(readings, data(), partition=DAY)
    assert set(caught.value.fields) == {column}
    assert not folder.exists()


def test_empty_and_misplaced_batches(readings: str) -> None:
    with pytest.raises(store.BadBatch, match="no rows"):
        store.append(readings, rows(), partition=DAY)
    for partition in ("june", "../x", "2026-06-01/../..", ""):
        with pytest.raises(store.BadBatch, match="partition"):
            store.append(readings, rows("a"), partition=partition)
    with pytest.raises(NotFound, match="readings"):
        store.append("writings", rows("a"), partition=DAY)


def test_column_order_and_batches_do_not_matter(readings: str) -> None:
    batch = rows("a").select(["value", "time", "stream"]).to_batches()[0]
    store.append(readings, batch, partition=DAY)
    assert store.snapshot(readings).arrow().schema == SCHEMA


def test_partitions_follow_local_time(folder: Path) -> None:
    for kind, expected in (("hour", "2026-06-02T01"), ("day", "2026-06-02"), ("month", "2026-06")):
        store.define(f"t_{kind}", SCHEMA, partition=kind)  # type: ignore[arg-type]
        assert store.partition_of(f"t_{kind}", datetime(2026, 6, 1, 17, tzinfo=UTC)) == expected
    spec = store.define("t_text", SCHEMA, partition="text")
    spec.check_partition("市中区-1")
    with pytest.raises(ValueError, match="moment"):
        spec.partition_of(START)


def test_declarations_are_checked(readings: str) -> None:
    assert store.define("readings", SCHEMA) is store.spec_of("readings")
    assert set(store.tables()) == {"readings"}
    for name, changes in (
        ("readings", {"sort": ("time",)}),
        ("Readings", {}),
        ("a/b", {}),
        ("x", {"sort": ("nothing",)}),
        ("x", {"partition": "week"}),
        ("x", {"schema": pa.schema([("time", pa.int64()), ("time", pa.int64())]), "sort": ()}),
    ):
        with pytest.raises(ValueError, match=r".+"):
            store.define(name, **({"schema": SCHEMA} | changes))  # type: ignore[arg-type]


def test_a_nullable_column_may_be_added_later(readings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(readings, rows("a"), partition=DAY)
    monkeypatch.setattr(specs, "_specs", {})
    wider = SCHEMA.append(pa.field("quality", pa.int16()))
    store.define(readings, wider)
    shot = store.snapshot(readings)
    assert shot.sql("SELECT count(quality) AS n, count(*) AS m FROM t").to_pylist() == [{"n": 0, "m": 10}]
    assert shot.arrow(["quality"]).column("quality").null_count == 10
    store.append(
        readings,
        rows("b", schema=SCHEMA).append_column("quality", pa.array([1] * 10, pa.int16())),
        partition=DAY,
    )
    assert store.snapshot(readings).sql("SELECT sum(quality) AS n FROM t").to_pylist() == [{"n": 10}]
    assert store.compact(readings, DAY) is not None
    assert store.snapshot(readings).sql("SELECT sum(quality) AS n FROM t").to_pylist() == [{"n": 10}]
    for other in (
        SCHEMA,
        SCHEMA.set(2, pa.field("value", pa.int64())),
        wider.append(pa.field("x", pa.int8(), False)),
    ):
        monkeypatch.setattr(specs, "_specs", {})
        spec = store.define(readings, other)
        with pytest.raises(Conflict, match="nullable"), transaction.atomic():
            writing.lock_head(spec)


def test_bounds_of_all_kinds() -> None:
    table = pa.table(
        {
            "f": [1.0, float("inf")], "d": [date(2026, 1, 1), date(2026, 1, 2)], "i": [3, 1],
            "b": [b"x", b"y"], "n": pa.array([None, None], pa.int64()),
        }
    )  # fmt: skip
    found = bounds.measure(table, ["f", "d", "i", "b", "n"])
    assert found == {"d": ["2026-01-01", "2026-01-02"], "i": [1, 3]}
    assert bounds.merge([found, {"i": [0, 9]}]) == {"i": [0, 9]}
    assert bounds.merge([]) == {}
    assert bounds.may_hold(found, {"d": (date(2026, 1, 2), None)})
    assert not bounds.may_hold(found, {"d": (None, date(2026, 1, 1))})
    assert bounds.may_hold(found, {"i": b"?"})


def test_a_table_without_order(folder: Path) -> None:
    store.define("loose", pa.schema([("x", pa.int64())]), sort=(), partition="text")
    for value in (2, 1):
        store.append("loose", pa.table({"x": [value]}), partition="all")
    store.compact("loose", "all")
    assert sorted(store.snapshot("loose").arrow()["x"].to_pylist()) == [1, 2]
    assert str(TableHead.objects.get()) == "loose@3"
    assert Segment.objects.count() == 3
    assert files.folder() == folder
