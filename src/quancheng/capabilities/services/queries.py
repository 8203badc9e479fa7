"""Reads of cases, always from what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import casework, catalogue, running, timing
from quancheng.capabilities.services.checks import Finding as Checked
from quancheng.capabilities.services.checks import Outcome, run_checks, worst
from quancheng.capabilities.services.facts import applicant_of, facts_of
from quancheng.capabilities.services.flow import DONE, OPEN, Side, State, steps_from
from quancheng.capabilities.services.models import Case, CaseFile, Draft, Finding, Matter, MatterVersion
from quancheng.capabilities.services.receipt import is_receipt
from quancheng.capabilities.trust import queries as trust
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

MINE = ("-submitted_at", "-id")
INBOX = ("due_on", "id")
DONE_ORDER = ("-submitted_at", "-id")
WAITING = (State.SUBMITTED.value, State.ACCEPTED.value)
DESK_ROLES = frozenset({"services.clerk", "services.manager"})


# -- matters ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Eligibility:
    """May I apply? (资格预判) with each reason."""

    outcome: Outcome | None
    findings: tuple[Checked, ...] = ()
    problem: Any = None
    """Why it cannot be judged: not signed in, no real name, not a firm."""


def eligibility(actor: Actor, matter: Matter) -> Eligibility:
    """What the system can already say about the asker and a matter."""
    spec = matter.current.spec
    try:
        applicant = applicant_of(actor, spec)
    except (NotSignedIn, Forbidden) as problem:
        return Eligibility(None, problem=problem)
    found = tuple(run_checks(spec, facts_of(applicant, matter, spec), early_only=True))
    return Eligibility(worst(found), found)


def held_already(actor: Actor, judged: Eligibility) -> Any:
    """The valid licence that makes applying again pointless, None when there is none."""
    codes = [one.evidence["licence"] for one in judged.findings if "licence" in one.evidence]
    return trust.held(actor, codes[0]) if codes else None


def periods(matter: Matter) -> dict[str, Any]:
    """Legal and promised working days with their rules."""
    spec = matter.current.spec
    city = rulebook.city_region()
    legal = rulebook.find(spec.period.legal, region=city)
    promised = rulebook.find(spec.period.promised, region=city) if spec.period.promised else None
    return {"legal": legal, "promised": promised}


def draft(actor: Actor, matter: Matter) -> Draft | None:
    """The asker's draft of a matter, if any."""
    if actor.user_id is None:
        return None
    as_firm = matter.current.spec.applicant in {"firm", "either"}
    found: Draft | None = (
        access.visible(actor, Draft)
        .filter(matter=matter, firm_id=actor.firm_id if as_firm else None)
        .prefetch_related("files")
        .first()
    )
    return found


def drafts(actor: Actor) -> list[Draft]:
    """The asker's drafts, newest first."""
    if actor.user_id is None:
        return []
    return list(access.visible(actor, Draft).select_related("matter").order_by("-updated_at")[:20])


# -- the applicant's cases ----------------------------------------------------------------------
def my_cases(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Case]:
    """A page of the asker's own cases, newest first; ``state=open|done`` filters."""
    found = mine(actor)
    if params.get("state") == "open":
        found = found.filter(state__in=[state.value for state in OPEN])
    elif params.get("state") == "done":
        found = found.filter(state__in=[state.value for state in DONE])
    return pagination.page(found, MINE, params)


def mine(actor: Actor) -> QuerySet[Case]:
    """Cases of the asker as a person, or of the firm acted for."""
    found = access.visible(actor, Case, verb="withdraw").select_related("matter", "department")
    if actor.firm_id is not None:
        return found.filter(firm_id=actor.firm_id)
    return found.filter(applicant_id=actor.person_id) if actor.person_id else found.none()


def my_case(actor: Actor, receipt: str) -> Case:
    """One own case; raises NotFound for other people's."""
    return _one(access.visible(actor, Case, verb="withdraw"), receipt)


# -- the desk ------------------------------------------------------------------------------------
def require_desk(actor: Actor) -> None:
    """Raise unless the asker is a case officer somewhere."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not DESK_ROLES & actor.role_ids:
        raise Forbidden()


def desk(actor: Actor) -> QuerySet[Case]:
    """All cases of the departments where the asker is a case officer."""
    return access.visible(actor, Case, verb="oversee")


def inbox(actor: Actor, params: Mapping[str, Any]) -> pagination.Page[Case]:
    """A page of the desk: what waits by due day, or what is done by time."""
    require_desk(actor)
    found = _filtered(desk(actor), params).select_related("matter", "department", "officer")
    found = found.defer("form", "provenance", "flow", "decision")  # what a row of the list does not show
    done = params.get("state") == "done" or params.get("state") in {state.value for state in DONE}
    return pagination.page(found, DONE_ORDER if done else INBOX, params, late=True)


def bulk_ready(actor: Actor, cases: list[Case]) -> frozenset[int]:
    """Keys of the cases that may be approved together: two questions for a page, not two a case."""
    versions = {one.version_id for one in cases}
    allowed = {one.pk for one in MatterVersion.objects.filter(pk__in=versions, content__bulk=True).only("id")}
    chosen = [one.pk for one in cases if one.version_id in allowed and one.state in WAITING]
    if not chosen:
        return frozenset()
    barred = set(
        Finding.objects.filter(case_id__in=chosen).exclude(outcome="pass").values_list("case_id", flat=True)
    )
    return frozenset(chosen) - barred


def counts(actor: Actor) -> dict[str, int]:
    """Figures above the inbox, in one query."""
    today = clock.today()
    waiting = Q(state__in=WAITING)
    return (
        desk(actor)
        .filter(state__in=[state.value for state in OPEN])
        .aggregate(
            waiting=Count("pk", filter=waiting),
            overdue=Count("pk", filter=waiting & Q(due_on__lt=today)),
            week=Count("pk", filter=waiting & Q(due_on__gte=today, due_on__lt=today + timedelta(days=7))),
            correction=Count("pk", filter=Q(state=State.CORRECTION)),
        )
    )


def desk_case(actor: Actor, receipt: str) -> Case:
    """One case of the asker's departments; raises NotFound for others'."""
    require_desk(actor)
    return _one(desk(actor), receipt)


def desk_matters(actor: Actor) -> list[Matter]:
    """Matters for the inbox's filter."""
    return list(access.visible(actor, Matter).select_related("current").order_by("order", "id"))


# -- of one case -----------------------------------------------------------------------------------
def findings(case: Case) -> list[Finding]:
    """Findings of the last round."""
    rows = list(case.findings.all())
    last = max((row.round for row in rows), default=0)
    return [row for row in rows if row.round == last]


def files(case: Case) -> list[CaseFile]:
    """Current files, in the order of the matter's materials."""
    order = {row.key: n for n, row in enumerate(case.version.spec.material)}
    return sorted(case.files.filter(current=True), key=lambda one: order.get(one.material, 99))


def case_file(actor: Actor, pk: int) -> CaseFile:
    """One file whose case or draft the asker may see; raises NotFound."""
    found: CaseFile | None = access.visible(actor, CaseFile).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def clock_of(case: Case) -> timing.Reading:
    """What the case's clock shows today."""
    return timing.reading(timing.from_dict(case.clock), clock.today(), working_calendar())


def office_steps(actor: Actor, case: Case) -> frozenset[str]:
    """Verbs the asker may take on a case now."""
    possible = running.outcomes_of(case, "office")
    held = access.visible(actor, Case, verb="claim").filter(pk=case.pk).exists()
    return frozenset(possible) if held else frozenset()


def applicant_steps(case: Case) -> frozenset[str]:
    """Verbs the applicant may take on the own case now: correct, withdraw, appeal."""
    if not case.flow:
        return frozenset(step.verb for step in steps_from(case.state, Side.APPLICANT))
    messages = {verb for verb in running.MESSAGES if running.possible(case, verb)}
    return frozenset(running.outcomes_of(case, "applicant")) | messages


def days_of(matter: Matter) -> tuple[int, int]:
    """Legal and promised working days."""
    return casework.days_of(matter.current.spec, clock.today())


def _one(found: QuerySet[Case], receipt: str) -> Case:
    if not is_receipt(receipt):
        raise NotFound()
    case: Case | None = (
        found.select_related(
            "matter", "version", "department", "officer", "applicant", "firm", "submitted_by"
        )
        .filter(receipt=receipt)
        .first()
    )
    if case is None:
        raise NotFound()
    return case


def _filtered(found: QuerySet[Case], params: Mapping[str, Any]) -> QuerySet[Case]:
    today = clock.today()
    state = str(params.get("state") or "")
    if state in {one.value for one in State}:
        found = found.filter(state=state)
    elif state == "done":
        found = found.filter(state__in=[one.value for one in DONE])
    elif state != "all":
        found = found.filter(state__in=WAITING)
    if code := params.get("matter"):
        found = found.filter(matter__code=str(code)[:60])
    region = str(params.get("region") or "")
    if region.isascii() and region.isalnum() and region.isdigit():
        found = found.filter(people.in_region(region[:12]))
    if text := str(params.get("q") or "").replace("\x00", "").strip()[:60]:
        found = found.filter(Q(receipt__startswith=text) | Q(applicant_name__startswith=text))
    match params.get("due"):
        case "overdue":
            found = found.filter(due_on__lt=today)
        case "today":
            found = found.filter(due_on=today)
        case "week":
            found = found.filter(due_on__gte=today, due_on__lt=today + timedelta(days=7))
    return found


def search(actor: Actor, query: str) -> list[Matter]:
    """Search of matters (``catalogue.search``), here so that other modules need one import."""
    return catalogue.search(actor, query)


def plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence as JSON values."""
    return casework.plain(evidence)


# -- for the designer (re-exports and reads of versions) ------------------------------------------------
def matter_named(actor: Actor, code: str) -> Matter | None:
    """A matter by its code, if the asker may see it."""
    found: Matter | None = access.visible(actor, Matter).select_related("current").filter(code=code).first()
    return found


def versions(actor: Actor, code: str) -> list[MatterVersion]:
    """All versions of a matter, newest first; content included."""
    return list(access.visible(actor, MatterVersion).filter(matter__code=code).order_by("-number"))


def migration_preview(
    actor: Actor, matter_code: str, params: Mapping[str, Any] | None = None
) -> tuple[list[dict[str, Any]], pagination.Page[Case]]:
    """``migrating.migration_preview``, here so that other modules need one import."""
    from quancheng.capabilities.services import migrating

    return migrating.migration_preview(actor, matter_code, params)
