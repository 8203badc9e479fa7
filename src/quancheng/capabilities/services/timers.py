"""Firing the timers of processes: each in its own action, so one that fails holds up no other."""

from __future__ import annotations

import structlog

from quancheng.capabilities.services import casework, results, running
from quancheng.capabilities.services.flow import DONE, State
from quancheng.capabilities.services.models import Case, CaseTimer
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, QuanchengError

BATCH = 200
log = structlog.get_logger(__name__)


def fire_due(call: Call) -> int:
    """Fire what is due, oldest first; returns how many. A failing one is logged and tried again."""
    due = CaseTimer.objects.filter(open=True, due_at__lte=clock.now()).order_by("due_at", "id")
    fired = 0
    for timer in due.select_related("case")[:BATCH]:
        try:
            fire_timer(call.with_key(f"timer-{timer.pk}"), timer_id=timer.pk)
            fired += 1
        except QuanchengError as wrong:
            log.warning("timer failed", timer=timer.pk, receipt=timer.case.receipt, why=str(wrong))
    return fired


@action("services.timer.fire")
def fire_timer(call: Call, *, timer_id: int) -> Case:
    """到时: the process of a case goes on. Raises Forbidden, Conflict."""
    timer = CaseTimer.objects.select_related("case").get(pk=timer_id)
    access.require(call.actor, "fire", timer.case)
    case = casework.take(timer.case, None)
    closed = CaseTimer.objects.filter(pk=timer.pk, open=True).update(open=False)
    if not closed:
        return case
    before = State(case.state)
    try:
        running.fire(call, case, timer.timer)
    except Conflict:
        audit.note(receipt=case.receipt, timer=timer.element, stale=True)
        return case
    if before not in DONE and State(case.state) is State.WITHDRAWN:
        results.close_overdue(call, case, None)
    casework.save(case)
    audit.note(receipt=case.receipt, timer=timer.element)
    return case
