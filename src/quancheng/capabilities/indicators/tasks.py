"""Background work of indicators."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.indicators import computing
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("indicators.compute", cron="7 * * * *")
def compute(handle: Any = None) -> dict[str, Any]:
    """指标计算: hourly; the last of a day is the day's value."""
    return computing.compute(Call.system("indicators"))
