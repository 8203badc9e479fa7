"""The writers of tasks around a case: opinions of other offices, site visits, appeals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.services import casework, documents, running
from quancheng.capabilities.services.models import Case, CaseTask
from quancheng.capabilities.services.work_models import DocumentKind, TaskState
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

WORDS = {
    "agree": Text("同意", "Agreed"), "object": Text("不同意", "Objected"),
    "passed": Text("现场核查通过", "Site visit passed"), "failed": Text("现场核查不通过", "Site visit failed"),
    "confirmed": Text("核验一致", "Confirmed"), "unconfirmed": Text("核验不一致", "Not confirmed"),
    "uphold": Text("复核：维持原决定", "Review: upheld"), "reopen": Text("复核：恢复办理", "Review: reopened"),
}  # fmt: skip


@action("services.task.answer")
def answer_task(call: Call, *, task: CaseTask, outcome: str, opinion: str = "") -> CaseTask:
    """完成协办任务: an opinion, the report of a visit, the result of a review; the process goes on.

    Raises Forbidden, InvalidInput (no reason for an objection), Conflict (done by somebody else).
    """
    access.require(call.actor, "answer", task)
    case = casework.take(task.case, None)
    task = _open(task)
    if outcome not in running.OUTCOMES.get(task.side, ()):
        wrong = Text("请选择结论。", "Choose an outcome.")
        raise InvalidInput(wrong, fields={"outcome": wrong})
    if outcome in {"object", "failed", "uphold", "reopen", "unconfirmed"}:
        opinion = casework.worded(
            opinion, "opinion", Text("请写明理由（500字以内）。", "Give the reason (500 characters at most).")
        )
    task.outcome, task.opinion = outcome, opinion.strip()[: casework.MAX_TEXT]
    task.officer_id, task.done_at, task.state = call.actor.user_id, call.at, TaskState.DONE.value
    task.save()
    if task.side == "appeal":
        case.decision = {**case.decision, "review": outcome, "review_reason": task.opinion}
    if task.token:
        running.finish_task(call, case, task.token, outcome, opinion=task.opinion)
    casework.save(case)
    word = Text(f"{task.title['zh']}：{WORDS[outcome].zh}", f"{task.title['en']}: {WORDS[outcome].en}")
    casework.remember(call, case, f"task.{outcome}", word, data={"reason": task.opinion, "task": task.pk})
    if task.side == "appeal":
        documents.draw(call, case, DocumentKind.REVIEW, reason=task.opinion)
    audit.note(receipt=case.receipt, task=task.element, outcome=outcome, opinion=task.opinion)
    _tell(task, case, "answered", outcome=outcome)
    return task


@action("services.task.visit")
def book_visit(call: Call, *, task: CaseTask, at: datetime, note: str = "") -> CaseTask:
    """预约现场核查: the office proposes a time; the applicant sees it and is told. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "answer", task)
    task = _open(task)
    if task.side != "visit" or not call.at < at < call.at + timedelta(days=60):
        wrong = Text("核查时间应在今后60天内。", "The visit must be within the next 60 days.")
        raise InvalidInput(wrong, fields={"at": wrong})
    task.data = {**task.data, "visit": at.isoformat(), "note": note.strip()[:200], "confirmed": False}
    task.officer_id = call.actor.user_id
    task.save()
    local = at.astimezone(clock.LOCAL)
    text = Text(f"预约现场核查：{local:%m月%d日 %H:%M}", f"Site visit proposed: {local:%Y-%m-%d %H:%M}")
    casework.remember(call, task.case, "visit", text, data={"reason": note.strip()[:200]})
    audit.note(receipt=task.case.receipt, visit=at.isoformat())
    _tell(task, task.case, "visit", at=at.isoformat())
    return task


@action("services.task.confirm_visit")
def confirm_visit(call: Call, *, task: CaseTask, accept: bool, wish: str = "") -> CaseTask:
    """申请人确认或改约 a proposed visit. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "correct", task.case)
    task = _open(task)
    if not task.data.get("visit"):
        raise Conflict(Text("还没有预约时间。", "No time has been proposed yet."))
    if not accept:
        wish = casework.worded(wish, "wish", Text("请写明方便的时间。", "Say when it suits you."))
    task.data = {**task.data, "confirmed": accept, "wish": wish.strip()[:200]}
    task.save()
    text = (
        Text("已确认核查时间", "Visit confirmed")
        if accept
        else Text("申请人请求改约", "Another time asked for")
    )
    casework.remember(call, task.case, "visit", text, data={"reason": wish.strip()[:200]})
    audit.note(receipt=task.case.receipt, accept=accept)
    _tell(task, task.case, "visit_answered", accept=accept)
    return task


@action("services.case.appeal")
def appeal_case(call: Call, *, case: Case, reason: str) -> Case:
    """申请复核: the applicant disagrees with a refusal; the head of the office looks at it again.

    Raises Forbidden, InvalidInput, Conflict (nothing to appeal, or too late).
    """
    access.require(call.actor, "correct", case)
    reason = casework.worded(
        reason,
        "reason",
        Text("请写明不服的理由（500字以内）。", "Say why you disagree (500 characters at most)."),
    )
    case = casework.take(case, None)
    running.send(call, case, "appeal", reason=reason)
    case.tasks.filter(side="appeal", state=TaskState.OPEN).update(data={"reason": reason})
    casework.save(case)
    casework.remember(
        call,
        case,
        "appealed",
        Text("申请人申请复核", "The applicant asked for a review"),
        data={"reason": reason},
    )
    audit.note(receipt=case.receipt, reason=reason)
    casework.tell(case, "appealed", reason=reason)
    return case


def appeal_days() -> int:
    """Days within which a refusal may be appealed to the office itself."""
    return rulebook.find("services.appeal_days", on=clock.today(), region=rulebook.city_region()).integer()


def _open(task: CaseTask) -> CaseTask:
    current: CaseTask = (
        CaseTask.objects.select_for_update(of=("self",))
        .select_related("case", "department", "officer")
        .get(pk=task.pk)
    )
    if current.state != TaskState.OPEN:
        who = current.officer.get_full_name() if current.officer else ""
        word = WORDS.get(current.outcome, current.state_text)
        raise Conflict(
            Text(
                f"{who or '他人'}已处理这项任务（{word.zh}），您的操作没有生效。",
                f"{who or 'Somebody'} has handled this task ({word.en}); your step was not carried out.",
            ),
            extra={"state": current.state, "outcome": current.outcome},
        )
    return current


def _tell(task: CaseTask, case: Case, what: str, **more: Any) -> None:
    events.emit(
        f"services.task.{what}",
        case.receipt,
        {
            "receipt": case.receipt, "task_id": task.pk, "side": task.side, "title": task.title,
            "department_id": task.department_id, "case_department_id": case.department_id,
            "person_id": case.applicant_id, "firm_id": case.firm_id, "submitted_by_id": case.submitted_by_id,
            "matter": case.version.spec.name.to_dict(), "simulated": case.simulated, **more,
        },
    )  # fmt: skip
