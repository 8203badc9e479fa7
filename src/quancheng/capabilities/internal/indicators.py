"""指标: figures of items, documents and meetings."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, F, Q

from quancheng.capabilities.internal.models import Invitation, Item, Paper, WorkItem
from quancheng.capabilities.internal.values import ItemState, PaperState, ReplyState, WorkState
from quancheng.kernel import clock

YEAR = timedelta(days=365)


def _per_cent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def once_rate() -> float | None:
    """一次性办结率: items of the last year that ended completed without being returned, per cent of ended."""
    found = Item.objects.filter(
        state__in=[ItemState.COMPLETED.value, ItemState.REFUSED.value], ended_at__gte=clock.now() - YEAR
    ).aggregate(all=Count("pk"), good=Count("pk", filter=Q(returns=0, state=ItemState.COMPLETED)))
    return _per_cent(found["good"], found["all"])


def on_time_rate() -> float | None:
    """环节按时率: steps of the last year done by their due day, per cent of done."""
    found = WorkItem.objects.filter(state=WorkState.DONE, done_at__gte=clock.now() - YEAR).aggregate(
        all=Count("pk"), good=Count("pk", filter=Q(done_at__date__lte=F("due_on")))
    )
    return _per_cent(found["good"], found["all"])


def online_rate() -> float | None:
    """公文网上流转率: unclassified documents of the last year signed and sent here, per cent of all issued."""
    issued = Paper.objects.filter(issued_at__gte=clock.now() - YEAR).exclude(state=PaperState.CANCELLED)
    found = issued.aggregate(all=Count("pk"), good=Count("pk", filter=Q(online=True)))
    return _per_cent(found["good"], found["all"])


def reply_rate() -> float | None:
    """会议按时回执率: units that answered in time, per cent of those asked in the last year."""
    found = Invitation.objects.filter(
        meeting__sent_at__gte=clock.now() - YEAR, meeting__reply_by__lt=clock.now()
    ).aggregate(all=Count("pk"), good=Count("pk", filter=~Q(state=ReplyState.WAITING)))
    return _per_cent(found["good"], found["all"])
