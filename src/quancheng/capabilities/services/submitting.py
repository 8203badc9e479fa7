"""The writers that make a case: applying oneself, and receiving for somebody at a counter.

What can be read and checked beforehand is done before the transaction (``prepare``); inside it the
few things that must still be true are asked again: the right, the draft, no second case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from quancheng.capabilities.services import (
    casework,
    checks,
    ladder,
    resolving,
    running,
    taskwork,
)
from quancheng.capabilities.services.checks import Facts, FileFact
from quancheng.capabilities.services.facts import (
    Applicant,
    applicant_of,
    facts_of,
    file_facts,
    open_receipts,
)
from quancheng.capabilities.services.filling import filled
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.models import Case, CaseFile, Draft, Matter
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["Submission", "receive_case", "spec_of", "submit_case"]


@dataclass(frozen=True, slots=True)
class Submission:
    """An application read and checked, before anything is written (待提交的申请)."""

    matter: Matter
    spec: MatterSpec
    applicant: Applicant
    draft: Draft | None
    files: tuple[CaseFile, ...]
    values: Mapping[str, Any]
    provenance: Mapping[str, Any]
    facts: Facts
    found: tuple[checks.Finding, ...]
    department: Any
    verifications: tuple[ladder.Verification, ...]


def _prepare_submission(
    call: Call,
    *,
    matter_code: str,
    form: Mapping[str, Any] | None = None,
    insist: bool = False,
    files: Mapping[str, FileFact] | None = None,
    **_: Any,
) -> Submission:
    matter = _matter(call.actor, "apply", matter_code)
    spec = spec_of(matter)
    applicant = applicant_of(call.actor, spec)
    draft = _draft(call.actor, matter, applicant)
    kept = tuple(CaseFile.objects.filter(draft=draft, current=True)) if draft else ()
    if form is None and draft is None:
        raise _nothing_left(applicant, matter)
    given = form if form is not None else draft.form  # type: ignore[union-attr]
    return _checked(matter, spec, applicant, draft, kept, given, files or {}, insist)


def _prepare_reception(
    call: Call,
    *,
    matter_code: str,
    form: Mapping[str, Any],
    person_id: int,
    firm_id: int | None = None,
    insist: bool = False,
    files: Mapping[str, FileFact] | None = None,
    **_: Any,
) -> Submission:
    matter = _matter(call.actor, "receive", matter_code)
    spec = spec_of(matter)
    somebody = replace(call.actor, person_id=person_id, firm_id=firm_id)
    return _checked(matter, spec, applicant_of(somebody, spec), None, (), form, files or {}, insist)


@action("services.case.submit", prepare=_prepare_submission)
def submit_case(
    call: Call,
    *,
    matter_code: str,
    form: Mapping[str, Any] | None = None,
    insist: bool = False,
    files: Mapping[str, FileFact] | None = None,
    names: Mapping[str, str] | None = None,
    channel: str = "online",
    prepared: Submission | None = None,
) -> Case:
    """提交办件 from the given form, or from the saved draft when none is given.

    Files are the draft's and ``files`` (material → fact of a stored upload). Raises NotSignedIn,
    Forbidden (no real name, not a firm), InvalidInput (fields, unmet conditions unless ``insist``),
    Conflict (already in progress, nothing to submit).
    """
    assert prepared is not None
    access.require(call.actor, "apply", prepared.matter)
    return _make(call, prepared, insist, channel, files or {}, names or {})


@action("services.case.receive", prepare=_prepare_reception)
def receive_case(
    call: Call,
    *,
    matter_code: str,
    form: Mapping[str, Any],
    person_id: int,
    firm_id: int | None = None,
    insist: bool = False,
    files: Mapping[str, FileFact] | None = None,
    names: Mapping[str, str] | None = None,
    channel: str = "counter",
    prepared: Submission | None = None,
) -> Case:
    """窗口收件: an official applies for somebody who stands at the counter, of whatever district.

    The deciding office follows from the applicant, not from the counter. Raises as ``submit_case``.
    """
    assert prepared is not None
    access.require(call.actor, "receive", prepared.matter)
    return _make(call, prepared, insist, channel, files or {}, names or {})


def spec_of(matter: Matter) -> MatterSpec:
    """The current definition; Conflict when none is published."""
    if matter.current is None:
        raise Conflict(Text("该事项尚未发布。", "This matter is not published."))
    return matter.current.spec  # type: ignore[no-any-return]


def _matter(actor: Actor, verb: str, code: str) -> Matter:
    """The matter, if the asker may ``verb`` it: one question when all is well, the reason otherwise."""
    found = access.opened(actor, Matter, verb).select_related("current")
    matter: Matter | None = found.defer("current__content").filter(code=code).first()
    if matter is not None:
        return matter
    matter = Matter.objects.select_related("current").filter(code=code, enabled=True).first()
    access.require(actor, verb, matter or Matter)
    if matter is None:
        raise InvalidInput(Text(f"没有事项 {code}。", f"There is no matter {code}."))
    return matter


def _draft(actor: Actor, matter: Matter, applicant: Applicant) -> Draft | None:
    found = Draft.objects.raw(
        "SELECT * FROM services_draft WHERE user_id = %s AND matter_id = %s AND COALESCE(firm_id, 0) = %s LIMIT 1",
        [actor.user_id, matter.pk, applicant.firm_id or 0],
    )
    return next(iter(found), None)


def _checked(
    matter: Matter, spec: MatterSpec, applicant: Applicant, draft: Draft | None, kept: tuple[CaseFile, ...],
    given: Mapping[str, Any], files: Mapping[str, FileFact], insist: bool,
) -> Submission:  # fmt: skip
    handed = [_unsaved(material, fact) for material, fact in files.items()]
    everything = [*(one for one in kept if one.material not in files), *handed]
    values, provenance = filled(spec, applicant, given, everything)
    facts = facts_of(applicant, matter, spec, form=values, files=file_facts(everything))
    resolved = resolving.resolutions_of(applicant, spec, held=facts.licences)
    provenance = provenance | {"materials": ladder.stored(resolved)}
    found = tuple(checks.run_checks(spec, facts))
    casework.refuse_failures(spec, list(found), insist)
    office = casework.deciding_department(spec, applicant.region)
    asked = ladder.verifications_needed(spec, resolved)
    return Submission(matter, spec, applicant, draft, kept, values, provenance, facts, found, office, asked)


def _make(
    call: Call, ready: Submission, insist: bool, channel: str,
    files: Mapping[str, FileFact], names: Mapping[str, str],
) -> Case:  # fmt: skip
    spec, applicant, matter = ready.spec, ready.applicant, ready.matter
    found = _still_alone(ready, insist)
    case = Case(
        receipt=casework.next_receipt(applicant.region), matter=matter, version=matter.current,
        applicant_id=applicant.person_id, firm_id=applicant.firm_id, applicant_name=applicant.subject.name,
        submitted_by_id=call.actor.user_id, department=ready.department,
        region_code=applicant.region or rulebook.city_region(), state=State.SUBMITTED, channel=channel,
        form=dict(ready.values), provenance=dict(ready.provenance), submitted_at=call.at,
        simulated=call.actor.simulated,
    )  # fmt: skip
    casework.start_clock(case, clock.today())
    running.begin(call, case)
    _take_draft(case, ready)
    for material, fact in files.items():
        casework.keep_file(call, case, material, fact, names.get(material, material))
    for asked in ready.verifications:
        taskwork.open_verification(call, case, asked)
    casework.keep_findings(case, list(found), 1, call.at)
    casework.remember(
        call, case, "submitted", Text("提交申请", "Application submitted"),
        data={"insisted": insist} | ({"channel": channel} if channel != "online" else {}),
    )  # fmt: skip
    audit.note(
        receipt=case.receipt,
        matter=spec.code,
        version=matter.current.number,
        insisted=insist,
        channel=channel,
    )
    casework.tell(case, "submitted", due=case.due_on.isoformat(), channel=channel)
    return case


def _still_alone(ready: Submission, insist: bool) -> tuple[checks.Finding, ...]:
    """The findings, judged again when another case came up since they were prepared. Raises Conflict."""
    now = open_receipts(ready.matter, ready.applicant)
    if now == ready.facts.open_receipts:
        return ready.found
    found = tuple(checks.run_checks(ready.spec, replace(ready.facts, open_receipts=now)))
    casework.refuse_failures(ready.spec, list(found), insist)
    return found


def _take_draft(case: Case, ready: Submission) -> None:
    """The draft becomes the case; one that is gone was submitted in another window meanwhile."""
    if ready.draft is None:
        return
    still = Draft.objects.select_for_update().filter(pk=ready.draft.pk).first()
    if still is None:
        raise _nothing_left(ready.applicant, ready.matter)
    casework.adopt_files(case, list(ready.files))
    still.delete()


def _unsaved(material: str, fact: FileFact) -> CaseFile:
    return CaseFile(
        material=material, digest=fact.digest, media_type=fact.media_type, size=fact.size,
        width=fact.width, height=fact.height, current=True,
    )  # fmt: skip


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
