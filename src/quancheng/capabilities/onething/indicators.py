"""指标: figures of one-things."""

from __future__ import annotations

from django.db.models import Avg, ExpressionWrapper, F, Sum
from django.db.models.fields import DurationField

from quancheng.capabilities.onething.models import Bundle, Theme
from quancheng.capabilities.onething.values import BundleState


def themes() -> float | None:
    """可办主题数 (专栏3, 目标200)."""
    return float(Theme.objects.filter(enabled=True, current__isnull=False).count())


def average_days() -> float | None:
    """平均办理天数, from handing in to the end of all items."""
    spent = ExpressionWrapper(F("finished_at") - F("submitted_at"), output_field=DurationField())
    done = Bundle.objects.filter(state=BundleState.FINISHED.value, submitted_at__isnull=False)
    found = done.aggregate(days=Avg(spent))["days"]
    return round(found.total_seconds() / 86400, 2) if found is not None else None


def spared_share() -> float | None:
    """免填率: values not asked because known from registers or from another item, per cent."""
    found = Bundle.objects.exclude(submitted_at=None).aggregate(asked=Sum("asked"), known=Sum("known"))
    total = (found["asked"] or 0) + (found["known"] or 0)
    return round(100 * found["known"] / total, 2) if total else None
