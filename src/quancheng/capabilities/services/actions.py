"""The writers of cases, the applicant's side. The office's side is ``deciding.py``, exported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.services import casework, checks
from quancheng.capabilities.services.checks import FileFact
from quancheng.capabilities.services.deciding import (
    approve_case,
    claim_case,
    note_case,
    refuse_case,
    return_case,
)
from quancheng.capabilities.services.facts import Applicant, applicant_of, facts_of, file_facts, prefilled
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.forms import data_of, form_class
from quancheng.capabilities.services.models import Case, CaseFile, Draft, Matter
from quancheng.capabilities.services.publishing import publish_matter
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = [
    "approve_case",
    "attach_file",
    "claim_case",
    "correct_case",
    "drop_draft",
    "note_case",
    "publish_matter",
    "rate_case",
    "refuse_case",
    "return_case",
    "save_draft",
    "submit_case",
    "withdraw_case",
]


@action("services.draft.save", idempotent=False)
def save_draft(call: Call, *, matter: Matter, form: Mapping[str, Any]) -> Draft:
    """保存草稿 of the asker for a matter; unknown keys are left out. Raises Forbidden."""
    access.require(call.actor, "apply", matter)
    spec = _spec(matter)
    allowed = {row.key: row for row in spec.field if not row.locked}
    kept = {key: value for key, value in form.items() if key in allowed and value not in (None, "")}
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
    spec = _spec(draft.matter) if draft is not None else target.version.spec
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


@action("services.case.submit")
def submit_case(
    call: Call, *, matter_code: str, form: Mapping[str, Any] | None = None, insist: bool = False
) -> Case:
    """提交办件 from the given form, or from the saved draft when none is given; files are the draft's.

    Raises NotSignedIn, Forbidden (no real name, not a firm), InvalidInput (fields, unmet
    conditions unless ``insist``), Conflict (already in progress, nothing to submit).
    """
    matter = Matter.objects.select_related("current").filter(code=matter_code, enabled=True).first()
    if matter is None:
        access.require(call.actor, "apply", Matter)
        raise InvalidInput(Text(f"没有事项 {matter_code}。", f"There is no matter {matter_code}."))
    access.require(call.actor, "apply", matter)
    spec = _spec(matter)
    applicant = applicant_of(call.actor, spec)
    draft = Draft.objects.filter(user_id=call.actor.user_id, matter=matter, firm_id=applicant.firm_id).first()
    files = list(CaseFile.objects.filter(draft=draft, current=True)) if draft else []
    if form is None and draft is None:
        raise _nothing_left(applicant, matter)
    values, provenance = _filled(spec, applicant, form if form is not None else draft.form, files)
    facts = facts_of(applicant, matter, spec, form=values, files=file_facts(files))
    found = checks.run_checks(spec, facts)
    casework.refuse_failures(spec, found, insist)
    case = Case(
        receipt=casework.next_receipt(applicant.region), matter=matter, version=matter.current,
        applicant_id=applicant.person_id, firm_id=applicant.firm_id, applicant_name=applicant.subject.name,
        submitted_by_id=call.actor.user_id, department=casework.deciding_department(spec, applicant.region),
        region_code=applicant.region or rulebook.city_region(), state=State.SUBMITTED, form=values,
        provenance=provenance, submitted_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    casework.start_clock(case, clock.today())
    case.save()
    casework.adopt_files(case, files)
    if draft is not None:
        draft.delete()
    casework.keep_findings(case, found, 1, call.at)
    casework.remember(
        call, case, "submitted", Text("提交申请", "Application submitted"), data={"insisted": insist}
    )
    audit.note(receipt=case.receipt, matter=spec.code, version=matter.current.number, insisted=insist)
    casework.tell(case, "submitted", due=case.due_on.isoformat())
    return case


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
    casework.move(case, "correct")
    spec = case.version.spec
    applicant = applicant_of(call.actor, spec)
    for material, fact in (files or {}).items():
        CaseFile.objects.filter(case=case, material=material).update(current=False)
        CaseFile.objects.create(
            case=case,
            material=material,
            digest=fact.digest,
            media_type=fact.media_type,
            size=fact.size,
            width=fact.width,
            height=fact.height,
            name=(names or {}).get(material, material)[-120:],
            added_at=call.at,
            added_by_id=call.actor.user_id,
        )
    current = list(CaseFile.objects.filter(case=case, current=True))
    case.form, case.provenance = _filled(spec, applicant, form, current)
    found = checks.run_checks(
        spec, facts_of(applicant, case.matter, spec, form=case.form, files=file_facts(current), besides=case)
    )
    casework.refuse_failures(spec, found, insist=True)
    rounds = case.findings.order_by("-round").values_list("round", flat=True).first() or 0
    casework.keep_findings(case, found, rounds + 1, call.at)
    casework.resume_clock(case)
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
    casework.move(case, "withdraw")
    casework.finish_clock(case, call)
    case.decision = {"kind": "withdrawn", "reason": reason.strip()[:500]}
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
    audit.note(receipt=case.receipt, score=score)
    casework.tell(case, "rated", score=score)
    return case


def _spec(matter: Matter) -> MatterSpec:
    if matter.current is None:
        raise Conflict(Text("该事项尚未发布。", "This matter is not published."))
    return matter.current.spec  # type: ignore[no-any-return]


def _firm(call: Call, spec: MatterSpec) -> int | None:
    return call.actor.firm_id if spec.applicant in {"firm", "either"} else None


def _nothing_left(applicant: Applicant, matter: Matter) -> Conflict:
    """No draft: most likely it was submitted a moment ago in another window."""
    mine = Case.objects.filter(matter=matter, applicant_id=applicant.person_id, firm_id=applicant.firm_id)
    last = mine.order_by("-submitted_at").first()
    if last is None:
        return Conflict(
            Text("没有可提交的内容，请先填写申请。", "There is nothing to submit; fill in the form first.")
        )
    return Conflict(
        Text(
            f"这份申请已经提交，受理编号{last.receipt}。",
            f"This application was submitted already under {last.receipt}.",
        ),
        todo=Text("请在“我的办件”查看进度。", "See its progress under “My cases”."),
        extra={"receipt": last.receipt},
    )


def _filled(
    spec: MatterSpec, applicant: Applicant, given: Mapping[str, Any], files: list[CaseFile]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checked values with locked fields from the registers, and where each value comes from."""
    have = frozenset(one.material for one in files if one.current)
    form = form_class(spec, have=have)(data=data_of(given))
    fields: dict[str, Text] = {}
    if not form.is_valid():
        fields = {key: Text.of(str(errors[0])) for key, errors in form.errors.items() if key != "__all__"}
    known = prefilled(applicant, spec)
    for row in spec.field:
        if row.locked and row.required and row.key not in known:
            fields[row.key] = Text(
                f"登记库中没有{row.label.zh},请先到“我的”补全。",
                f"The register has no {row.label.en.lower()}; complete it under “My account”.",
            )
    if fields:
        raise InvalidInput(fields=fields)
    values = form.values()
    values |= {row.key: known[row.key]["value"] for row in spec.field if row.locked and row.key in known}
    provenance = {
        key: {
            "source": fact["source"],
            "as_of": fact["as_of"],
            "simulated": fact["simulated"],
            "changed": values.get(key) != fact["value"],
        }
        for key, fact in known.items()
    }
    return values, provenance
