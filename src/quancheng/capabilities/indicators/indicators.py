"""The figure about figures 指标的指标."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.indicators import catalogue
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.kernel import clock


def answering() -> dict[str, Any]:
    """Indicators whose newest value of today is there, of all that are defined."""
    known = {one.id for one in catalogue.definitions()}
    rows = Snapshot.objects.filter(day=clock.today(), error="", indicator__in=known)
    return {
        "numerator": rows.exclude(value=None).count(),
        "denominator": len(known),
        "evidence": "/work/indicators/",
        "note": {"zh": "当日有取值的指标 ÷ 全部指标", "en": "Indicators with a value today ÷ all indicators"},
    }
