"""模拟: the first values, so that screens are not empty before the first hour."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.indicators import computing
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import clock
from quancheng.kernel.actions import Call


def seed(city: Any, random: Any) -> str | None:
    """Compute today's values once; nothing when they are there."""
    if Snapshot.objects.filter(day=clock.today()).exists():
        return None
    done = computing.compute(Call.system("indicators", simulated=True))
    return f"{done['computed']} 项指标 indicators"
