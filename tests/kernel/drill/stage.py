"""A stage for drills: a database of its own and processes that use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


class Stage:
    """One database (fresh) and the helper processes of one test."""

    def __init__(self, home: Path, database_url: str, **environment: str) -> None:
        self.home = home
        self.environment = os.environ | {
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "tests.kernel.settings_events",
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_DATABASE_URL": database_url,
            "QUANCHENG_TEST_APPS": "tests.kernel.drill",
            "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF",
            **environment,
        }
        self.children: list[subprocess.Popen[bytes]] = []
        self.run("migrate")

    def start(self, *command: object) -> subprocess.Popen[bytes]:
        """A process that goes on while the test does something else."""
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.kernel.drill.main", *map(str, command)],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        self.children.append(child)
        return child

    def run(self, *command: object, seconds: float = 90) -> int:
        """A process whose end is awaited; its exit code."""
        return self.start(*command).wait(seconds)

    def report(self) -> dict[str, Any]:
        """What the database holds now."""
        output, _ = self.start("report").communicate(timeout=60)
        return json.loads(output)

    def close(self) -> None:
        """End what is still running."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()
