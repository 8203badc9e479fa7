"""指标: how many links stand at full strength, and how many lines somebody may be listening on."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.quantum.models import Link


def full_rate() -> dict[str, Any]:
    """Share of wanted links at full strength, %."""
    wanted = Link.objects.filter(wanted=True)
    return {
        "numerator": wanted.filter(state=Link.State.OPEN).count(),
        "denominator": wanted.count(),
        "evidence": "/sec/quantum/",
        "note": {"zh": "全强度链路 ÷ 要求建立的链路", "en": "Links at full strength ÷ links wanted"},
    }


def alarms() -> float:
    """误码告警中的量子线路."""
    return float(Link.objects.filter(alarmed=True).count())
