"""指标: figures of messages."""

from __future__ import annotations

from django.db.models import Count, Q

from quancheng.capabilities.messages.models import Message


def read_share() -> float | None:
    """消息阅读率, per cent; None without messages."""
    found = Message.objects.aggregate(all=Count("pk"), read=Count("pk", filter=Q(read_at__isnull=False)))
    return round(100 * found["read"] / found["all"], 2) if found["all"] else None
