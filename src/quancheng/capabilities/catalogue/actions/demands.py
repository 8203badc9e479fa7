"""数据需求: ask, answer, take back."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.catalogue import queries, writing
from quancheng.capabilities.catalogue.models import Demand
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("catalogue.demand.ask")
def ask_demand(
    call: Call,
    *,
    name: str,
    organ: str,
    purpose: str,
    basis: str,
    items: Sequence[str] = (),
    target: str = "",
    simulated: bool = False,
) -> Demand:
    """提出数据需求 for a duty of one's organ. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "ask", Demand)
    asked = {"name": name, "purpose": purpose, "basis": basis}
    missing = {key: Text("请填写。", "Fill this in.") for key, value in asked.items() if not value.strip()}
    if missing:
        raise InvalidInput(fields=missing)
    made: Demand = Demand.objects.create(
        number="-", name=name.strip()[:200], organ=writing.department(organ, "organ"),
        target=writing.department(target, "target") if target else None, purpose=purpose.strip()[:500],
        basis=basis.strip()[:300], items=[one.strip()[:60] for one in items if one.strip()][:100],
        asked_at=call.at, simulated=simulated,
    )  # fmt: skip
    access.require(call.actor, "ask", made)  # for another organ: everything is rolled back
    made.number = f"XQ-{call.at:%Y}-{made.pk:05d}"
    made.save(update_fields=["number"])
    _tell("asked", made)
    return made


@action("catalogue.demand.answer")
def answer_demand(call: Call, *, number: str, state: str, answer: str, entry: str = "") -> Demand:
    """答复: answered (being worked on), satisfied by an entry, or refused with the reason."""
    found = _locked(call, number, "answer")
    if state not in {Demand.State.ANSWERED, Demand.State.SATISFIED, Demand.State.REFUSED}:
        raise InvalidInput(fields={"state": Text("请选择答复结果。", "Choose an answer.")})
    if found.state not in {Demand.State.OPEN, Demand.State.ANSWERED}:
        raise Conflict(Text("该需求已办结。", "The demand is closed."))
    if not answer.strip():
        raise InvalidInput(fields={"answer": Text("请填写答复。", "Write the answer.")})
    if state == Demand.State.SATISFIED and not entry:
        raise InvalidInput(
            fields={"entry": Text("请填写满足需求的资源代码。", "Name the entry that satisfies it.")}
        )
    if entry:
        named = queries.rows(call.actor).filter(code=entry, live=True).first()
        if named is None:
            raise InvalidInput(
                fields={"entry": Text("没有这个已发布条目。", "There is no such published entry.")}
            )
        found.entry = named
    found.state, found.answer, found.answered_at = state, answer.strip()[:500], call.at
    found.save(update_fields=["state", "answer", "answered_at", "entry"])
    _tell("answered", found)
    return found


@action("catalogue.demand.withdraw")
def withdraw_demand(call: Call, *, number: str) -> Demand:
    """撤回 by the organ that asked."""
    found = _locked(call, number, "ask")
    if found.state not in {Demand.State.OPEN, Demand.State.ANSWERED}:
        raise Conflict(Text("该需求已办结。", "The demand is closed."))
    found.state = Demand.State.WITHDRAWN
    found.save(update_fields=["state"])
    _tell("withdrawn", found)
    return found


def _locked(call: Call, number: str, verb: str) -> Demand:
    seen = queries.demand(call.actor, number)
    access.require(call.actor, verb, seen)
    found: Demand = Demand.objects.select_for_update().get(pk=seen.pk)
    return found


def _tell(what: str, one: Demand) -> None:
    data = {"number": one.number, "organ": one.organ.code, "state": one.state,
            "target": one.target.code if one.target else ""}  # fmt: skip
    events.emit(f"catalogue.demand.{what}", one.number, data)
    audit.note(number=one.number, state=one.state)
