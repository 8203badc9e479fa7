"""Spark reads the very files of the store."""

from __future__ import annotations

import numpy as np
import pytest

from quancheng.capabilities.observations import actions, lake, queries, upkeep
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.values import Batch
from quancheng.kernel import clock, store

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_spark_reads_the_same_files() -> None:
    sql = pytest.importorskip("pyspark.sql", reason="未安装 pyspark is not installed")
    start = 1_780_286_400_000_000
    actions.append(
        Batch.numbers(np.tile([1, 2], 500), start + np.arange(1000) * 1_000_000, np.arange(1000.0))
    )
    Keeper().step(force=True)
    with clock.at(lake.moment(start + 5 * lake.HOUR_US)):
        upkeep.run()
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        table = spark.read.parquet(*(str(path) for path in store.snapshot(lake.RAW).files))
        rows = table.groupBy("stream").agg({"number": "avg", "id": "count"}).orderBy("stream").collect()
    finally:
        spark.stop()
    with queries.view() as connection:
        ours = connection.execute(
            "SELECT stream, avg(number), count(id) FROM observations GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [(r["stream"], r["avg(number)"], r["count(id)"]) for r in rows] == ours
