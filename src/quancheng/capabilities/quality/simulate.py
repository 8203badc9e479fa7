"""模拟: placeholder until the tables are there."""

from __future__ import annotations

from typing import Any


def seed(city: Any, random: Any) -> str | None:
    """Nothing without tables."""
    return None
