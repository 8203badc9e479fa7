"""Background work of quality: the watch over tables, deadlines, pruning."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from quancheng.capabilities.quality import actions, checking
from quancheng.capabilities.quality.models import Run, Sheet
from quancheng.core.quality import QualityError
from quancheng.core.text import Text
from quancheng.kernel import clock, jobs, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError

ROUND = 200
"""Tables sent to be checked in one round; the rest waits a minute."""


def due(at: datetime) -> list[tuple[int, str, str]]:
    """Tables to be checked now: changed and settled, or due by routine; with the cause and a key (到检的表)."""
    settled = at - timedelta(seconds=rulebook.find("quality.settle_seconds").integer())
    changed, routine = Q(dirty_at__lte=settled), Q(next_at__lte=at, watched=True)
    found = Sheet.objects.filter(changed | routine).order_by("checked_at", "pk")[:ROUND]
    return [
        (sheet.pk, Run.Trigger.CHANGE if sheet.dirty_at else Run.Trigger.ROUTINE, _key(sheet))
        for sheet in found
    ]


def _key(sheet: Sheet) -> str:
    moment = sheet.dirty_at or sheet.next_at
    return f"quality:{sheet.pk}:{moment.isoformat() if moment else ''}"


@jobs.every("quality.watch", cron="* * * * *")
@jobs.job("quality.watch")
def watch(handle: Any = None) -> dict[str, int]:
    """质量监测轮询: what is due becomes a job of its own, each once."""
    found = due(clock.now())
    for pk, trigger, key in found:
        jobs.enqueue("quality.check", {"sheet": pk, "trigger": str(trigger)}, key=key)
    return {"due": len(found)}


@jobs.job("quality.check", max_attempts=3, lease_seconds=600)
def check(handle: Any, sheet: int, trigger: str = Run.Trigger.CHANGE) -> dict[str, Any]:
    """数据质量检查 of one table; a table that cannot be read says so and waits for its next time."""
    found = Sheet.objects.select_related("organ").filter(pk=sheet).first()
    if found is None:
        return {"gone": True}
    call = Call.system("quality")
    try:
        checked = checking.look(found)
    except (QuanchengError, QualityError) as refused:
        text = refused.detail if isinstance(refused, QuanchengError) else refused.text
        actions.keep_fault(call, sheet=found, text=Text.of(text))
        return {"fault": str(refused)[:200]}
    run = actions.keep_run(call, sheet=found, checked=checked, trigger=trigger)
    return {"version": run.version, "rows": run.rows, "score": str(run.score), "ms": run.took_ms}


@jobs.every("quality.deadlines", cron="10 * * * *")
@jobs.job("quality.deadlines")
def deadlines(handle: Any = None) -> dict[str, int]:
    """整改期限提醒: overdue orders are told to the organ, later to the bureau."""
    return actions.remind_overdue(Call.system("quality"))


@jobs.every("quality.prune", cron="40 3 * * *")
@jobs.job("quality.prune")
def prune(handle: Any = None) -> dict[str, int]:
    """检查记录清理."""
    return actions.prune_runs(Call.system("quality"))
