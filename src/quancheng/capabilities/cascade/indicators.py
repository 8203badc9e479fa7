"""Figures of cascade 级联指标."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.cascade.models import Count, Neighbour
from quancheng.capabilities.cascade.queries import states
from quancheng.core.cascade import Lateness


def fresh_rate() -> dict[str, Any]:
    """Share of active neighbours that are not silent, %."""
    found = states(list(Neighbour.objects.filter(state=Neighbour.State.ACTIVE)))
    good = sum(one.lateness is not Lateness.SILENT for one in found)
    return {
        "numerator": good, "denominator": len(found), "evidence": "/work/cascade/",
        "note": {"zh": "未失联节点 ÷ 运行中的节点", "en": "Neighbours heard ÷ active neighbours"},
    }  # fmt: skip


def equal_rate() -> dict[str, Any]:
    """Share of counted streams whose both sides agree, %."""
    whole, good = Count.objects.count(), Count.objects.filter(equal=True).count()
    return {
        "numerator": good, "denominator": whole, "evidence": "/work/cascade/",
        "note": {"zh": "两侧一致的数据流 ÷ 已对账的数据流", "en": "Streams that agree ÷ streams counted"},
    }  # fmt: skip
