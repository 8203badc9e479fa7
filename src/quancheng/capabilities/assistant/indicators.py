"""指标: figures of the approval assistant."""

from __future__ import annotations

from django.db.models import Count, F, Q

from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.capabilities.assistant.values import Outcome, ReadState


def agreement() -> float | None:
    """机器结论被采纳的比例, per cent; None before anybody judged a point the machine decided."""
    found = (
        ReviewPoint.objects.exclude(decided="")
        .exclude(outcome=Outcome.PERSON)
        .aggregate(all=Count("pk"), same=Count("pk", filter=Q(decided=F("outcome"))))
    )
    return round(100 * found["same"] / found["all"], 2) if found["all"] else None


def read_share() -> float | None:
    """材料读取成功率, per cent of readings that ended; None without any."""
    found = Reading.objects.filter(state__in=[ReadState.DONE, ReadState.FAILED]).aggregate(
        all=Count("pk"), done=Count("pk", filter=Q(state=ReadState.DONE))
    )
    return round(100 * found["done"] / found["all"], 2) if found["all"] else None
