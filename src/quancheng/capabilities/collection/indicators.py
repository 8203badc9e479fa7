"""Figures of collection 归集指标."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.collection.models import Feed
from quancheng.capabilities.collection.queries import OVERDUE
from quancheng.capabilities.collection.rates import city_rate


def rate() -> dict[str, Any]:
    """归集率 of the whole city."""
    found = city_rate()
    return {
        "value": found.percent,
        "evidence": "/work/collection/rates/",
        "note": {
            "zh": f"应归集目录 {found.due} 条，其中 {found.fresh} 条在时限内成功归集",
            "en": f"{found.fresh} of {found.due} entries that must be collected were so in time",
        },
    }


def overdue() -> dict[str, Any]:
    """Feeds from which nothing came in the agreed time."""
    return {
        "value": Feed.objects.filter(
            state__in=[Feed.State.ACTIVE, Feed.State.TRIPPED], lateness__in=OVERDUE
        ).count(),
        "evidence": "/work/collection/?lateness=overdue",
        "note": {"zh": "迟报、断报和从未报送的归集任务", "en": "Feeds that are late, silent or never came"},
    }
