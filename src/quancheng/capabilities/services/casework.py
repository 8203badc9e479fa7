"""Shared steps of the case actions: locking, history, clock, checks, events. Called inside actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import checks, timing
from quancheng.capabilities.services.flow import IllegalStep, State, next_state
from quancheng.capabilities.services.models import (
    NO_DUE,
    Case,
    CaseEvent,
    CaseFile,
    Finding,
    ReceiptSerial,
)
from quancheng.capabilities.services.receipt import make_receipt
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import clock, events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.db.serials import next_number
from quancheng.kernel.errors import Conflict, InvalidInput

MAX_TEXT = 500


# -- locking and moving -----------------------------------------------------------------------
def take(case: Case, revision: int | None) -> Case:
    """Lock the case for one change; Conflict tells who changed it since ``revision`` was read."""
    current: Case = (
        Case.objects.select_for_update(of=("self",)).select_related("version", "matter").get(pk=case.pk)
    )
    if revision is not None and current.revision != revision:
        raise changed_meanwhile(current)
    return current


def changed_meanwhile(case: Case) -> Conflict:
    """Who did what last, for somebody who looked at an older state."""
    last = CaseEvent.objects.filter(case=case).order_by("-at", "-id").first()
    who = last.actor_name if last else ""
    what = Text.of(last.text) if last and last.text else case.state_text
    when = timezone.localtime(last.at, clock.LOCAL).strftime("%m-%d %H:%M") if last else ""
    return Conflict(
        Text(
            f"{who}已于{when}处理了这个办件({what.zh}),现在是“{case.state_text.zh}”。您的操作没有生效。",
            f"{who} handled this case at {when} ({what.en}); it is now “{case.state_text.en}”. "
            "Your step was not carried out.",
        ),
        extra={"state": case.state, "revision": case.revision, "by": who},
    )


def move(case: Case, verb: str) -> State:
    """Set the state after a step; Conflict when the step is not possible now."""
    try:
        target = next_state(case.state, verb)
    except IllegalStep as wrong:
        raise Conflict(wrong.text, extra={"state": case.state, "verb": verb}) from wrong
    case.state = target.value
    return target


def save(case: Case) -> Case:
    """Write the case as its next revision."""
    case.revision += 1
    case.save()
    return case


def remember(
    call: Call,
    case: Case,
    kind: str,
    text: Text,
    *,
    public: bool = True,
    data: Mapping[str, Any] | None = None,
) -> CaseEvent:
    """Append to the history."""
    event: CaseEvent = CaseEvent.objects.create(
        case=case,
        at=call.at,
        kind=kind,
        actor_name=str(call.actor)[:120],
        user_id=call.actor.user_id,
        text=text.to_dict(),
        public=public,
        data=dict(data or {}),
    )
    return event


def tell(case: Case, what: str, **data: Any) -> None:
    """Emit ``services.case.<what>`` with what every listener needs."""
    spec = case.version.spec
    events.emit(
        f"services.case.{what}",
        case.receipt,
        {
            "receipt": case.receipt, "matter": spec.name.to_dict(), "matter_code": spec.code,
            "person_id": case.applicant_id, "firm_id": case.firm_id, "submitted_by_id": case.submitted_by_id,
            "department_id": case.department_id, "region": case.region_code, "officer_id": case.officer_id,
            "state": case.state, "simulated": case.simulated, **data,
        },
    )  # fmt: skip


# -- clock ------------------------------------------------------------------------------------
def days_of(spec: MatterSpec, on: date) -> tuple[int, int]:
    """Legal and promised working days; promised is the legal limit when nothing is promised."""
    city = rulebook.city_region()
    legal = rulebook.find(spec.period.legal, on=on, region=city).integer()
    promised = (
        rulebook.find(spec.period.promised, on=on, region=city).integer() if spec.period.promised else legal
    )
    return legal, min(promised, legal)


def start_clock(case: Case, on: date) -> None:
    """Begin counting; what is promised is the limit, the legal one is kept beside it."""
    from quancheng.core.calendar import LegalClock

    legal, promised = days_of(case.version.spec, on)
    keep_clock(case, LegalClock(on, promised), legal=legal, promised=promised)


def keep_clock(case: Case, value: Any, **more: Any) -> None:
    """Write the clock and the due day the inbox sorts by."""
    due, provisional = timing.due_of(value, working_calendar())
    kept = {key: case.clock[key] for key in ("legal", "promised") if key in case.clock}
    case.clock = timing.to_dict(value) | kept | more | {"provisional": provisional}
    case.due_on = due if due is not None and value.finished is None else NO_DUE


def suspend_clock(case: Case, reason: str) -> date:
    """Stop counting; returns the day by which the applicant should correct."""
    today, calendar = clock.today(), working_calendar()
    keep_clock(case, timing.suspend(timing.from_dict(case.clock), today, reason, calendar))
    days = rulebook.find("services.correction_days", on=today, region=rulebook.city_region()).integer()
    until = timing.add_working_days(today, days, calendar)
    case.clock["correct_by"] = until.isoformat()
    return until


def resume_clock(case: Case) -> None:
    """Count again."""
    keep_clock(case, timing.resume(timing.from_dict(case.clock), clock.today()))


def finish_clock(case: Case, call: Call) -> None:
    """Stop for good."""
    case.decided_at = call.at
    keep_clock(case, timing.from_dict(case.clock).finish(clock.today()))


# -- making ------------------------------------------------------------------------------------
def next_receipt(region: str) -> str:
    """The next receipt number of today in a region."""
    code = region[:6] if len(region) >= 6 and region[:6].isdigit() else rulebook.city_region()
    today = clock.today()
    return make_receipt(code, today, next_number(ReceiptSerial, f"{code}{today:%Y%m%d}"))


def deciding_department(spec: MatterSpec, region: str) -> Any:
    """The office that decides for an applicant of a region."""
    if spec.department.level == "district":
        return people.department_for(region, spec.department.follows)
    return people.department(spec.department.follows)


def keep_findings(case: Case, found: list[checks.Finding], round_number: int, at: Any) -> None:
    """Store what the checks said."""
    labels = {row.id: row.text.to_dict() for row in case.version.spec.condition}
    Finding.objects.bulk_create(
        Finding(
            case=case, round=round_number, condition=one.condition, label=labels[one.condition],
            outcome=one.outcome.value, reason=one.reason.to_dict(), citation=one.citation.to_dict(),
            rule=one.rule, evidence=plain(one.evidence), simulated=one.simulated, at=at,
        )
        for one in found
    )  # fmt: skip


def refuse_failures(spec: MatterSpec, found: list[checks.Finding], insist: bool) -> None:
    """Stop an application that cannot succeed, saying why.

    A photo problem is corrected in the form; a duplicate helps nobody; for the rest the applicant
    may insist, because a register may be wrong, and then an official decides.
    """
    kinds = {row.id: row for row in spec.condition}
    fields: dict[str, Text] = {}
    general: list[Text] = []
    for one in found:
        if one.outcome is not checks.Outcome.FAIL:
            continue
        row = kinds[one.condition]
        if row.check == "photo":
            fields[f"file_{row.options.get('material', 'photo')}"] = one.reason
        elif row.check == "no_duplicate":
            raise Conflict(one.reason, extra=dict(plain(one.evidence)))
        else:
            general.append(one.reason)
    if fields:
        raise InvalidInput(_joined(list(fields.values())), fields=fields)
    if general and not insist:
        raise InvalidInput(
            _joined(general),
            todo=Text(
                "如果您认为登记信息有误，可以勾选“仍要提交”，由工作人员核定。",
                "If you think the register is wrong, tick “submit anyway” and an official will decide.",
            ),
            extra={"insistable": True},
        )


def adopt_files(case: Case, files: list[CaseFile]) -> None:
    """Make files of a draft files of the case; older ones of the same material step back."""
    for one in files:
        CaseFile.objects.filter(case=case, material=one.material).update(current=False)
        CaseFile.objects.filter(pk=one.pk).update(case=case, draft=None, current=True)


def keep_file(call: Call, case: Case, material: str, fact: checks.FileFact, name: str) -> CaseFile:
    """A stored upload as the current file of a material; the older one steps back."""
    CaseFile.objects.filter(case=case, material=material).update(current=False)
    kept: CaseFile = CaseFile.objects.create(
        case=case, material=material, digest=fact.digest, media_type=fact.media_type, size=fact.size,
        width=fact.width, height=fact.height, name=name[-120:], added_at=call.at,
        added_by_id=call.actor.user_id,
    )  # fmt: skip
    return kept


def worded(text: str, field: str, message: Text) -> str:
    """A reason somebody must read: not empty, not endless."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InvalidInput(message, fields={field: message})
    return text


def _joined(texts: list[Text]) -> Text:
    return Text("".join(text.zh for text in texts), " ".join(text.en for text in texts))


def plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    from quancheng.core.rules.model import thaw

    return {key: thaw(value) for key, value in evidence.items()}
