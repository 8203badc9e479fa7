"""Figures of masters 基础库指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from quancheng.capabilities.masters.models import Golden, Pair


def precision() -> dict[str, Any]:
    """Of automatic links that were sampled and decided, those a person confirmed."""
    found = Pair.objects.filter(sampled=True).aggregate(
        same=Count("pk", filter=Q(state=Pair.State.SAME)),
        different=Count("pk", filter=Q(state=Pair.State.DIFFERENT)),
    )
    return {
        "numerator": found["same"],
        "denominator": found["same"] + found["different"],
        "evidence": "/work/masters/review/?sampled=yes&state=decided",
        "note": {"zh": "抽检判为同一 ÷ 抽检已判定", "en": "Confirmed ÷ decided in the sample"},
    }


def corroborated() -> dict[str, Any]:
    """Active golden records that stand on two sources or more."""
    found = Golden.objects.filter(state=Golden.State.ACTIVE).aggregate(
        many=Count("pk", filter=Q(sources__gte=2)), all=Count("pk")
    )
    return {
        "numerator": found["many"],
        "denominator": found["all"],
        "evidence": "/work/masters/",
        "note": {
            "zh": "两个及以上来源的有效黄金记录 ÷ 全部有效记录",
            "en": "Two sources or more ÷ all active",
        },
    }


def review_backlog() -> dict[str, Any]:
    """Pairs nobody has decided yet."""
    waiting = Pair.objects.filter(state__in=[Pair.State.OPEN, Pair.State.SECOND])
    return {
        "value": waiting.count(),
        "evidence": "/work/masters/review/?state=open",
        "note": {"zh": "待核对与待复核", "en": "Open or waiting for a second person"},
    }
