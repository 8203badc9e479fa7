"""The writers of cases, the applicant's side. The office's side is ``deciding.py``, exported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.services import casework, checks, results, running
from quancheng.capabilities.services.checks import FileFact
from quancheng.capabilities.services.complaining import (
    BAD,
    answer_complaint,
    complain_case,
    judge_answer,
    open_complaint,
)
from quancheng.capabilities.services.deciding import (
    approve_case,
    claim_case,
    note_case,
    refuse_case,
    return_case,
)
from quancheng.capabilities.services.facts import applicant_of, facts_of, file_facts
from quancheng.capabilities.services.filling import draft_values, filled
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.handing import (
    approve_many,
    extend_case,
    pause_case,
    resume_case,
    set_absence,
    transfer_case,
)
from quancheng.capabilities.services.migrating import migrate_case
from quancheng.capabilities.services.models import Case, CaseFile, Draft, Matter
from quancheng.capabilities.services.publishing import publish_matter
from quancheng.capabilities.services.reviewing import answer_task, appeal_case, book_visit, confirm_visit
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.capabilities.services.submitting import receive_case, spec_of, submit_case
from quancheng.core.text import Text
from quancheng.kernel import access, audit, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = [
    "answer_complaint", "answer_task", "appeal_case", "approve_case", "approve_many", "attach_file",
    "book_visit", "claim_case", "complain_case", "confirm_visit", "correct_case", "drop_draft", "extend_case",
    "judge_answer", "migrate_case", "note_case", "pause_case", "publish_matter", "rate_case", "receive_case", "refuse_case",
    "results", "resume_case", "return_case", "save_draft", "set_absence", "submit_case", "transfer_case",
    "withdraw_case",
]  # fmt: skip


@action("services.draft.save", idempotent=False)
def save_draft(call: Call, *, matter: Matter, form: Mapping[str, Any]) -> Draft:
    """保存草稿 of the asker for a matter; unknown keys are left out. Raises Forbidden."""
    access.require(call.actor, "apply", matter)
    spec = spec_of(matter)
    kept = draft_values(spec, form)
    draft, _made = Draft.objects.get_or_create(
        user_id=call.actor.user_id,
        matter=matter,
        firm_id=_firm(call, spec),
        defaults={"form": kept, "updated_at": call.at},
    )
    draft.form, draft.updated_at = kept, call.at
    draft.save(update_fields=["form", "updated_at"])
    audit.note(matter=matter.code, fields=sorted(kept))
    return draft  # type: ignore[no-any-return]


@action("services.draft.drop", idempotent=False)
def drop_draft(call: Call, *, draft: Draft) -> int:
    """删除草稿 with its uploads. Raises Forbidden."""
    access.require(call.actor, "drop", draft)
    audit.note(matter=draft.matter.code)
    CaseFile.objects.filter(draft=draft, case=None).delete()
    draft.delete()
    return 1


@action("services.file.attach", idempotent=False)
def attach_file(
    call: Call,
    *,
    material: str,
    fact: FileFact,
    name: str,
    draft: Draft | None = None,
    case: Case | None = None,
) -> CaseFile:
    """上传材料 to one's draft, or to one's case while it waits for correction.

    The file itself was stored by ``files.keep``. Raises Forbidden, InvalidInput, Conflict.
    """
    target: Any = draft if draft is not None else case
    if target is None:
        raise InvalidInput(Text("没有指明草稿或办件。", "Neither a draft nor a case was named."))
    access.require(call.actor, "save" if draft is not None else "correct", target)
    spec = spec_of(draft.matter) if draft is not None else target.version.spec
    if material not in {row.key for row in spec.uploads}:
        raise InvalidInput(
            Text(f"这个事项不需要材料 {material}。", f"This matter asks for no material {material}.")
        )
    if case is not None and case.state != State.CORRECTION:
        raise Conflict(
            Text(
                "只有待补正的办件可以更换材料。", "Files can be replaced only while a correction is awaited."
            )
        )
    CaseFile.objects.filter(draft=draft, case=case, material=material).update(current=False)
    kept: CaseFile = CaseFile.objects.create(
        draft=draft,
        case=case,
        material=material,
        digest=fact.digest,
        media_type=fact.media_type,
        size=fact.size,
        width=fact.width,
        height=fact.height,
        name=name[-120:],
        added_at=call.at,
        added_by_id=call.actor.user_id,
    )
    audit.note(material=material, sha256=fact.digest, size=fact.size)
    return kept


@action("services.case.correct")
def correct_case(
    call: Call,
    *,
    case: Case,
    form: Mapping[str, Any],
    files: Mapping[str, FileFact] | None = None,
    names: Mapping[str, str] | None = None,
) -> Case:
    """补正: new answers and files; the checks run again and the clock goes on.

    Raises Forbidden, InvalidInput, Conflict (no correction awaited).
    """
    access.require(call.actor, "correct", case)
    case = casework.take(case, None)
    running.check(call, case, "correct")
    spec = case.version.spec
    applicant = applicant_of(call.actor, spec)
    for material, fact in (files or {}).items():
        casework.keep_file(call, case, material, fact, (names or {}).get(material, material))
    current = list(CaseFile.objects.filter(case=case, current=True))
    case.form, case.provenance = filled(spec, applicant, form, current)
    found = checks.run_checks(
        spec, facts_of(applicant, case.matter, spec, form=case.form, files=file_facts(current), besides=case)
    )
    casework.refuse_failures(spec, found, insist=True)
    rounds = case.findings.order_by("-round").values_list("round", flat=True).first() or 0
    casework.keep_findings(case, found, rounds + 1, call.at)
    casework.resume_clock(case)
    running.advance(call, case, "correct")
    casework.save(case)
    casework.remember(call, case, "corrected", Text("补正并重新提交", "Corrected and sent again"))
    audit.note(receipt=case.receipt, round=rounds + 1)
    casework.tell(case, "corrected")
    return case


@action("services.case.withdraw")
def withdraw_case(call: Call, *, case: Case, reason: str = "") -> Case:
    """撤回 before a decision. Raises Forbidden, Conflict."""
    access.require(call.actor, "withdraw", case)
    case = casework.take(case, None)
    case.decision = {"kind": "withdrawn", "reason": reason.strip()[:500]}
    running.advance(call, case, "withdraw")
    casework.save(case)
    casework.remember(call, case, "withdrawn", Text("申请人撤回", "Withdrawn by the applicant"))
    audit.note(receipt=case.receipt)
    casework.tell(case, "withdrawn", reason=reason.strip()[:500])
    return case


@action("services.case.rate")
def rate_case(call: Call, *, case: Case, score: int, text: str = "") -> Case:
    """好差评: once, within the days of the parameter. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "rate", case)
    case = casework.take(case, None)
    if not 1 <= score <= 5:
        wrong = Text("评价应为1到5分。", "A rating is 1 to 5.")
        raise InvalidInput(wrong, fields={"score": wrong})
    days = rulebook.find("services.rating_days").integer()
    late = case.decided_at is None or (call.at - case.decided_at).days > days
    if late or case.rating is not None or case.state == State.WITHDRAWN:
        raise Conflict(
            Text(f"办结后{days}日内可以评价一次。", f"One rating within {days} days of the decision.")
        )
    case.rating, case.rating_text = score, text.strip()[:300]
    casework.save(case)
    if score <= BAD:
        open_complaint(call, case, "rating", case.rating_text or "未写明原因")
    audit.note(receipt=case.receipt, score=score)
    casework.tell(case, "rated", score=score)
    return case


def _firm(call: Call, spec: MatterSpec) -> int | None:
    return call.actor.firm_id if spec.applicant in {"firm", "either"} else None
