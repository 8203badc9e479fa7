"""通知: the applicant hears where the papers are, both sides hear of a difference."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

_TOLD = {
    "receive": Text("审批部门已签收您的纸质材料", "The deciding office received your papers"),
    "send_back": Text("您的材料原件正在退还途中", "Your originals are on their way back"),
    "take_back": Text("您的材料原件已退到窗口，请领取", "Your originals are back at the counter"),
}


@events.subscribe("counter.bag.moved", "counter.tell_applicant")
def tell_applicant(event: Event) -> None:
    """材料到哪了: at the turns that matter to the applicant."""
    title, person = _TOLD.get(str(event.data["verb"])), event.data.get("person_id")
    if title is None or person is None:
        return
    receipt = event.data["receipt"]
    send_message(
        Call.system("counter", key=str(event.id)),
        title=title,
        body=Text(f"办件{receipt}，材料袋{event.data['bag']}。", f"Case {receipt}, bag {event.data['bag']}."),
        source=str(event.id),
        person_id=person,
        kind="progress",
        link=f"/cases/{receipt}/",
        simulated=bool(event.data.get("simulated")),
    )


@events.subscribe("counter.bag.problem", "counter.tell_both")
def tell_both(event: Event) -> None:
    """差异: the counter's clerks and the office's clerks, each once."""
    _warn(event, Text("材料袋交接有差异，请说明", "A bag does not agree; please explain"))


@events.subscribe("counter.bag.late", "counter.tell_late")
def tell_late(event: Event) -> None:
    """逾期: who has the bag to move."""
    _warn(event, Text("材料袋流转逾期", "A bag of papers is late"))


def _warn(event: Event, title: Text) -> None:
    system = Actor.system("counter")
    for role in ("counter.clerk", "services.clerk"):
        for officer in people.officials(system, role):
            actor = people.user_actor(officer)
            if not _concerned(actor, role, event):
                continue
            bag = event.data["bag"]
            send_message(
                Call.system("counter", key=f"{event.id}:{officer.pk}"),
                title=title,
                body=Text(f"材料袋{bag}", f"Bag {bag}"),
                source=str(event.id),
                user_id=officer.pk,
                kind="alert",
                link=f"/work/custody/{bag}/",
                simulated=bool(event.data.get("simulated")),
            )


def _concerned(actor: Actor, role: str, event: Event) -> bool:
    held = [grant for grant in actor.grants if grant.role == role]
    if role == "services.clerk":
        return any(event.data["department_id"] in grant.departments for grant in held)
    region = str(event.data["hall_region"])
    return any(grant.region_prefix and region.startswith(grant.region_prefix) for grant in held)
