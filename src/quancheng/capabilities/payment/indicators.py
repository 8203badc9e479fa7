"""指标: how much of the money both sides tell alike, and what is still open."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.payment.models import CheckFinding, DayCheck
from quancheng.kernel import clock

_SAME = ("MATCHED", "IDLE", "CARRIED")


def matched_rate() -> float | None:
    """渠道对账一致率 of the last 31 compared days, per cent; none when nothing was compared."""
    since = clock.today() - timedelta(days=31)
    counts = list(DayCheck.objects.filter(day__gte=since).values_list("counts", flat=True))
    rows = sum(sum(one.values()) for one in counts)
    same = sum(one.get(kind, 0) for one in counts for kind in _SAME)
    return round(100 * same / rows, 2) if rows else None


def open_differences() -> float:
    """未办结对账差异."""
    return float(CheckFinding.objects.filter(closed_at=None).count())
