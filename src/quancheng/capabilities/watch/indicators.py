"""Figures of rule monitoring 规则监测指标."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.watch.models import Episode, RuleVersion, State
from quancheng.kernel import clock


def in_force() -> dict[str, Any]:
    """Rules in force."""
    return {
        "value": RuleVersion.objects.filter(state=State.IN_FORCE).count(),
        "evidence": "/work/watch/?state=in_force",
        "note": {"zh": "当前生效的规则版本", "en": "Versions in force now"},
    }


def alarm_delay_p95() -> dict[str, Any]:
    """From a reading's arrival at the runner to its alarm, 95th percentile of the last day (ms)."""
    since = clock.now() - timedelta(hours=24)
    rows = list(
        Episode.objects.filter(detected_at__gte=since)
        .order_by("delay_ms")
        .values_list("delay_ms", flat=True)[:100_000]
    )
    return {
        "value": rows[min(len(rows) - 1, int(len(rows) * 0.95))] if rows else None,
        "evidence": "/work/watch/episodes/",
        "note": {
            "zh": "近24小时，从读数到达运行器到告警写入",
            "en": "Last 24 hours, from arrival at the runner to the alarm",
        },
    }
