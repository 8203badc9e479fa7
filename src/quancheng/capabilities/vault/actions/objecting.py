"""Objections: a fact is wrong; its department answers and repairs; those who had it are told."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.vault import readers
from quancheng.capabilities.vault.models import Item, Objection, Use
from quancheng.capabilities.vault.refusing import told
from quancheng.core.text import Text
from quancheng.core.vault import objection as core
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput


@action("vault.objection.file")
def file_objection(call: Call, *, item: Item, claimed: str, said: str) -> Objection:
    """提出异议 to a fact about oneself. Raises Forbidden, InvalidInput, Conflict (one is open already)."""
    person_id = call.actor.person_id
    if person_id is None:
        raise Forbidden()
    wrong = _wrong(claimed, said)
    if wrong:
        raise InvalidInput(fields=wrong)
    done = [core.ObjectionState.TOLD.value]
    if Objection.objects.filter(person_id=person_id, item=item).exclude(state__in=done).exists():
        raise Conflict(Text("这一项已有正在办理的异议。", "An objection to this item is already open."))
    held = readers.facts(person_id, [item]).get(item.code) or ""
    given = Use.objects.filter(person_id=person_id).select_related("recipient")
    receivers = {one.recipient.code for one in given if item.code in {part["code"] for part in one.items}}
    value = core.file(item.code, said=said.strip(), by=core.PERSON, receivers=receivers, at=call.at)
    days = rulebook.find("vault.objection_days").integer()
    row = Objection(
        number=f"VO{call.at.astimezone(clock.LOCAL):%Y%m%d}-{secrets.token_hex(4)}", person_id=person_id, item=item,
        department=item.source.department, held=held[:300], claimed=claimed.strip(), said=said.strip(),
        filed_at=call.at, due_on=clock.today() + timedelta(days=days), simulated=call.actor.simulated,
    )  # fmt: skip
    _keep(row, value)
    access.require(call.actor, "file", row)
    _told(row, "filed")
    return row


@action("vault.objection.accept", idempotent=False)
def accept_objection(call: Call, *, objection: Objection, said: str) -> Objection:
    """受理: will be repaired. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", objection)
    return _step(
        call, objection, lambda one, at: core.accept(one, said=said.strip(), by=str(call.actor), at=at)
    )


@action("vault.objection.reject", idempotent=False)
def reject_objection(call: Call, *, objection: Objection, said: str) -> Objection:
    """不予更正, with a reason. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", objection)
    return _step(
        call, objection, lambda one, at: core.reject(one, said=said.strip(), by=str(call.actor), at=at)
    )


@action("vault.objection.repair", idempotent=False)
def repair_objection(call: Call, *, objection: Objection, said: str) -> Objection:
    """已更正: what was changed at the source. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", objection)
    return _step(
        call, objection, lambda one, at: core.repair(one, said=said.strip(), by=str(call.actor), at=at)
    )


@action("vault.objection.tell", idempotent=False)
def tell_receiver(call: Call, *, objection: Objection, whom: str) -> Objection:
    """告知一方; telling twice is nothing. Raises Forbidden."""
    access.require(call.actor, "tell", objection)
    row: Objection = Objection.objects.select_for_update().get(pk=objection.pk)
    value = _value(row)
    if whom in value.to_tell:
        with told():
            _keep(row, core.tell(value, whom, at=max(call.at, value.moves[-1].at)))
    audit.note(number=row.number, whom=whom)
    return row


def _step(
    call: Call, objection: Objection, move: Callable[[core.Objection, datetime], core.Objection]
) -> Objection:
    row: Objection = Objection.objects.select_for_update().get(pk=objection.pk)
    value = _value(row)
    with told():
        moved = move(value, max(call.at, value.moves[-1].at))
    _keep(row, moved)
    audit.note(number=row.number, state=row.state)
    _told(row, row.state)
    return row


def _told(row: Objection, state: str) -> None:
    data = {
        "number": row.number, "state": state, "person_id": row.person_id, "department": row.department.code,
        "item": row.item.name, "to_tell": sorted(_value(row).to_tell), "simulated": row.simulated,
    }  # fmt: skip
    events.emit("vault.objection.moved", row.number, data)


def _wrong(claimed: str, said: str) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not 1 <= len(claimed.strip()) <= 300:
        wrong["claimed"] = Text("请填写您认为正确的内容", "Enter what you think is right")
    if not 2 <= len(said.strip()) <= 500:
        wrong["said"] = Text("请说明哪里不对，2至500字", "Say what is wrong, 2 to 500 characters")
    return wrong


def _value(row: Objection) -> core.Objection:
    moves = tuple(
        core.Move(
            core.ObjectionState(one["state"]), datetime.fromisoformat(one["at"]), one["by"], one["said"]
        )
        for one in row.moves
    )
    state = core.ObjectionState(row.state)
    return core.Objection(row.item.code, frozenset(row.receivers), state, moves, frozenset(row.told))


def _keep(row: Objection, value: core.Objection) -> None:
    moves: list[dict[str, Any]] = [
        {"state": one.state.value, "at": one.at.isoformat(), "by": one.by[:100], "said": one.said[:500]}
        for one in value.moves
    ]
    row.state, row.moves = value.state.value, moves
    row.receivers, row.told = sorted(value.receivers), sorted(value.told)
    row.save()
