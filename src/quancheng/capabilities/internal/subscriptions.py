"""通知: who filed an item hears of its turns; clerks of invited units hear of meetings."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

_ITEM = {
    "internal.item.returned": ("alert", Text("内部事项被退回补正", "An internal item needs a correction")),
    "internal.item.refused": ("alert", Text("内部事项不予办理", "An internal item was refused")),
    "internal.item.completed": ("progress", Text("内部事项已一次办成", "An internal item is done")),
}
_MEETING = {
    "internal.meeting.invited": Text("收到会议通知，请按时回执", "A meeting is announced; please reply"),
    "internal.meeting.reminded": Text("会议回执即将截止", "The time to reply to a meeting ends soon"),
}


@events.subscribe("internal.item.*", "internal.tell_filer")
def tell_filer(event: Event) -> None:
    """办件转折: returned, refused, completed."""
    if event.type not in _ITEM:
        return
    kind, title = _ITEM[event.type]
    name, number = Text.of(event.data["name"]), event.data["number"]
    reason = str(event.data.get("reason") or "")
    send_message(
        Call.system("internal", key=str(event.id)),
        title=title,
        body=Text(f"{name.zh}（{number}）{reason}", f"{name.en} ({number}) {reason}".strip()),
        source=str(event.id),
        user_id=event.data["user_id"],
        kind=kind,
        link=f"/work/internal/items/{number}/",
        simulated=bool(event.data.get("simulated")),
    )


@events.subscribe("internal.meeting.*", "internal.tell_unit")
def tell_unit(event: Event) -> None:
    """会议通知与催办: to the clerks of the unit, each once."""
    if event.type not in _MEETING:
        return
    unit = event.data["department_id"]
    for officer in people.officials(Actor.system("internal"), "internal.clerk"):
        held = {pk for grant in people.user_actor(officer).grants if grant.role == "internal.clerk"
                for pk in grant.departments}  # fmt: skip
        if unit not in held:
            continue
        send_message(
            Call.system("internal", key=f"{event.id}:{officer.pk}"),
            title=_MEETING[event.type],
            body=Text(str(event.data["title"]), str(event.data["title"])),
            source=str(event.id),
            user_id=officer.pk,
            link=f"/work/internal/meetings/{event.data['meeting']}/",
            simulated=bool(event.data.get("simulated")),
        )
