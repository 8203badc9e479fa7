"""News of the vault: to the person on each request and use, to the recipient on each answer, to officers."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.vault import actions
from quancheng.capabilities.vault.models import DataRequest, Objection, Recipient
from quancheng.core.text import Text
from quancheng.core.vault.objection import PERSON, ObjectionState
from quancheng.kernel import events, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event

_MOST = 20


@events.subscribe("vault.request.made", "vault.tell_person")
def tell_person(event: Event) -> None:
    """有人要您的数据."""
    data = event.data
    who = Text.of(data["recipient"])
    _send(
        event, Text(f"{who.zh}请求使用您的数据", f"{who.en} asks for your data"),
        Text(f"共{data['items']}项。请看清用途，再决定给不给、给哪些。", f"{data['items']} items. See what for, then decide what to give."),
        f"/me/vault/requests/{data['number']}/", "todo",
    )  # fmt: skip


@events.subscribe("vault.use.made", "vault.tell_use")
def tell_use(event: Event) -> None:
    """您的数据被使用了一次."""
    data = event.data
    who = Text.of(data["recipient"])
    _send(
        event, Text(f"{who.zh}使用了您授权的数据", f"{who.en} used the data you granted"),
        Text(f"共{data['items']}项，回执已存入保险箱。", f"{data['items']} items; the receipt is in your vault."),
        f"/me/vault/uses/{data['number']}/",
    )  # fmt: skip


@events.subscribe("vault.grant.*", "vault.tell_recipient")
@events.subscribe("vault.request.refused", "vault.tell_recipient_no")
def tell_recipient(event: Event) -> None:
    """本人已答复: the recipient is called back."""
    number = event.data["number"]
    code = DataRequest.objects.values_list("recipient__code", flat=True).get(number=number)
    jobs.enqueue("vault.notify", {"number": number, "recipient": code})


@events.subscribe("vault.objection.moved", "vault.tell_objection")
def tell_objection(event: Event) -> None:
    """异议有进展: officers on a new one, the person on each step, recipients on a repair."""
    data = event.data
    name = Text.of(data["item"])
    if data["state"] == ObjectionState.FILED.value:
        _tell_officers(event, name)
        return
    said = _STEPS[data["state"]]
    _send(
        event, Text(f"您对“{name.zh}”的异议{said.zh}", f"Your objection to “{name.en}” {said.en}"),
        Text("点开看部门的答复。", "Open it to read the answer."), "/me/vault/objections/",
    )  # fmt: skip
    row = Objection.objects.get(number=data["number"])
    for whom in data["to_tell"]:
        if whom == PERSON:
            actions.tell_receiver(Call.system("vault"), objection=row, whom=PERSON)
        else:
            jobs.enqueue("vault.notify", {"objection": row.number, "recipient": whom})


@events.subscribe("vault.recipient.changed", "vault.tell_again")
def tell_again(event: Event) -> None:
    """重新可用的使用方: repairs it missed while it was suspended."""
    if event.data["standing"] != Recipient.Standing.ACTIVE.value:
        return
    code = event.data["code"]
    for row in Objection.objects.filter(state=ObjectionState.REPAIRED.value).order_by("pk"):
        if code in row.receivers and code not in row.told:
            jobs.enqueue("vault.notify", {"objection": row.number, "recipient": code})


_STEPS = {
    ObjectionState.ACCEPTED.value: Text("已受理", "was accepted"),
    ObjectionState.REPAIRED.value: Text("已更正", "led to a repair"),
    ObjectionState.REJECTED.value: Text("未予更正", "was not followed"),
}


def _send(event: Event, title: Text, body: Text, link: str, kind: str = "notice") -> None:
    if event.data["person_id"] is None:  # nobody fits what the recipient said
        return
    send_message(
        Call.system("vault", key=str(event.id)), title=title, body=body, source=str(event.id),
        person_id=event.data["person_id"], kind=kind, link=link, simulated=bool(event.data.get("simulated")),
    )  # fmt: skip


def _tell_officers(event: Event, name: Text) -> None:
    told = people.officials(Actor.system("vault"), "vault.officer", department_code=event.data["department"])
    for user in told.order_by("pk").values_list("pk", flat=True)[:_MOST]:
        send_message(
            Call.system("vault", key=f"{event.id}:{user}"), title=Text("有人对数据提出异议", "Somebody objects to a fact"),
            body=Text(f"数据项：{name.zh}。请核实并答复。", f"Item: {name.en}. Look into it and answer."),
            source=str(event.id), user_id=user, kind="todo", link=f"/work/vault/objections/{event.data['number']}/",
            simulated=bool(event.data.get("simulated")),
        )  # fmt: skip
