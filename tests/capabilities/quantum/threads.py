"""Stories in which threads of a server write too: they need a database in a file, not in one connection's memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

FILE = "QUANCHENG_TEST_SQLITE"
ROOT = Path(__file__).parents[3]
IN_MEMORY = connection.vendor == "sqlite" and FILE not in os.environ


def THREADS(function: Any) -> Any:
    """Mark a story: serial, real transactions, skipped where the database is in memory."""
    marks = (
        pytest.mark.django_db(transaction=True),
        pytest.mark.serial,
        pytest.mark.skipif(IN_MEMORY, reason="threads need a database in a file: see test_in_a_file"),
    )
    for mark in marks:
        function = mark(function)
    return function


def run_in_a_file(count: int, *paths: str) -> Callable[[], None]:
    """A test that runs the ``count`` stories of these files in one process whose database is a file."""

    @pytest.mark.serial
    @pytest.mark.skipif(not IN_MEMORY, reason="the stories run by themselves")
    def test_in_a_file() -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = {FILE: f"{folder}/threads.sqlite3", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
            env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | place
            options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not in_a_file", "-rA"]
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *options, *paths],
                cwd=ROOT, env=env, capture_output=True, text=True, timeout=900, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:]
        assert done.stdout.count("PASSED") == count, done.stdout[-3000:]

    return test_in_a_file
