"""The writers of cases, the office's side: accept, approve, return, refuse, note.

Every step names the revision it was decided on; whoever comes second is told who was first.
"""

from __future__ import annotations

from quancheng.capabilities.services import casework, documents, running
from quancheng.capabilities.services.models import Case
from quancheng.capabilities.services.work_models import DocumentKind
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

APPEAL = Text(
    "如不服本决定，可自收到之日起六十日内申请行政复议，或六个月内提起行政诉讼。",
    "If you disagree, you may apply for administrative reconsideration within sixty days "
    "or go to court within six months of receipt.",
)
"""《行政复议法》第二十条, 《行政诉讼法》第四十六条: told with every refusal."""


@action("services.case.claim")
def claim_case(call: Call, *, case: Case, revision: int | None = None) -> Case:
    """受理: take the case over. Raises Forbidden, Conflict."""
    access.require(call.actor, "claim", case)
    case = casework.take(case, revision)
    running.advance(call, case, "claim")
    case.officer_id = call.actor.user_id
    casework.save(case)
    documents.draw(call, case, DocumentKind.ACCEPTANCE)
    casework.remember(call, case, "claimed", Text("受理", "Accepted"))
    audit.note(receipt=case.receipt)
    casework.tell(case, "accepted")
    return case


@action("services.case.approve")
def approve_case(call: Call, *, case: Case, revision: int | None = None, opinion: str = "") -> Case:
    """准予: issue the licence if there is one, tell the applicant, close the case.

    Raises Forbidden, Conflict (decided by somebody else, holds a licence already).
    """
    access.require(call.actor, "approve", case)
    return approve(call, casework.take(case, revision), opinion)


def approve(call: Call, case: Case, opinion: str, *, bulk: bool = False) -> Case:
    """What approving one locked case means; shared with deciding several at once."""
    case.officer_id = call.actor.user_id
    opinion = opinion.strip()[: casework.MAX_TEXT]
    case.decision = {"kind": "approved", "opinion": opinion} | ({"bulk": True} if bulk else {})
    running.advance(call, case, "approve")
    casework.save(case)
    spec, licence = case.version.spec, case.licence_number
    documents.draw(call, case, DocumentKind.APPROVAL)
    text = Text("准予办理", "Approved")
    casework.remember(call, case, "approved", text, data={"opinion": opinion, "licence": licence})
    audit.note(receipt=case.receipt, licence=licence, opinion=opinion, findings=_findings(case))
    result = Text(
        f"{spec.result.name.zh}已放入卡包。" if licence else f"办理结果：{spec.result.name.zh}。",
        f"{spec.result.name.en} is in your wallet." if licence else f"Result: {spec.result.name.en}.",
    )
    casework.tell(case, "approved", licence=licence, result=result.to_dict())
    return case


@action("services.case.return")
def return_case(call: Call, *, case: Case, reason: str, revision: int | None = None) -> Case:
    """退回补正: say what to correct; the clock stops. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "return", case)
    reason = casework.worded(
        reason,
        "reason",
        Text("请写明需要补正的内容(500字以内)。", "Say what is to be corrected (500 characters at most)."),
    )
    case = casework.take(case, revision)
    until = casework.suspend_clock(case, reason)
    running.advance(call, case, "return")
    case.officer_id = call.actor.user_id
    casework.save(case)
    documents.draw(call, case, DocumentKind.CORRECTION, reason=reason, correct_by=until.isoformat())
    casework.remember(
        call,
        case,
        "returned",
        Text("退回补正", "Returned for correction"),
        data={"correct_by": until.isoformat(), "reason": reason},
    )
    audit.note(receipt=case.receipt, reason=reason, correct_by=until.isoformat())
    casework.tell(case, "returned", reason=reason, correct_by=until.isoformat())
    return case


@action("services.case.refuse")
def refuse_case(call: Call, *, case: Case, ground: str, reason: str, revision: int | None = None) -> Case:
    """不予办理: on a ground of the matter's list, with the facts; the right to appeal is told.

    Raises Forbidden, InvalidInput (no such ground, no reason), Conflict.
    """
    access.require(call.actor, "refuse", case)
    reason = casework.worded(
        reason,
        "reason",
        Text("请写明不予办理的具体理由(500字以内)。", "Give the reason in words (500 characters at most)."),
    )
    case = casework.take(case, revision)
    cited = next((row for row in case.version.spec.grounds() if row.id == ground), None)
    if cited is None:
        wrong = Text("请从事项列出的情形中选择依据。", "Choose a ground from the matter's list.")
        raise InvalidInput(wrong, fields={"ground": wrong})
    case.officer_id = call.actor.user_id
    case.decision = {
        "kind": "refused", "ground": ground, "ground_text": cited.text.to_dict(),
        "basis": cited.basis.to_dict(), "reason": reason, "appeal": APPEAL.to_dict(),
    }  # fmt: skip
    running.advance(call, case, "refuse")
    casework.save(case)
    documents.draw(call, case, DocumentKind.REFUSAL)
    casework.remember(
        call, case, "refused",
        Text("不予办理", "Refused"),
        data={"ground": ground, "reason": reason},
    )  # fmt: skip
    audit.note(
        receipt=case.receipt, ground=ground, basis=cited.basis.zh, reason=reason, findings=_findings(case)
    )
    casework.tell(case, "refused", reason=reason, basis=cited.basis.to_dict(), appeal=APPEAL.to_dict())
    return case


@action("services.case.note")
def note_case(call: Call, *, case: Case, text: str) -> Case:
    """内部备注, not shown to the applicant. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "note", case)
    text = casework.worded(
        text, "text", Text("请填写备注(500字以内)。", "Write a note (500 characters at most).")
    )
    casework.remember(
        call, case, "noted", Text("内部备注", "Internal note"), public=False, data={"text": text}
    )
    audit.note(receipt=case.receipt)
    return case


def _findings(case: Case) -> dict[str, str]:
    """Outcome of the last round, by condition: evidence of what the decision was based on."""
    rows = list(case.findings.order_by("round", "id").values_list("round", "condition", "outcome"))
    last = rows[-1][0] if rows else 0
    return {condition: outcome for number, condition, outcome in rows if number == last}
