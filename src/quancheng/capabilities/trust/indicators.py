"""指标: figures of licences."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q, Sum

from quancheng.capabilities.trust.models import Licence, LicenceLook, LicenceObjection
from quancheng.kernel import clock


def valid_licences() -> float:
    """有效电子证照数."""
    return float(Licence.objects.filter(status=Licence.Status.VALID).count())


def checks_overdue() -> float:
    """逾期未审验证照数, of those not ended otherwise."""
    today = clock.today()
    live = Licence.objects.filter(Q(valid_to=None) | Q(valid_to__gte=today), status=Licence.Status.VALID)
    return float(live.filter(check_until__lt=today).count())


def objections_in_time() -> float | None:
    """证照异议按期答复率 in percent, of those answered or overdue; None without any."""
    done = LicenceObjection.objects.exclude(answered_at=None)
    good = done.filter(answered_at__date__lte=F("due_on")).count()
    late = LicenceObjection.objects.filter(answered_at=None, due_on__lt=clock.today()).count()
    whole = done.count() + late
    return round(100 * good / whole, 1) if whole else None


def looks() -> float:
    """近三十日查验次数."""
    since = clock.today() - timedelta(days=30)
    return float(LicenceLook.objects.filter(day__gt=since).aggregate(n=Sum("count"))["n"] or 0)
