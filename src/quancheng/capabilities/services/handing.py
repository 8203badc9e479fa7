"""The writers around the desk: hand-over, absence cover, extending and pausing the clock, deciding several."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import casework, deciding, timing
from quancheng.capabilities.services.flow import DONE, State
from quancheng.capabilities.services.models import Absence, Case
from quancheng.core.calendar import ClockError
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Conflict, InvalidInput

MANY = 50
CLERK = "services.clerk"


@action("services.case.transfer")
def transfer_case(call: Call, *, case: Case, user_id: int, reason: str = "") -> Case:
    """移交: another officer of the office goes on; who is away is covered by the substitute.

    Raises Forbidden, InvalidInput (no such officer here), Conflict (decided already).
    """
    access.require(call.actor, "note", case)
    case = casework.take(case, None)
    _running(case)
    colleagues = people.officials(call.actor, CLERK, department_code=case.department.code)
    if not colleagues.filter(pk=user_id).exists():
        wrong = Text("请选择本单位的审批人员。", "Choose a case officer of this office.")
        raise InvalidInput(wrong, fields={"user": wrong})
    case.officer_id = covered(user_id)
    casework.save(case)
    name = str(case.officer)
    text = Text(f"移交给{name}", f"Handed over to {name}")
    casework.remember(call, case, "transferred", text, public=False, data={"reason": reason.strip()[:200]})
    audit.note(receipt=case.receipt, to=case.officer_id, reason=reason.strip()[:200])
    casework.tell(case, "transferred")
    return case


@action("services.absence.set")
def set_absence(call: Call, *, substitute_id: int, since: date, until: date, reason: str = "") -> Absence:
    """登记离岗 of the asker, with who covers. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "set", Absence)
    same = people.officials(call.actor, CLERK).filter(pk=substitute_id).exists()
    if not same or substitute_id == call.actor.user_id or not since <= until:
        wrong = Text("请选择一位同事和正确的起止日期。", "Choose a colleague and a proper period.")
        raise InvalidInput(wrong, fields={"substitute": wrong})
    found: Absence = Absence.objects.create(
        user_id=call.actor.user_id, substitute_id=substitute_id, since=since, until=until, reason=reason[:100]
    )
    audit.note(substitute=substitute_id, since=since.isoformat(), until=until.isoformat())
    return found


def covered(user_id: int) -> int:
    """Who really takes what goes to a user today, following substitutes without going round in circles."""
    today, seen, current = clock.today(), {user_id}, user_id
    while True:
        away = (
            Absence.objects.filter(user_id=current, since__lte=today, until__gte=today)
            .order_by("-id")
            .first()
        )
        if away is None or away.substitute_id in seen:
            return current
        current = away.substitute_id
        seen.add(current)


@action("services.case.extend")
def extend_case(call: Call, *, case: Case, reason: str) -> Case:
    """延长: once, by the dated number of working days, by the head; the applicant is told why.

    Raises Forbidden, InvalidInput, Conflict (overdue already, extended already, decided).
    """
    access.require(call.actor, "extend", case)
    reason = casework.worded(reason, "reason", Text("请写明延长的理由。", "Give the reason for extending."))
    case = casework.take(case, None)
    _running(case)
    days = rulebook.find("services.extension_days", on=clock.today(), region=rulebook.city_region()).integer()
    value = timing.from_dict(case.clock)
    if value.extensions:
        raise Conflict(Text("办理期限已经延长过一次。", "The time limit was extended once already."))
    try:
        extended = value.extend(clock.today(), days, reason, working_calendar())
    except ClockError as wrong:
        raise Conflict(
            Text(*str(wrong).split(" ", 1)) if " " in str(wrong) else Text(str(wrong), str(wrong))
        ) from wrong
    casework.keep_clock(case, extended)
    casework.save(case)
    text = Text(f"办理期限延长{days}个工作日", f"Time limit extended by {days} working days")
    casework.remember(call, case, "extended", text, data={"reason": reason})
    audit.note(receipt=case.receipt, days=days, reason=reason)
    casework.tell(case, "extended", days=days, reason=reason)
    return case


@action("services.case.pause")
def pause_case(call: Call, *, case: Case, reason: str) -> Case:
    """中止计时 for hearings, tests, expert opinions (行政许可法 第四十五条). Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "return", case)
    reason = casework.worded(
        reason,
        "reason",
        Text(
            "请写明所需的听证、检验、检测、检疫、鉴定或专家评审。",
            "Name the hearing, test or expert opinion.",
        ),
    )
    case = casework.take(case, None)
    _running(case)
    value = timing.from_dict(case.clock)
    if value.suspended:
        raise Conflict(Text("计时已经中止。", "The clock stands still already."))
    casework.keep_clock(case, timing.suspend(value, clock.today(), reason, working_calendar()))
    casework.save(case)
    casework.remember(call, case, "paused", Text("计时中止", "Clock stopped"), data={"reason": reason})
    audit.note(receipt=case.receipt, reason=reason)
    casework.tell(case, "paused", reason=reason)
    return case


@action("services.case.resume")
def resume_case(call: Call, *, case: Case) -> Case:
    """恢复计时. Raises Forbidden, Conflict."""
    access.require(call.actor, "return", case)
    case = casework.take(case, None)
    _running(case)
    if case.state == State.CORRECTION or not timing.from_dict(case.clock).suspended:
        raise Conflict(Text("计时没有因审查而中止。", "The clock was not stopped for an examination."))
    casework.resume_clock(case)
    casework.save(case)
    casework.remember(call, case, "resumed", Text("计时恢复", "Clock runs again"))
    audit.note(receipt=case.receipt)
    return case


@action("services.case.approve_many")
def approve_many(call: Call, *, receipts: Iterable[str], opinion: str = "") -> list[str]:
    """批量准予: only matters that allow it and cases where no check needs a person; all or none.

    Raises Forbidden, InvalidInput (too many), Conflict naming every case that may not be decided this way.
    """
    chosen = list(dict.fromkeys(receipts))
    access.require(call.actor, "approve", Case)
    if not 1 <= len(chosen) <= MANY:
        raise InvalidInput(Text(f"一次最多批量办理{MANY}件。", f"At most {MANY} cases at once."))
    found = {
        one.receipt: one
        for one in access.visible(call.actor, Case, verb="approve").filter(receipt__in=chosen)
    }
    barred: list[str] = []
    for receipt in chosen:
        case = found.get(receipt)
        if case is None or not bulk_allowed(case):
            barred.append(receipt)
            continue
        deciding.approve(call, casework.take(case, None), opinion, bulk=True)
    if barred:
        raise Conflict(
            Text(
                f"以下办件须逐件审查，不能批量准予，全部未办理：{'、'.join(barred[:10])}。",
                f"These must be decided one by one, so none was decided: {', '.join(barred[:10])}.",
            ),
            extra={"barred": barred},
        )
    audit.note(receipts=chosen)
    return chosen


def bulk_allowed(case: Case) -> bool:
    """Whether the law lets this case be decided with others: its matter says so and every check passed."""
    if not case.version.spec.bulk or State(case.state) in DONE:
        return False
    last = case.findings.order_by("-round").values_list("round", flat=True).first()
    outcomes = set(case.findings.filter(round=last).values_list("outcome", flat=True))
    return outcomes <= {"pass"} and not case.files.filter(current=True).exists()


def _running(case: Case) -> None:
    if State(case.state) in DONE:
        raise Conflict(Text("办件已经办结。", "The case is decided already."), extra={"state": case.state})
