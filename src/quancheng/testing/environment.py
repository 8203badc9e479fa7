"""Pytest plugin: a home folder of its own for each test process, before settings load."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest


def prepare() -> Path:
    """Point QUANCHENG_HOME at a fresh temporary folder (one a worker process)."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    home = Path(tempfile.mkdtemp(prefix=f"quancheng-test-{worker}-"))
    (home / "static").mkdir()
    os.environ["QUANCHENG_HOME"] = str(home)
    os.environ.setdefault("QUANCHENG_SQLITE_SYNCHRONOUS", "OFF")
    os.environ.setdefault("QUANCHENG_DEMO", "1")
    os.environ.setdefault("QUANCHENG_LOG_LEVEL", "WARNING")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


HOME = prepare()
_GROUP = re.compile(r"@[\w-]+$")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """pytest-xdist writes a test's group behind its name (``@group``): ``--last-failed`` would not know it again."""
    cache = getattr(session.config, "cache", None)
    if cache is None or hasattr(session.config, "workerinput"):
        return
    failed: dict[str, bool] = cache.get("cache/lastfailed", {})
    if any(_GROUP.search(name) for name in failed):
        cache.set("cache/lastfailed", {_GROUP.sub("", name): True for name in failed})
