"""指标: how much the city spares its grassroots, and how far ledgers and differences are."""

from __future__ import annotations

from datetime import datetime, time

from django.db.models import Count, Q, Sum

from quancheng.capabilities.ledgers.models import Difference, Row, State
from quancheng.kernel import clock


def _month_begin() -> datetime:
    return datetime.combine(clock.today().replace(day=1), time(), clock.LOCAL)


def prefilled_share() -> float | None:
    """台账预填率: cells pre-filled of all cells with a value, of books now open or sent out this month, per cent."""
    wanted = Q(book__state=State.OPEN) | Q(book__opened_at__gte=_month_begin())
    found = Row.objects.filter(wanted).aggregate(spared=Sum("spared"), typed=Sum("typed"))
    both = (found["spared"] or 0) + (found["typed"] or 0)
    return round(100 * (found["spared"] or 0) / both, 2) if both else None


def filled_share() -> float | None:
    """台账填报完成率 of open books, per cent."""
    found = Row.objects.filter(book__state=State.OPEN).aggregate(
        all=Count("pk"), done=Count("pk", filter=Q(state=Row.State.DONE))
    )
    return round(100 * found["done"] / found["all"], 2) if found["all"] else None


def typed_cells() -> float | None:
    """社区月均手填格数: cells typed by each area that had a ledger sent out this month."""
    found = Row.objects.filter(book__opened_at__gte=_month_begin()).aggregate(
        typed=Sum("typed"), areas=Count("region_code", distinct=True)
    )
    return round((found["typed"] or 0) / found["areas"], 1) if found["areas"] else None


def differences_decided() -> float | None:
    """差异核实率: decided of all that were sent up, per cent."""
    found = Difference.objects.aggregate(
        all=Count("pk"), done=Count("pk", filter=~Q(state=Difference.State.WAITING))
    )
    return round(100 * found["done"] / found["all"], 2) if found["all"] else None
