"""The writers: receiving at a counter, and every hand-over of paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from quancheng.capabilities.counter import bagging
from quancheng.capabilities.counter.custody import STEPS, BagState, Side
from quancheng.capabilities.counter.exchanging import (
    accept_letter,
    decide_exchange,
    deliver_letter,
    offer_exchange,
    register_partner,
)
from quancheng.capabilities.counter.models import Bag, Hall, Reception
from quancheng.capabilities.counter.scans import Scan
from quancheng.capabilities.counter.values import Confirmation, Paper
from quancheng.capabilities.services import actions as services
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput

__all__ = [
    "accept_letter", "decide_exchange", "deliver_letter", "explain_problem", "move_bag", "offer_exchange",
    "publish_hall", "receive_application", "register_partner", "seal_bag",
]  # fmt: skip


@action("counter.hall.publish", idempotent=False)
def publish_hall(call: Call, *, content: Mapping[str, Any]) -> Hall:
    """大厅入库 from the shipped list. Raises Forbidden."""
    access.require(call.actor, "publish", Hall)
    values = {key: value for key, value in content.items() if key != "code"}
    hall, made = Hall.objects.update_or_create(code=content["code"], defaults=values)
    audit.note(hall=hall.code, new=made)
    return hall


@action("counter.receive")
def receive_application(
    call: Call,
    *,
    hall: Hall,
    matter_code: str,
    form: Mapping[str, Any],
    person_id: int,
    purpose: str,
    firm_id: int | None = None,
    scans: Mapping[str, Scan] | None = None,
    names: Mapping[str, str] | None = None,
    papers: Sequence[Paper] = (),
    seal: str = "",
    insist: bool = False,
) -> Reception:
    """窗口收件: a case for somebody of any district; paper originals are sealed in a bag at once.

    Raises Forbidden (not this hall's clerk), InvalidInput (form, unmet conditions, no seal number
    for papers), Conflict (already in progress).
    """
    access.require(call.actor, "work", hall)
    if papers:
        bagging.check_papers(papers, seal)
    case = services.receive_case(
        call, matter_code=matter_code, form=form, person_id=person_id, firm_id=firm_id, insist=insist,
        files=scans, names=names, channel="counter",  # type: ignore[arg-type]
    )  # fmt: skip
    reception: Reception = Reception.objects.create(  # type: ignore[misc]
        case=case, hall=hall, clerk_id=call.actor.user_id, at=call.at, purpose=purpose[:200],
        papers=[paper.to_dict() for paper in papers], simulated=case.simulated,
    )  # fmt: skip
    if papers:
        bagging.make(call, case, hall, papers, seal)
    audit.note(receipt=case.receipt, hall=hall.code, papers=len(papers), person=person_id)
    events.emit(
        "counter.case.received",
        case.receipt,
        {
            "receipt": case.receipt, "hall": hall.name, "hall_code": hall.code, "region": hall.region_code,
            "person_id": case.applicant_id, "department_id": case.department_id, "simulated": case.simulated,
        },
    )  # fmt: skip
    return reception


@action("counter.bag.seal")
def seal_bag(call: Call, *, reception: Reception, papers: Sequence[Paper], seal: str) -> Bag:
    """补收封装: one more bag for a case received here. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "seal", reception)
    bagging.check_papers(papers, seal)
    bag = bagging.make(call, reception.case, reception.hall, papers, seal)
    audit.note(bag=bag.number)
    return bag


@action("counter.bag.move")
def move_bag(
    call: Call,
    *,
    bag: Bag,
    verb: str,
    courier: str = "",
    waybill: str = "",
    confirmation: Confirmation | None = None,
    note: str = "",
) -> Bag:
    """交接: one step of the chain of custody (``custody.STEPS``), registered by the side it belongs to.

    A courier needs a name and a waybill; who takes over confirms seal and count, and what does not
    agree opens a problem for both sides. Raises Forbidden, InvalidInput, Conflict (not now).
    """
    step = STEPS.get(verb)
    if step is None:
        raise InvalidInput(Text(f"没有交接步骤 {verb}。", f"There is no step {verb}."))
    access.require(call.actor, verb, bag)
    current = bagging.take(bag, step)
    data = bagging.facts_of(current, step, courier, waybill, confirmation, note)
    giver, taker = bagging.parties(current, step, courier)
    bagging.chaining.append(call, current, verb, giver, taker, data)
    current.state, current.holder = step.target, step.holder
    current.holder_name = taker[:120]
    hours = bagging.HOURS.get(BagState(step.target))
    current.due_at = call.at + timedelta(hours=rulebook.find(hours).integer()) if hours else None
    wrong = data.get("differences") or []
    current.problem = current.problem or bool(wrong)
    current.save()
    audit.note(bag=current.number, verb=verb, problem=bool(wrong))
    bagging.tell(current, "moved", verb=verb)
    if wrong:
        bagging.tell(current, "problem", differences=wrong)
    return current


@action("counter.bag.explain")
def explain_problem(call: Call, *, bag: Bag, side: str, text: str) -> Bag:
    """差异说明: each side states what happened; the problem is over when both have.

    Raises Forbidden, InvalidInput (no text), Conflict (no problem is open, stated already).
    """
    if side not in set(Side):
        raise InvalidInput(Text("说明方应为窗口或部门。", "The side is hall or office."))
    access.require(call.actor, f"explain_{side}", bag)
    current = bagging.take(bag, None)
    stated = bagging.open_statements(current)
    words = bagging.statement(current, side, text, stated)
    here, there = current.hall.name["zh"], current.office.zh
    giver, taker = (here, there) if side == Side.HALL else (there, here)
    bagging.chaining.append(call, current, f"explain_{side}", giver, taker, {"text": words})
    current.problem = len(stated) == 0
    current.save()
    audit.note(bag=current.number, side=side, settled=not current.problem)
    bagging.tell(current, "explained", side=side, settled=not current.problem)
    return current
