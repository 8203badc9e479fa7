"""Indicators of weather, over the real city only."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Avg, ExpressionWrapper, F, fields

from quancheng.kernel import clock
from quancheng.scenarios.weather import queries
from quancheng.scenarios.weather.flow import MsgType
from quancheng.scenarios.weather.models import Warning

PERIOD = timedelta(days=365)


def minutes_to_publish() -> float | None:
    """达标到发布平均用时 over a year, in minutes: first crossing of the level to publication."""
    took = ExpressionWrapper(F("published_at") - F("crossed_at"), output_field=fields.DurationField())
    rows = Warning.objects.filter(
        exercise="",
        crossed_at__isnull=False,
        published_at__gt=clock.now() - PERIOD,
        msg_type__in=[MsgType.ALERT, MsgType.UPDATE],
    )
    mean = rows.aggregate(mean=Avg(took))["mean"]
    return round(mean.total_seconds() / 60, 1) if mean is not None else None


def warnings_in_force() -> int:
    """生效中的预警数."""
    return queries.in_force().count()
