"""Shared steps of the bag actions: sealing, locking, who gives and takes, what does not agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from quancheng.capabilities.counter import chaining
from quancheng.capabilities.counter.custody import BagState, Holder, Side, Step
from quancheng.capabilities.counter.models import Bag, BagEvent, Hall
from quancheng.capabilities.counter.values import Confirmation, Paper
from quancheng.core.text import Text
from quancheng.kernel import events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = [
    "HOURS", "chaining", "check_papers", "differences", "facts_of", "make", "open_statements", "parties",
    "statement", "take", "tell",
]  # fmt: skip

HOURS = {
    BagState.SEALED: "counter.dispatch_hours",
    BagState.TRANSIT: "counter.transit_hours",
    BagState.RECEIVED: "counter.check_hours",
    BagState.RETURNING: "counter.transit_hours",
}
_SEAL = re.compile(r"[A-Z0-9-]{4,30}", re.ASCII)
_WAYBILL = re.compile(r"[A-Z0-9-]{6,30}", re.ASCII)
MAX_PAPERS, MAX_COUNT, MAX_TEXT = 30, 99, 500
OPENING = "check"
"""The step at which the seal is broken by right."""


def check_papers(papers: Sequence[Paper], seal: str) -> None:
    """Raise InvalidInput unless there are papers and a well-formed seal number not used before."""
    good = all(paper.name.strip() and 1 <= paper.count <= MAX_COUNT for paper in papers)
    if not papers or len(papers) > MAX_PAPERS or not good:
        wrong = Text(
            "请列出袋中每种材料和份数（1到99）。", "List each paper in the bag with its count (1 to 99)."
        )
        raise InvalidInput(wrong, fields={"papers": wrong})
    if not _SEAL.fullmatch(seal):
        wrong = Text(
            "封签号是4到30位大写字母、数字或短横线。",
            "A seal number is 4 to 30 capital letters, digits or dashes.",
        )
        raise InvalidInput(wrong, fields={"seal": wrong})
    if Bag.objects.filter(seal=seal).exists():
        wrong = Text(
            f"封签号{seal}已经用过，请换一枚封签。", f"Seal {seal} was used before; take another one."
        )
        raise InvalidInput(wrong, fields={"seal": wrong})


def make(call: Call, case: Any, hall: Hall, papers: Sequence[Paper], seal: str) -> Bag:
    """A sealed bag with the first link of its chain."""
    number = f"{case.receipt}-B{Bag.objects.filter(case=case).count() + 1}"
    hours = rulebook.find(HOURS[BagState.SEALED]).integer()
    bag = Bag(
        number=number, seal=seal, case=case, hall=hall, office_id=case.department_id,
        papers=[paper.to_dict() for paper in papers], count=sum(paper.count for paper in papers),
        state=BagState.SEALED, holder=Holder.HALL, holder_name=hall.name["zh"], sealed_at=call.at,
        due_at=call.at + timedelta(hours=hours), simulated=case.simulated,
    )  # fmt: skip
    bag.save()
    facts = {"seal": seal, "count": bag.count, "papers": bag.papers, "receipt": case.receipt}
    chaining.append(call, bag, "seal", case.applicant_name, hall.name["zh"], facts)
    bag.save(update_fields=["head"])
    tell(bag, "sealed")
    return bag


def take(bag: Bag, step: Step | None) -> Bag:
    """Lock a bag for one step; Conflict says what state it is in when the step is not possible now."""
    current: Bag = (
        Bag.objects.select_for_update(of=("self",)).select_related("case", "hall", "office").get(pk=bag.pk)
    )
    if step is not None and current.state not in step.sources:
        raise Conflict(
            Text(
                f"这袋材料现在“{current.state_text.zh}”，不能{step.text.zh}。",
                f"The bag is “{current.state_text.en}” now; “{step.text.en}” is not possible.",
            ),
            todo=Text("请刷新页面查看最新交接记录。", "Reload the page to see the latest hand-overs."),
            extra={"state": current.state},
        )
    return current


def parties(bag: Bag, step: Step, courier: str) -> tuple[str, str]:
    """Who gives and who takes in a step."""
    taker = {
        Holder.HALL: bag.hall.name["zh"],
        Holder.COURIER: courier.strip(),
        Holder.OFFICE: bag.office.zh,
        Holder.ARCHIVE: f"{bag.office.zh}档案室",
        Holder.APPLICANT: bag.case.applicant_name,
    }[step.holder]
    return bag.holder_name, taker


def facts_of(
    bag: Bag, step: Step, courier: str, waybill: str, confirmation: Confirmation | None, note: str
) -> dict[str, Any]:
    """What a link records of a step. Raises InvalidInput when something needed is missing."""
    facts: dict[str, Any] = {"seal": bag.seal}
    if step.by_courier:
        wrong: dict[str, Text] = {}
        if not courier.strip() or len(courier) > 60:
            wrong["courier"] = Text("请填写承运人", "Enter the courier")
        if not _WAYBILL.fullmatch(waybill):
            wrong["waybill"] = Text(
                "运单号是6到30位大写字母或数字", "A waybill number is 6 to 30 capitals or digits"
            )
        if wrong:
            raise InvalidInput(fields=wrong)
        facts |= {"courier": courier.strip(), "waybill": waybill}
    if step.confirms:
        if confirmation is None or not 0 <= confirmation.count <= MAX_COUNT * MAX_PAPERS:
            missing = Text("请填写实收份数", "Enter how many papers were received")
            raise InvalidInput(fields={"count": missing})
        facts |= {
            "count": confirmation.count,
            "seal_seen": confirmation.seal[:30],
            "intact": confirmation.intact,
            "note": confirmation.note.strip()[:MAX_TEXT],
            "differences": [one.to_dict() for one in differences(bag, confirmation, step)],
        }
    if note.strip():
        facts["note"] = note.strip()[:MAX_TEXT]
    return facts


def differences(bag: Bag, seen: Confirmation, step: Step) -> list[Text]:
    """What who takes over saw otherwise than who gave registered."""
    found: list[Text] = []
    if seen.count != bag.count:
        found.append(
            Text(
                f"登记{bag.count}份，实收{seen.count}份",
                f"{bag.count} papers registered, {seen.count} received",
            )
        )
    if seen.seal and seen.seal != bag.seal:
        found.append(
            Text(f"封签号应为{bag.seal}，实见{seen.seal}", f"Seal {bag.seal} registered, {seen.seal} seen")
        )
    if not seen.intact and step.verb != OPENING:
        found.append(Text("封签破损", "The seal was broken"))
    return found


# -- problems -----------------------------------------------------------------------------------
def open_statements(bag: Bag) -> frozenset[str]:
    """Sides that have stated something since the last difference. Raises Conflict without a problem."""
    if not bag.problem:
        raise Conflict(Text("这袋材料没有待说明的差异。", "The bag has no open difference."))
    stated: set[str] = set()
    for event in BagEvent.objects.filter(bag=bag).order_by("sequence"):
        if event.data.get("differences"):
            stated = set()
        elif event.kind.startswith("explain_"):
            stated.add(event.kind.removeprefix("explain_"))
    return frozenset(stated)


def statement(bag: Bag, side: str, text: str, stated: frozenset[str]) -> str:
    """The words of a statement. Raises InvalidInput, Conflict when the side has stated already."""
    words = text.strip()
    if not words or len(words) > MAX_TEXT:
        wrong = Text("请写明情况（最多500字）", "Say what happened (at most 500 characters)")
        raise InvalidInput(wrong, fields={"text": wrong})
    if side in stated:
        other = Text("部门", "office") if side == Side.HALL else Text("窗口", "counter")
        raise Conflict(
            Text(
                f"本方已说明，正在等{other.zh}说明。",
                f"Your side has stated it; the {other.en} is to answer.",
            )
        )
    return words


def tell(bag: Bag, what: str, **more: Any) -> None:
    """Emit ``counter.bag.<what>`` with what listeners need."""
    events.emit(
        f"counter.bag.{what}",
        bag.number,
        {
            "bag": bag.number, "receipt": bag.case.receipt, "state": bag.state, "holder": bag.holder,
            "hall_region": bag.hall.region_code, "hall_id": bag.hall_id, "department_id": bag.office_id,
            "person_id": bag.case.applicant_id, "simulated": bag.simulated, **more,
        },
    )  # fmt: skip
