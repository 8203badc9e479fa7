"""好差评与投诉: a bad rating or a complaint opens a task for the head; the answer goes back to the person."""

from __future__ import annotations

from quancheng.capabilities.services import casework, timing
from quancheng.capabilities.services.models import Case, Complaint
from quancheng.capabilities.services.work_models import TaskState
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Conflict

BAD = 2
"""Ratings up to this one are 差评 (国办发〔2019〕51号: 不满意, 非常不满意) and must be followed up."""


@action("services.case.complain")
def complain_case(call: Call, *, case: Case, text: str) -> Complaint:
    """投诉 about how a case is handled. Raises Forbidden, InvalidInput, Conflict (one is open already)."""
    access.require(call.actor, "rate", case)
    text = casework.worded(
        text, "text", Text("请写明投诉内容（500字以内）。", "Say what is wrong (500 characters at most).")
    )
    if case.complaints.filter(kind="complaint", state=TaskState.OPEN).exists():
        raise Conflict(Text("您的上一次投诉正在处理。", "Your last complaint is being handled."))
    made = open_complaint(call, case, "complaint", text)
    audit.note(receipt=case.receipt)
    return made


def open_complaint(call: Call, case: Case, kind: str, text: str) -> Complaint:
    """A row with its due day; called inside actions."""
    days = rulebook.find("services.complaint_days", on=clock.today(), region=rulebook.city_region()).integer()
    made: Complaint = Complaint.objects.create(
        case=case, kind=kind, text=text, made_at=call.at, made_by_id=call.actor.user_id,
        due_on=timing.add_working_days(clock.today(), days, working_calendar()),
    )  # fmt: skip
    word = (
        Text("提出投诉", "Complaint made")
        if kind == "complaint"
        else Text("差评整改", "Bad rating to follow up")
    )
    casework.remember(call, case, "complained", word, data={"reason": text})
    _tell(made, case, "made")
    return made


@action("services.complaint.answer")
def answer_complaint(call: Call, *, complaint: Complaint, answer: str) -> Complaint:
    """答复投诉. Raises Forbidden, InvalidInput, Conflict (answered already)."""
    access.require(call.actor, "answer", complaint)
    answer = casework.worded(
        answer, "answer", Text("请写明答复（500字以内）。", "Write the answer (500 characters at most).")
    )
    current: Complaint = (
        Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=complaint.pk)
    )
    if current.state != TaskState.OPEN:
        raise Conflict(Text("这件投诉已经答复。", "This complaint was answered already."))
    current.answer, current.answered_at, current.answered_by_id = answer, call.at, call.actor.user_id
    current.state = TaskState.DONE.value
    current.save()
    casework.remember(
        call, current.case, "answered", Text("已答复投诉", "Complaint answered"), data={"reason": answer}
    )
    audit.note(receipt=current.case.receipt, complaint=current.pk)
    _tell(current, current.case, "answered", answer=answer)
    return current


@action("services.complaint.judge")
def judge_answer(call: Call, *, complaint: Complaint, satisfied: bool) -> Complaint:
    """对答复评价: not satisfied opens it once more, one level up. Raises Forbidden, Conflict."""
    access.require(call.actor, "rate", complaint.case)
    current: Complaint = (
        Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=complaint.pk)
    )
    if current.state != TaskState.DONE or current.satisfied is not None:
        raise Conflict(Text("还不能评价，或已经评价。", "It cannot be judged now."))
    current.satisfied = satisfied
    current.save()
    audit.note(receipt=current.case.receipt, satisfied=satisfied)
    again = current.case.complaints.filter(kind="again").exists()
    if not satisfied and not again:
        open_complaint(call, current.case, "again", current.text)
    return current


def _tell(complaint: Complaint, case: Case, what: str, **more: str) -> None:
    events.emit(
        f"services.complaint.{what}",
        case.receipt,
        {
            "receipt": case.receipt, "complaint_id": complaint.pk, "kind": complaint.kind,
            "due": complaint.due_on.isoformat(), "department_id": case.department_id,
            "person_id": case.applicant_id, "firm_id": case.firm_id, "submitted_by_id": case.submitted_by_id,
            "matter": case.version.spec.name.to_dict(), "simulated": case.simulated, **more,
        },
    )  # fmt: skip
