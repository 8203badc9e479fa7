"""Effects of a case's process as rows: tasks of other offices, timers, the clock, decision tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.flow import DONE, State
from quancheng.capabilities.services.models import Case, CaseTask, CaseTimer
from quancheng.capabilities.services.work_models import TaskState
from quancheng.core.feel import dmn
from quancheng.core.text import Text
from quancheng.kernel import clock, events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import InvalidInput

DEFAULT_DAYS = "services.review_days"
NATURAL_DAYS = "日"
"""Unit of parameters that count every day, not working days (工作日)."""


# -- tasks of other offices -------------------------------------------------------------------------
def open_task(call: Call, case: Case, element: Any, effect: Any) -> CaseTask:
    """A row for a task that waits at another office, at the visitor or at the head."""
    department = _department(case, element.extra, effect.item)
    task: CaseTask = CaseTask.objects.create(
        case=case, token=effect.task, element=effect.element, side=element.extra["side"],
        title=_title(element), department=department, opened_at=call.at,
        due_on=_due(element.extra.get("days") or DEFAULT_DAYS),
    )  # fmt: skip
    events.emit(
        "services.task.opened",
        case.receipt,
        {
            "receipt": case.receipt, "task_id": task.pk, "side": task.side, "title": task.title,
            "department_id": department.pk, "due": task.due_on.isoformat(), "simulated": case.simulated,
        },
    )  # fmt: skip
    return task


def cancel_task(case: Case, token: str) -> None:
    """The process needs it no more."""
    CaseTask.objects.filter(case=case, token=token, state=TaskState.OPEN).update(state=TaskState.CANCELLED)


def _department(case: Case, extra: Any, item: Any) -> Any:
    """``qc:department``, or the item of a multi-instance, or the deciding office itself."""
    code = extra.get("department") or (item if isinstance(item, str) and item.startswith("jn-") else "")
    if not code:
        return case.department
    if extra.get("level") == "district":
        return people.department_for(case.region_code, code)
    return people.department(code)


def _title(element: Any) -> dict[str, str]:
    name = element.name or element.id
    return {"zh": name, "en": element.extra.get("en") or name}


def _due(rule: str) -> date:
    from quancheng.capabilities.services import timing

    found = rulebook.find(rule, on=clock.today(), region=rulebook.city_region())
    if found.rule.unit == NATURAL_DAYS:
        return clock.today() + timedelta(found.integer())
    return timing.add_working_days(clock.today(), found.integer(), working_calendar())


# -- timers -----------------------------------------------------------------------------------------
def set_timer(call: Call, case: Case, effect: Any) -> None:
    """A moment to come back at: an instant, or the end of a working day counted from today."""
    due = effect.due
    if due is None:
        day = _due(effect.working_days)
        due = datetime.combine(day + timedelta(1), time(0), clock.LOCAL)
    CaseTimer.objects.create(case=case, timer=effect.timer, element=effect.element, due_at=due)


def cancel_timer(case: Case, timer: str) -> None:
    """It is not waited for any more."""
    CaseTimer.objects.filter(case=case, timer=timer, open=True).update(open=False)


# -- clock ------------------------------------------------------------------------------------------
def follow_clock(call: Call, case: Case, before: str) -> None:
    """The legal clock stops when the case is decided and begins anew when a review reopens it."""
    from quancheng.capabilities.services import casework

    done, was_done = State(case.state) in DONE, State(before) in DONE
    if done and not was_done and case.clock and not case.clock.get("finished"):
        casework.finish_clock(case, call)
    elif was_done and not done:
        case.decided_at = None
        casework.start_clock(case, clock.today())


# -- decision tables --------------------------------------------------------------------------------
@lru_cache(maxsize=128)
def tables_of(text: str) -> dmn.Model:
    """The decision model of a version's text."""
    return dmn.read(text.encode())


def decide(case: Case, element: Any) -> dict[str, Any]:
    """Evaluate ``qc:decision`` of the matter's tables; the result becomes ``qc:result``."""
    from quancheng.core import feel

    name, result = element.extra.get("decision", ""), element.extra.get("result", "")
    outcome = tables_of(case.version.spec.dmn).evaluate(name, inputs_of(case.form, case))
    if outcome.value is None:
        raise InvalidInput(
            Text(
                f"决策“{name}”没有得出结果：{'；'.join(outcome.warnings) or '没有规则相符'}。",
                f"The decision “{name}” gave no result: {'; '.join(outcome.warnings) or 'no rule matched'}.",
            )
        )
    return {result or "decision": feel.to_json(outcome.value)}


def inputs_of(form: Any, case: Case | None = None, **more: Any) -> dict[str, Any]:
    """What decision tables may look at: ``form``, ``applicant``, ``today``, ``parameters``."""
    from quancheng.core import feel

    applicant = {"kind": "firm" if case.firm_id else "person", "region": case.region_code} if case else {}
    given = {"form": dict(form), "applicant": applicant, "today": clock.today().isoformat(), **more}
    found: dict[str, Any] = feel.from_json(given)
    found["today"] = feel.parse(f'date("{clock.today().isoformat()}")').evaluate({})
    return found
