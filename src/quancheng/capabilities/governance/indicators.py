"""Figures of governance 治理指标; the other rates of the plan are registered by the parts that count them."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.governance import queries
from quancheng.capabilities.governance.reading import SYSTEM
from quancheng.core.catalogue import RateName


def demand_rate() -> dict[str, Any]:
    """Demands satisfied of those not withdrawn."""
    return _figure(
        RateName.DEMAND, "已满足的需求 ÷ 未撤回的需求", "Demands satisfied ÷ demands not withdrawn"
    )


def _figure(name: RateName, zh: str, en: str) -> dict[str, Any]:
    found = queries.summed(queries.rates(SYSTEM), name)
    return {
        "numerator": len(found.done),
        "denominator": len(found.due),
        "evidence": f"/work/governance/rates/{name.value}/all/",
        "note": {"zh": zh, "en": en},
    }
