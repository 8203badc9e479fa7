"""指标: receiving across districts, and the custody of paper."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, F, Q
from django.db.models.functions import Substr

from quancheng.capabilities.counter.custody import OVER
from quancheng.capabilities.counter.models import Bag, Reception
from quancheng.kernel import clock

YEAR = timedelta(days=365)


def _per_cent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def across_share() -> float | None:
    """异地收件占比: receptions of the last year whose applicant lives in another district, per cent."""
    found = Reception.objects.filter(at__gte=clock.now() - YEAR).aggregate(
        all=Count("pk"),
        far=Count("pk", filter=~Q(case__region_code__startswith=Substr(F("hall__region_code"), 1, 6))),
    )
    return _per_cent(found["far"], found["all"])


def intact_share() -> float | None:
    """材料无差异率: bags of the last year without an open difference, per cent."""
    found = Bag.objects.filter(sealed_at__gte=clock.now() - YEAR).aggregate(
        all=Count("pk"), good=Count("pk", filter=Q(problem=False))
    )
    return _per_cent(found["good"], found["all"])


def late_bags() -> float:
    """逾期材料袋: bags past their due time now."""
    over = [one.value for one in OVER]
    return float(Bag.objects.exclude(state__in=over).filter(due_at__lt=clock.now()).count())
