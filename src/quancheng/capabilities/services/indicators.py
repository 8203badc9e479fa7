"""指标: figures of cases and matters."""

from __future__ import annotations

from django.db.models import Count, Q

from quancheng.capabilities.services import noproof
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.models import Case, Matter

DECIDED = (State.APPROVED.value, State.COMPLETED.value, State.REFUSED.value)


def on_time_rate() -> float | None:
    """按期办结率: decided within the promised time, per cent of decided cases."""
    rows = Case.objects.filter(state__in=DECIDED).values_list("clock", flat=True)
    done = in_time = 0
    from quancheng.capabilities.services import timing
    from quancheng.kernel.calendar import working_calendar

    for kept in rows.iterator():
        value = timing.from_dict(kept)
        if value.finished is None:
            continue
        shown = timing.reading(value, value.finished, working_calendar())
        done += 1
        in_time += shown.remaining is not None and shown.remaining >= 0
    return round(100 * in_time / done, 2) if done else None


def online_share() -> float | None:
    """可网办事项占比, per cent of matters."""
    found = Matter.objects.filter(enabled=True).aggregate(
        all=Count("pk"), online=Count("pk", filter=Q(online=True))
    )
    return round(100 * found["online"] / found["all"], 2) if found["all"] else None


def satisfaction() -> float | None:
    """好差评满意率: ratings of 3 and above, per cent."""
    found = Case.objects.exclude(rating=None).aggregate(
        all=Count("pk"), good=Count("pk", filter=Q(rating__gte=3))
    )
    return round(100 * found["good"] / found["all"], 2) if found["all"] else None


def without_proof() -> float | None:
    """免提交证明占比: certificates of administrative organs people need not bring, per cent (目标90%)."""
    return noproof.rates().percent
