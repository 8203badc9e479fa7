"""指标: figures of messages."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q

from quancheng.capabilities.messages.models import Delivery, Message
from quancheng.kernel import clock


def read_share() -> float | None:
    """消息阅读率, per cent; None without messages."""
    found = Message.objects.aggregate(all=Count("pk"), read=Count("pk", filter=Q(read_at__isnull=False)))
    return round(100 * found["read"] / found["all"], 2) if found["all"] else None


def delivered_share() -> float | None:
    """站外投递成功率 of what ended in the last 30 days, per cent; None without any."""
    since = clock.now() - timedelta(days=30)
    ended = Delivery.objects.filter(ended_at__gte=since).exclude(state=Delivery.State.CANCELLED)
    found = ended.aggregate(all=Count("pk"), good=Count("pk", filter=Q(state=Delivery.State.DELIVERED)))
    return round(100 * found["good"] / found["all"], 2) if found["all"] else None
