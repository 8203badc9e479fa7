"""A small demo city behind a real ``quancheng web`` process, for the benchmarks that ask over HTTP."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quancheng.testing.product import Product


@contextmanager
def small_city(persons: int = 600, firms: int = 60) -> Iterator[Product]:
    """Set up, serve, and leave nothing behind."""
    home = Path(tempfile.mkdtemp(prefix="quancheng-bench-"))
    try:
        with Product(home, QUANCHENG_LOG_LEVEL="ERROR") as product:
            product.command("setup", "--persons", str(persons), "--firms", str(firms))
            product.start()
            yield product
    finally:
        shutil.rmtree(home, ignore_errors=True)
