"""Figures of quality 质量指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg

from quancheng.capabilities.quality import deadlines, rates
from quancheng.capabilities.quality.models import OPEN_STATES, Issue, Sheet
from quancheng.kernel import clock


def repair_rate() -> dict[str, Any]:
    """Findings repaired ÷ findings due this month, of all organs."""
    month = deadlines.month_of(clock.now())
    found = rates.of_issues("", month, rates.candidates(month))
    return {
        "numerator": len(found.repaired),
        "denominator": len(found.due),
        "evidence": f"/work/quality/issues/?month={month}",
        "note": {
            "zh": "本月复核通过 ÷ 本月应整改（含以前未完成的）",
            "en": "Passed this month ÷ due, earlier ones included",
        },
    }


def mean_score() -> dict[str, Any]:
    """Mean score of the tables under watch, out of 100."""
    mean = Sheet.objects.filter(watched=True).aggregate(mean=Avg("score"))["mean"]
    return {
        "value": round(float(mean) * 100, 1) if mean is not None else None,
        "evidence": "/work/quality/",
        "note": {"zh": "受检表得分的平均值", "en": "Mean of the scores of tables under watch"},
    }


def overdue() -> dict[str, Any]:
    """Open orders past their time."""
    return {
        "value": Issue.objects.filter(state__in=OPEN_STATES, due_at__lt=clock.now()).count(),
        "evidence": "/work/quality/issues/?overdue=yes",
        "note": {"zh": "已过整改期限的工单", "en": "Orders past their time"},
    }
