"""What things hears of itself: new stations are enrolled, escalations and orders become messages."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import MaintainerMember
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

COLOURS = {
    1: Text("红色", "red"),
    2: Text("橙色", "orange"),
    3: Text("黄色", "yellow"),
    4: Text("蓝色", "blue"),
}


@events.subscribe("things.device.changed", "things.enrol_again")
def enrol_again(event: Event) -> None:
    """设备修改后更新其 SensorThings 实体; new ones are enrolled by the job, many at a time."""
    actions.enrol(Call.system("things", key=str(event.id)), codes=[str(event.data["code"])])


@events.subscribe("things.alarm.escalated", "things.tell_escalated")
def tell_escalated(event: Event) -> None:
    """告警升级通知: a message to each holder of the role the alarm went up to."""
    data = event.data
    station, name = data["station"], Text.of(data["name"])
    colour = COLOURS.get(int(data["level"]), Text("", ""))
    note = str(data.get("note", ""))
    for user in data["users"]:
        send_message(
            Call.system("messages", key=f"{event.id}:{user}"),
            title=Text(f"告警升级：{station['zh']}{name.zh}", f"Alarm escalated: {station['en']}, {name.en}"),
            body=Text(
                f"{colour.zh}告警第{data['step']}次升级，请确认并处置。",
                f"A {colour.en} alarm, step {data['step']}: acknowledge and handle it. {note}",
            ),
            source=f"alarm:{data['alarm']}:step{data['step']}",
            user_id=int(user),
            link=str(data["evidence"]),
            simulated=bool(data.get("simulated")),
        )


@events.subscribe("things.order.*", "things.tell_order")
def tell_order(event: Event) -> None:
    """工单通知: the maintainer's people of a new or late order, the owner's of one repaired or refused."""
    data = event.data
    what = event.type.rsplit(".", 1)[-1]
    words = _words(what, str(data["state"]), str(data["number"]))
    if words is None:
        return
    for user in _recipients(what, str(data["maintainer"]), str(data["state"])):
        send_message(
            Call.system("messages", key=f"{event.id}:{user}"),
            title=words,
            body=Text(f"设备{data['station']}。{data['note']}", f"Device {data['station']}. {data['note']}"),
            source=f"order:{data['number']}:{what}:{data['state']}",
            user_id=user,
            link=str(data["link"]),
            simulated=bool(data.get("simulated")),
        )


def _words(what: str, state: str, number: str) -> Text | None:
    if what == "ordered" or (what == "moved" and state == "accepted"):
        return Text(f"维修工单{number}待处理", f"Repair order {number} waits for you")
    if what == "overdue":
        return Text(f"维修工单{number}已超时", f"Repair order {number} is overdue")
    if state == "repaired":
        return Text(f"维修工单{number}待验收", f"Repair order {number} waits to be verified")
    if state == "refused":
        return Text(f"维修工单{number}被退单", f"Repair order {number} was refused")
    return None


def _recipients(what: str, maintainer: str, state: str) -> list[int]:
    if what == "moved" and state in {"repaired", "refused"}:
        found = people.officials(Actor.system("things"), "things.operator")
        return list(found.order_by("pk").values_list("pk", flat=True)[:50])
    rows = MaintainerMember.objects.filter(maintainer__code=maintainer)
    return list(rows.order_by("pk").values_list("user_id", flat=True)[:50])
