"""演示数据 (模拟)."""

from __future__ import annotations

from typing import Any


def seed(city: Any, random: Any) -> str | None:
    """Nothing yet."""
    return None
