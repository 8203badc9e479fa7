"""Figures of rule monitoring 规则监测指标."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.watch import delays
from quancheng.capabilities.watch.models import RuleVersion, State


def in_force() -> dict[str, Any]:
    """Rules in force."""
    return {
        "value": RuleVersion.objects.filter(state=State.IN_FORCE).count(),
        "evidence": "/work/watch/?state=in_force",
        "note": {"zh": "当前生效的规则版本", "en": "Versions in force now"},
    }


def alarm_delay_p50() -> dict[str, Any]:
    """From a reading's receipt to its alarm, median of the last day (ms)."""
    return _delay(50)


def alarm_delay_p95() -> dict[str, Any]:
    """From a reading's receipt to its alarm, 95th percentile of the last day (ms)."""
    return _delay(95)


def _delay(percentile: int) -> dict[str, Any]:
    found = delays.percentiles()
    return {
        "value": None if found is None else found[percentile],
        "evidence": "/work/watch/episodes/",
        "note": {
            "zh": "近24小时，从读数接收到告警写入",
            "en": "Last 24 hours, from the receipt of the reading to the alarm",
        },
    }
