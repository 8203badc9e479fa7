"""A store folder of its own for each test, and one table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from quancheng.kernel import store
from quancheng.kernel.store import specs

START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = "2026-06-01"
SCHEMA = pa.schema(
    [
        pa.field("stream", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("value", pa.float64()),
    ]
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.STORE_FOLDER = tmp_path / "store"
    monkeypatch.setattr(specs, "_specs", {})
    return tmp_path / "store"


@pytest.fixture
def readings(folder: Path) -> str:
    """A declared table."""
    store.define("readings", SCHEMA)
    return "readings"


def rows(*streams: str, first: int = 0, count: int = 10, schema: pa.Schema = SCHEMA) -> pa.Table:
    """Rows of streams, deliberately out of order."""
    data = [
        {"stream": stream, "time": START + timedelta(minutes=minute), "value": float(minute)}
        for minute in reversed(range(first, first + count))
        for stream in streams
    ]
    return pa.Table.from_pylist(data, schema=schema)
