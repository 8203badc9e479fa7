"""指标: figures of the guide over the last thirty days."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q

from quancheng.capabilities.guide.models import Conversation, Inquiry
from quancheng.capabilities.guide.values import Outcome
from quancheng.kernel import clock

PERIOD = timedelta(days=30)


def accepted_in_time() -> float | None:
    """人工承诺时间内接入率, per cent of conversations taken over or still waiting too long."""
    asked = Conversation.objects.filter(waiting_at__gte=clock.now() - PERIOD)
    found = asked.aggregate(
        all=Count("pk", filter=Q(accepted_at__isnull=False) | Q(late=True)),
        good=Count("pk", filter=Q(accepted_at__isnull=False, late=False)),
    )
    return _share(found["good"], found["all"])


def resolved_by_machine() -> float | None:
    """自助解决率: conversations that got an answer, nobody called it wrong, and no person was asked for."""
    begun = Conversation.objects.filter(started_at__gte=clock.now() - PERIOD)
    good = (
        begun.filter(waiting_at=None, callbacks=None, inquiries__outcome=Outcome.ANSWER)
        .exclude(inquiries__helpful=False)
        .distinct()
        .count()
    )
    return _share(good, begun.count())


def wrong_answers() -> float | None:
    """答错率: straight answers reported wrong by citizens or corrected by agents."""
    given = Inquiry.objects.filter(outcome=Outcome.ANSWER, asked_at__gte=clock.now() - PERIOD)
    wrong = given.filter(Q(helpful=False) | Q(corrections__isnull=False)).distinct().count()
    return _share(wrong, given.count())


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
