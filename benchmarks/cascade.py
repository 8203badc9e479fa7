"""Cascade at city scale: 10,000 changes of catalogue entries and 1,000,000 of rows over three real nodes, twenty cuts.

Each node is a city with its own home and database: a web process that answers its neighbours and a worker that
gathers, talks and lands. Where the machine allows it each lives in a network namespace and a cut takes the cable
out in the middle of a round. At the end all three hold the same rows in their tables and ledgers, both sides of
every line count the same, and another round brings nothing and moves no mark.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness import benchmark, figure

ROWS, ENTRIES, CUTS, SEED = 1_000_000, 10_000, 20, 14


@benchmark(
    "cascade",
    "10,000 catalogue and 1,000,000 row changes over three nodes with 20 cuts: equal, counted, re-run silent",
    "root and ip for namespaces, else cutting proxies",
)
def run(scale: float) -> None:
    """Load, cut, settle, compare."""
    from tests.capabilities.cascade.nodes import LINES, settle, three_nodes

    chance = random.Random(SEED)
    cuts = max(2, round(CUTS * min(1.0, scale * 10)))
    rows, entries = max(10, round(ROWS * scale / cuts / 3)), max(3, round(ENTRIES * scale / cuts / 3))
    with TemporaryDirectory(prefix="quancheng-cascade-") as folder:
        image = _image(Path(folder) / "image")
        with three_nodes(image, Path(folder)) as nodes:
            net = next(iter(nodes.values())).net
            before = sum(one.ask("spent")["cpu"] + one.web_cpu() for one in nodes.values())
            began, changed, noted, faults = time.perf_counter(), 0, 0, 0
            for _ in range(cuts):
                for one in nodes.values():
                    done = one.ask("load", rows=rows, entries=entries)
                    changed, noted = changed + done["rows"], noted + done["entries"]
                line = chance.choice(sorted(LINES))
                for one in nodes.values():
                    one.send("round")
                time.sleep(chance.random() * 3)
                net.set_cut(*line, True)
                time.sleep(1.0)
                net.set_cut(*line, False)
                faults += sum(len(one.answer()["faults"]) for one in nodes.values())
            settle(nodes)
            wall = time.perf_counter() - began
            cpu = sum(one.ask("spent")["cpu"] + one.web_cpu() for one in nodes.values()) - before
            figure("cascade_rows_changed", changed, "rows")
            figure("cascade_entries_changed", noted, "entries")
            figure("cascade_cuts", cuts, net.name)
            figure("cascade_rounds_broken", faults, "rounds")
            figure("cascade_wall", wall, "s")
            figure("cascade_cpu_of_three_nodes", cpu, "s")
            figure(
                "cascade_rows_per_cpu_second", (changed + noted) / cpu, "changes at all three nodes / CPU s"
            )
            figure("cascade_peak", max(one.ask("spent")["peak_mb"] for one in nodes.values()), "MB")
            found = {name: one.ask("digest") for name, one in nodes.items()}
            same = len({(str(one["held"]), one["table"]) for one in found.values()}) == 1
            figure("cascade_all_equal", same, "1 = yes")
            with_counts = [one.ask("count") for one in nodes.values()]
            figure("cascade_streams_agree", sum(one["equal"] for one in with_counts), "streams")
            figure("cascade_streams_differ", sum(one["differ"] for one in with_counts), "streams")
            again = settle(nodes)
            figure("cascade_second_run_rows", sum(one["rows"] for one in again), "rows")
            still = {name: one.ask("digest") for name, one in nodes.items()} == found
            figure("cascade_second_run_changes_nothing", still, "1 = yes")


def _image(home: Path) -> Path:
    """A city without demo data, made once and copied for each node."""
    ready = os.environ.get("QUANCHENG_CASCADE_IMAGE")
    if ready:
        shutil.copytree(ready, home)
        return home
    home.mkdir()
    environment = {
        **os.environ, "QUANCHENG_HOME": str(home), "QUANCHENG_DEMO": "0", "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF",
        "QUANCHENG_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    environment.pop("QUANCHENG_DATABASE_URL", None)
    subprocess.run(
        [sys.executable, "-m", "quancheng.cli", "setup"], env=environment, check=True, capture_output=True
    )
    return home
