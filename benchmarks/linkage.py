"""Record linkage at city scale: two made-up registries of a million each, 700,000 people in both.

The lists are those of the tests (Chinese names, numbers mistyped in 5 % and missing in 10 %, a third of
the phones and a fifth of the homes changed). No labels are used; recall and precision come from the rows'
order, which the linkage does not see. Beside it, in the
same run on the same rows: joining by equal number alone, and Splink 5 on DuckDB with the same blocking rules
and the nearest comparisons of its library (``_splink``), in a process of its own so that its peak is its own.
Both pick one to one.
"""

from __future__ import annotations

import multiprocessing
import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness import benchmark, figure, spent

SIZE, SEED = 1_000_000, 7


@benchmark(
    "linkage",
    "two registries of 1 M each: candidates, EM, one-to-one; recall, precision, CPU, beside Splink 5",
    "splink",
)
def run(scale: float) -> None:
    """Make, link, judge."""
    import numpy as np
    from tests.core.linkage.registry import COMPARISONS, RULES

    from quancheng.core.linkage import Frame, Thresholds, link

    size = max(1000, int(SIZE * scale))
    folder = TemporaryDirectory(prefix="quancheng-linkage-")
    context = multiprocessing.get_context("spawn")  # the making of the lists is not the linkage's memory
    with context.Pool(1) as pool:
        files, both, simple = pool.apply(_make, (folder.name, size))
    figure("linkage_made_peak", _peak(), "MB")
    with spent() as used:
        frame = Frame.link(*map(_read, files))
        found, _ = link(
            frame, COMPARISONS, RULES, Thresholds(accept=0.95, review=0.5),
            np.random.default_rng(SEED), dependent=("id", "birth"),
        )  # fmt: skip
    one, other = found.rows(found.accepted)
    right_ones = int(((one == other) & (one < both)).sum())
    figure("linkage_cpu", used.cpu, "s")
    figure("linkage_wall", used.wall, "s")
    figure("linkage_peak", _peak(), "MB")
    figure("linkage_candidates", len(found.bits), "pairs")
    figure("linkage_recall", right_ones / both, "of true pairs")
    figure("linkage_precision", right_ones / max(1, len(one)), "of accepted pairs")
    figure("linkage_to_review", len(found.review) + len(found.unclear), "pairs")
    figure("linkage_by_number_alone_recall", simple / both, "of true pairs")
    del found, frame
    with folder:
        _beside(files, both, used.cpu)


def _make(folder: str, size: int) -> tuple[list[str], int, int]:
    """The two lists as files, how many are in both, and how many a join by number finds."""
    from tests.core.linkage.registry import registries

    left, right, both = registries(size, SEED)
    known = {one: row for row, one in enumerate(left["id"])}
    simple = sum(known[one] == row < both for row, one in enumerate(right["id"]) if one in known)
    lists = (("l", left), ("r", right))
    return [_write(rows, Path(folder) / f"{name}.parquet") for name, rows in lists], both, simple


def _read(file: str) -> dict[str, Any]:
    """The columns of a file as Arrow arrays, without the row numbers."""
    import pyarrow.parquet as pq

    table = pq.read_table(file).drop_columns(["unique_id"])
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def _write(rows: dict[str, list[str | None]], path: Path) -> str:
    """The rows as a file for the peer, numbered by their place."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = len(rows["id"])
    pq.write_table(pa.table({"unique_id": pa.array(range(size), pa.int64()), **rows}), path)
    return str(path)


def _beside(files: list[str], both: int, cpu: float) -> None:
    """The peer's figures, and the ratio of the CPU time."""
    context = multiprocessing.get_context("spawn")  # a fork would carry our peak along
    with context.Pool(1) as pool:
        said = pool.apply(_splink, (files, both))
    for name, (value, unit) in said.items():
        figure(f"linkage_splink_{name}", value, unit)
    figure("linkage_cpu_of_splink", cpu / said["cpu"][0], "times")


def _splink(files: list[str], both: int) -> dict[str, tuple[float, str]]:
    """Splink 5: u by sampling, m by EM in two sessions, predict, mutual best pairs from 0.95 on."""
    import logging

    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.CRITICAL)  # it says every chunk
    rules = [block_on("id"), block_on("phone"), block_on("name", "birth"), block_on("address", "name")]
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.DamerauLevenshteinAtThresholds("id", [1, 2]),
            cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("birth", [1, 2]),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.85]),
        ],
    )
    with spent() as used:
        connection = duckdb.connect()
        connection.execute("SET threads = 2")
        for name, file in zip("lr", files, strict=True):
            connection.execute(
                f"CREATE TABLE {name} AS SELECT unique_id, id, replace(replace(name, '國', '国'), '傑', '杰') AS name,"
                " birth, phone, replace(replace(address, '单元', '-'), '室', '') AS address"
                f" FROM read_parquet('{file}')"
            )
        api: Any = DuckDBAPI(connection)
        tables = [api.register(name) for name in "lr"] if hasattr(api, "register") else ["l", "r"]
        linker = Linker(tables, settings) if hasattr(api, "register") else Linker(tables, settings, api)
        training = linker.training
        training.estimate_probability_two_random_records_match([block_on("id")], recall=0.85)
        training.estimate_u_using_random_sampling(max_pairs=1e6)
        training.estimate_parameters_using_expectation_maximisation(block_on("id"))
        training.estimate_parameters_using_expectation_maximisation(block_on("phone"))
        scored = linker.inference.predict(threshold_match_probability=0.95)
        connection.execute(
            f"CREATE TABLE s AS SELECT unique_id_l AS l, unique_id_r AS r, match_weight AS w FROM {scored.physical_name}"
        )
        picked = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE l = r AND l < $1) FROM (SELECT l, r FROM s QUALIFY"
            " row_number() OVER (PARTITION BY l ORDER BY w DESC) = 1"
            " AND row_number() OVER (PARTITION BY r ORDER BY w DESC) = 1)",
            [both],
        ).fetchone()
    assert picked is not None
    return {
        "cpu": (used.cpu, "s"),
        "wall": (used.wall, "s"),
        "peak": (_peak(), "MB"),
        "recall": (picked[1] / both, "of true pairs"),
        "precision": (picked[1] / max(1, picked[0]), "of accepted pairs"),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
