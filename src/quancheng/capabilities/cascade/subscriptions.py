"""What cascade hears: entries of the catalogue become rows of its stream; silence and differences reach people."""

from __future__ import annotations

from dataclasses import replace

from quancheng.capabilities.cascade.forms_of_tables import CATALOGUE
from quancheng.capabilities.cascade.hearing import publish
from quancheng.capabilities.cascade.network import own_name
from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.core.cascade import Edit, Remove, RowId, Upsert
from quancheng.core.catalogue import Level, Resource, canonical, shared_items
from quancheng.core.catalogue.restriction import in_force
from quancheng.core.text import Text
from quancheng.kernel import events, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event

SHARED = (Level.ONE, Level.TWO)
"""Items of these levels are described to other nodes; those above only to people here who may see them."""


@events.subscribe("catalogue.entry.*", "cascade.entries")
def carry_entry(event: Event) -> None:
    """目录条目级联: the entry as last published, under its stable id; news about drafts is no news."""
    what = event.type.rpartition(".")[2]
    entry_id = str(event.data.get("entry_id") or "")
    if what not in ("published", "changed", "withdrawn") or not entry_id:
        return
    row = RowId(own_name(), entry_id)
    found = catalogue.trusted_entry(entry_id)
    edit: Edit = Remove(row)
    if what != "withdrawn" and found is not None and found.live:
        body = canonical(_shown(found.resource)).decode()
        edit = Upsert(row, rulebook.city_region(), found.organ, body)
    publish(Call.system("cascade", key=f"event:{event.id}"), stream=CATALOGUE, edits=[edit])


def _shown(resource: Resource) -> Resource:
    """The entry without items that are not shared or too sensitive to be described elsewhere."""
    items = tuple(item for item in shared_items(resource) if in_force(resource, item).level in SHARED)
    return replace(resource, items=items)


@events.subscribe("cascade.neighbour.silent", "cascade.tell_silence")
def tell_silence(event: Event) -> None:
    """失联提醒: to those who look after the cascade, once for each silence."""
    zh, en = str(event.data.get("zh", "")), str(event.data.get("en", ""))
    _tell(
        event,
        Text(f"级联节点失联：{zh}", f"Neighbour silent: {en}"),
        Text(
            "超过约定时间没有心跳，请联系对方并查看最近故障。",
            "No heartbeat in time: call the other side and see the last fault.",
        ),
        f"/work/cascade/neighbours/{event.subject}/",
    )


@events.subscribe("cascade.counts.differ", "cascade.tell_difference")
def tell_difference(event: Event) -> None:
    """对账不一致提醒."""
    ours, theirs = event.data.get("ours"), event.data.get("theirs")
    code = event.subject.partition("/")[0]
    _tell(
        event,
        Text(f"级联对账不一致：{event.data.get('stream')}", f"Counts differ: {event.data.get('stream')}"),
        Text(
            f"本方 {ours} 行，对方 {theirs} 行，请查找差异并修复。",
            f"Ours {ours}, theirs {theirs}: find and repair the difference.",
        ),
        f"/work/cascade/neighbours/{code}/",
    )


def _tell(event: Event, title: Text, body: Text, link: str) -> None:
    call = Call.system("cascade", key=f"event:{event.id}")
    for user in people.officials(call.actor, "cascade.officer"):
        messages.send_message(
            call, title=title, body=body, source=f"cascade:{event.id}", user_id=user.pk, link=link
        )
