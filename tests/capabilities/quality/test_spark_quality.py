"""引擎一步: the same compiled rules on Spark standalone with two workers count what DuckDB counts.

The scale step of the data base: a city that outgrows one machine runs the same expressions. Needs pyspark
4.0 (430 MB, not among the project's dependencies) and Java 17; some hundred seconds and 2.5 GB.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from tests.core.quality.test_against_oracle import ALL, UPDATED
from tests.core.quality.worlds import AS_OF, PARENTS, SCHEMA, full, one

from quancheng.core.identity import compute_check, compute_uscc_check
from quancheng.core.quality import Findings, compile_rules, evaluate_rows, profile_plan

ROWS = 2000
WAIT = 240.0
pytestmark = [
    pytest.mark.slow,
    pytest.mark.serial,
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17 for Spark"),
]


def _resident(random: Any) -> str:
    body = f"370102{1930 + int(random.integers(90))}{int(random.integers(1, 14)):02d}15{int(random.integers(999)):03d}"
    return body + (compute_check(body) if random.random() < 0.8 else "0")


def _uscc(random: Any) -> str:
    body = "91370102MA" + "".join(random.choice(list("0123456789ABCDEFGHJK"), 7))
    return body + (compute_uscc_check(body) if random.random() < 0.8 else "I")


def rows(count: int) -> list[dict[str, object]]:
    """Rows with every trouble the rules know, the same each time."""
    random = np.random.default_rng(11)

    def pick(*values: object) -> object:
        return values[int(random.integers(len(values)))]

    def day() -> date:
        return date(1990, 1, 1) + timedelta(days=int(random.integers(0, 16_000)))

    found = []
    for _ in range(count):
        found.append(
            {
                "name": pick(None, "汉", "回族", "it's", "a\\b", "王小明", "𠮷野", "", "\u3000", "无", "汉\n", "abc"),
                "idn": pick(None, "370102000001010010", "x", _resident(random), _resident(random)),
                "uscc": pick(None, "91370102MA3C", _uscc(random), _uscc(random)),
                "card": pick(None, "4111111111111111", "4111111111111112", "378282246310005", "12"),
                "phone": pick(None, "13912345678", "12912345678", "１3912345678", " "),
                "age": pick(None, 0, 1, 18, 120, 121, -5),
                "price": pick(None, 0.0, 0.1, 0.5, 3.0, 100.0, float("nan"), 1e308),
                "total": pick(None, 0.3, 3.0, 54.0, float("nan")),
                "amount": pick(None, Decimal("0.00"), Decimal("-0.51"), Decimal("99.99")),
                "written": pick(None, "12", "12.50", "-3", "1e5", "2024-02-29", "2023-02-29", "20240229", "2026-03-02T25:00"),
                "born": pick(None, day(), date(2026, 3, 2), date(2026, 1, 31)),
                "moved": pick(None, day(), date(2026, 3, 3)),
                "updated": pick(None, AS_OF, AS_OF - timedelta(days=int(random.integers(0, 60))), datetime(2026, 3, 2, 9, 36)),
                "active": pick(None, True, False),
            }
        )  # fmt: skip
    return full(found)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a master and two workers of one core each, on 127.0.0.1; stopped by their own ids."""
    pyspark = pytest.importorskip("pyspark", reason="needs pyspark 4.0 in the environment")
    folder = tmp_path_factory.mktemp("spark")
    home = Path(pyspark.__file__).parent
    port, processes = _free_port(), []
    environment = os.environ | {
        "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(folder / "work"), "SPARK_LOCAL_DIRS": str(folder / "local"), "TZ": "UTC",
    }  # fmt: skip

    def start(name: str, *arguments: str) -> None:
        log = (folder / f"{name}-{len(processes)}.log").open("wb")
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
        processes.append(
            subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        )

    try:
        start("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        _answers(port)
        for _ in range(2):
            start(
                "worker.Worker",
                "--cores",
                "1",
                "--memory",
                "600m",
                "--webui-port",
                "0",
                f"spark://127.0.0.1:{port}",
            )
        yield from _session(f"spark://127.0.0.1:{port}", folder)
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait(30)


def _session(master: str, folder: Path) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(master)
        .appName("quality")
        .config("spark.driver.memory", "700m")
        .config("spark.executor.memory", "512m")
        .config("spark.executor.cores", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .config("spark.cores.max", "2")
        .getOrCreate()
    )
    try:
        yield session
    finally:
        session.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _answers(port: int) -> None:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        with socket.socket() as line:
            line.settimeout(1)
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise TimeoutError("the Spark master does not answer")


def _read(table: Any, parents: Any) -> Findings:
    plan = compile_rules(ALL, table, tables={"民族": parents}, as_of=AS_OF, updated_at=UPDATED)
    return plan.read([one(query) for query in plan.queries()])


def test_spark_counts_what_duckdb_counts_for_every_kind_of_rule(spark: Any) -> None:
    people = pa.Table.from_pylist(rows(ROWS), schema=SCHEMA)
    nations = pa.Table.from_pylist(PARENTS, schema=pa.schema([("code", pa.string())]))
    duck = ibis.duckdb.connect(threads=1)
    here = _read(duck.create_table("people", people), duck.create_table("nations", nations))
    spark.createDataFrame(people).repartition(4).createOrReplaceTempView("people")
    spark.createDataFrame(nations).createOrReplaceTempView("nations")
    assert spark.sparkContext.defaultParallelism == 2
    engine = ibis.pyspark.connect(spark)
    there = _read(engine.table("people"), engine.table("nations"))
    differing = [
        (mine.rule.id, mine.rule.kind, mine.applicable, mine.failed, other.applicable, other.failed)
        for mine, other in zip(here.outcomes, there.outcomes, strict=True)
        if mine != other
    ]
    assert not differing
    assert (here.rows, there.rows) == (ROWS, ROWS)
    plain, _ = evaluate_rows(ALL, rows(ROWS), tables={"民族": PARENTS}, as_of=AS_OF, updated_at=UPDATED)
    assert plain == there
    plan = profile_plan(engine.table("people").select("name", "age", "born"))
    mine = profile_plan(duck.table("people").select("name", "age", "born"))
    assert one(plan.first()) == one(mine.first())
