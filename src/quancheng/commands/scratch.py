"""临时城市: a command run again in a process with a home and database of its own, thrown away after."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime

import click

MARK = "QUANCHENG_SCRATCH"
SEED = 20_250_101
BORN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""When scratch cities are seeded: always the same moment, so that they are always the same city."""


def inside() -> bool:
    """Whether this process lives in a scratch city."""
    return os.environ.get(MARK) == "1"


def run_again(arguments: Sequence[str]) -> int:
    """Run the same command in a scratch city; its exit code."""
    with tempfile.TemporaryDirectory(prefix="quancheng-scratch-") as home:
        environment = {
            **os.environ,
            MARK: "1",
            "QUANCHENG_HOME": home,
            "QUANCHENG_DATABASE_URL": f"sqlite:///{home}/city.sqlite3",
            "QUANCHENG_STORE": f"{home}/store",
            "QUANCHENG_BUS_URL": "",
            "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF",
            "QUANCHENG_DEMO": "1",
        }
        environment.setdefault("QUANCHENG_LOG_LEVEL", "WARNING")
        command = [sys.executable, "-m", "quancheng.cli", *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def prepare(drill: str) -> None:
    """Tables, resources and the demo data the drill asks for (``seeds`` of its row)."""
    from quancheng.commands.prepare import prepare as tables
    from quancheng.kernel import clock
    from quancheng.kernel.simulation import drills
    from quancheng.kernel.simulation.demo import DemoCity, seed_modules

    wanted = {row.id: row.seeds for row in drills.available()}.get(drill, ())
    tables(aside=True)
    city = DemoCity.of_settings(persons=0, firms=0, seed=SEED)
    with clock.at(BORN):
        for name, result in seed_modules(city, only=wanted):
            click.echo(f"临时城市 scratch city  {name}: {result}", err=True)
