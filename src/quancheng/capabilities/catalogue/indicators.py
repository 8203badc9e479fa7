"""Figures of the catalogue 目录指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.catalogue import queries
from quancheng.capabilities.catalogue.models import Entry, State


def catalogued_rate() -> dict[str, Any]:
    """Duties that leave data and have a published entry, of all that leave data."""
    rate = queries.rate(None)
    return {
        "numerator": len(rate.done),
        "denominator": len(rate.due),
        "evidence": "/work/catalogue/duties/",
        "note": {
            "zh": "已编目的职责 ÷ 应产生数据的职责",
            "en": "Duties with an entry ÷ duties that yield data",
        },
    }


def waiting() -> dict[str, Any]:
    """Entries that wait for a decision or for publication."""
    return {
        "value": Entry.objects.filter(state__in=[State.SUBMITTED, State.APPROVED]).count(),
        "evidence": "/work/catalogue/queue/",
        "note": {"zh": "待审核与待发布的条目", "en": "Submitted or approved, not yet published"},
    }
