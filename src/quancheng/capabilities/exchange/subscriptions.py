"""News of sharing for the people it concerns."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

_MOST = 20


@events.subscribe("exchange.request.*", "exchange.tell_parties")
def tell_parties(event: Event) -> None:
    """申请进展: to the officers of the side it concerns, to the bureau when a limit has passed."""
    data = event.data
    name, text = Text.of(data["name"]), Text.of(data["text"])
    overdue = event.type.endswith("overdue")
    title = (
        Text("共享申请已超期", "Sharing request overdue")
        if overdue
        else Text("共享申请有进展", "Sharing request moved")
    )
    role = "exchange.officer" if data["department"] else "exchange.bureau"
    # the bureau hears of what it has to do, not of every step of everybody
    if not data["department"] and not overdue and data["deed"] != "escalate":
        return
    system = Actor.system("exchange")
    told = people.officials(system, role, department_code=data["department"] or None)
    for user in told.order_by("pk").values_list("pk", flat=True)[:_MOST]:
        send_message(
            Call.system("exchange", key=f"{event.id}:{user}"),
            title=title,
            body=Text(f"{name.zh}：{text.zh}", f"{name.en or name.zh}: {text.en}"),
            source=f"{event.id}",
            user_id=user,
            kind="todo" if overdue else "notice",
            link=f"/work/exchange/requests/{data['number']}/",
            simulated=bool(data.get("simulated")),
        )


@events.subscribe("exchange.objection.changed", "exchange.tell_person")
def tell_person(event: Event) -> None:
    """异议已答复: to the person who objected; a new one to the provider's officers."""
    data = event.data
    if data["state"] == "answered":
        send_message(
            Call.system("exchange", key=str(event.id)),
            title=Text("您对数据使用的异议已答复", "Your objection to a use of data was answered"),
            body=Text("点击查看答复。", "Open the page to read the answer."),
            source=str(event.id),
            person_id=data["person"],
            link="/me/data-uses/",
        )
        return
    officers = people.officials(
        Actor.system("exchange"), "exchange.officer", department_code=data["department"]
    )
    for user in officers.order_by("pk").values_list("pk", flat=True)[:_MOST]:
        send_message(
            Call.system("exchange", key=f"{event.id}:{user}"),
            title=Text("有人对数据使用提出异议", "Somebody objects to a use of their data"),
            body=Text("请核实并答复。", "Look into it and answer."),
            source=str(event.id),
            user_id=user,
            link="/work/exchange/objections/",
        )
