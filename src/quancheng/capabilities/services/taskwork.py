"""Effects of a case's process as rows: tasks of other offices, timers, the clock, decision tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import tables
from quancheng.capabilities.services.checking import Subject
from quancheng.capabilities.services.flow import DONE, State
from quancheng.capabilities.services.ladder import Verification
from quancheng.capabilities.services.models import Case, CaseTask, CaseTimer
from quancheng.capabilities.services.work_models import TaskState
from quancheng.core import feel
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


def open_verification(call: Call, case: Case, asked: Verification) -> CaseTask:
    """部门核验: the office that holds the fact confirms it, instead of the applicant bringing a paper.

    It belongs to no step of the process: the deciding official sees the answer beside the case.
    """
    task: CaseTask = CaseTask.objects.create(
        case=case, token="", element=f"verify:{asked.material}"[:80], side="verify",
        title=asked.question.to_dict(), department=people.department(asked.department), opened_at=call.at,
        due_on=_due(asked.days),
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
    """The legal clock stops when the case is decided, stands still while the applicant corrects, and
    begins anew when a review reopens the case."""
    from quancheng.capabilities.services import casework, timing

    done, was_done = State(case.state) in DONE, State(before) in DONE
    if done and not was_done:
        CaseTask.objects.filter(case=case, side="verify", state=TaskState.OPEN).update(
            state=TaskState.CANCELLED
        )
    if done and not was_done and case.clock and not case.clock.get("finished"):
        casework.finish_clock(case, call)
    elif was_done and not done:
        case.decided_at = None
        casework.start_clock(case, clock.today())
    elif case.clock:
        stands = timing.from_dict(case.clock).suspended
        if case.state == State.CORRECTION and not stands:
            casework.suspend_clock(case, "等候申请人补正")
        elif before == State.CORRECTION and case.state != before and stands:
            casework.resume_clock(case)


# -- decision tables --------------------------------------------------------------------------------
def decide(case: Case, element: Any) -> dict[str, Any]:
    """Evaluate ``qc:decision`` of the matter's tables; the result becomes ``qc:result``.

    Raises InvalidInput saying why when the tables give nothing: the process does not guess.
    """
    text, name = case.version.spec.dmn, element.extra.get("decision", "")
    city, today = rulebook.city_region(), clock.today()
    given = tables.inputs(
        text, form=case.form, applicant=_applicant(case), today=today,
        parameter=lambda one: rulebook.find(one, on=today, region=city),
    )  # fmt: skip
    outcome = tables.evaluate(text, name, given)
    if outcome.value is None:
        why = "；".join(outcome.warnings[:3]) or "没有规则相符"
        raise InvalidInput(
            Text(f"决策“{name}”没有得出结果：{why}。", f"The decision “{name}” gave no result: {why}.")
        )
    try:
        value = feel.to_json(outcome.value)
    except feel.FeelLimitError as wrong:
        raise InvalidInput(
            Text(
                f"决策“{name}”的结果不能保存：{wrong.text.zh}。",
                f"The result of “{name}” cannot be kept: {wrong.text.en}.",
            )
        ) from wrong
    return {element.extra.get("result") or "decision": value}


def _applicant(case: Case) -> dict[str, Any]:
    if case.applicant is None:
        return {"kind": "firm", "region": case.region_code, "district": case.region_code[:6]}
    person = case.applicant
    subject = Subject(name=person.name, resident_id=person.id_number, residence=person.region_code)
    return tables.applicant_values(subject, clock.today())
