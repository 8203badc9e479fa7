"""指标: how many of those told applied in time, how many agreed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, F, Q

from quancheng.capabilities.outreach.models import Consent, Hint
from quancheng.kernel import clock, rulebook

YEAR = timedelta(days=365)


def applied_share() -> float | None:
    """提示后申请率: of those told in the last year, who applied within the days that count, per cent."""
    days = timedelta(days=rulebook.find("outreach.applied_days").integer())
    found = Hint.objects.filter(told_at__gte=clock.now() - YEAR).aggregate(
        all=Count("pk"),
        good=Count("pk", filter=Q(state=Hint.State.APPLIED, ended_at__lte=F("told_at") + days)),
    )
    return round(100 * found["good"] / found["all"], 2) if found["all"] else None


def consenting() -> float:
    """同意主动服务人数."""
    return float(Consent.objects.filter(theme=None, agreed=True).count())
