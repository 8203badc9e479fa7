"""指标: how rehearsed the city is."""

from __future__ import annotations

from quancheng.scenarios.water.models import DrillRun, FloodPoint

RECENT = 10


def drills_passed() -> float | None:
    """近期演练通过率: share of the last ten drills that showed all they must, per cent."""
    recent = list(DrillRun.objects.values_list("passed", flat=True)[:RECENT])
    return round(100 * sum(recent) / len(recent), 1) if recent else None


def flood_points() -> float:
    """在册易涝点数."""
    return float(FloodPoint.objects.count())
