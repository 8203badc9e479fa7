"""Indicators of command, over the real city only."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Avg, Count, ExpressionWrapper, F, Q, fields

from quancheng.capabilities.command import flow
from quancheng.capabilities.command.models import Incident, Task
from quancheng.kernel import clock

PERIOD = timedelta(days=365)


def open_incidents() -> int:
    """在办突发事件数."""
    return Incident.objects.filter(exercise="", state__in=flow.INCIDENT.open).count()  # type: ignore[no-any-return]


def tasks_on_time() -> float | None:
    """任务按时反馈率 over a year, in per cent; tasks not yet due do not count."""
    due = Task.objects.filter(exercise="", due_at__gt=clock.now() - PERIOD, due_at__lte=clock.now()).exclude(
        state="withdrawn"
    )
    found = due.aggregate(n=Count("id"), good=Count("id", filter=Q(proved_at__lte=F("due_at"))))
    return round(100 * found["good"] / found["n"], 1) if found["n"] else None


def minutes_to_accept() -> float | None:
    """任务平均接收时间 over a year, in minutes."""
    took = ExpressionWrapper(F("accepted_at") - F("issued_at"), output_field=fields.DurationField())
    rows = Task.objects.filter(exercise="", accepted_at__isnull=False, issued_at__gt=clock.now() - PERIOD)
    mean = rows.aggregate(mean=Avg(took))["mean"]
    return round(mean.total_seconds() / 60, 1) if mean is not None else None
