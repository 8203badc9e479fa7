"""维修工单: ordered, accepted, on site, repaired, verified or refused, with the clock of the kind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.things.actions.register import history
from quancheng.capabilities.things.models import (
    OPEN,
    Alarm,
    DeviceEvent,
    Maintainer,
    RepairOrder,
    RepairStep,
    Station,
    Status,
)
from quancheng.capabilities.things.raising import tell_status
from quancheng.core.rules.model import thaw
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, photos, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

_S = RepairOrder.State
MOVES: dict[str, frozenset[str]] = {
    _S.ORDERED: frozenset({_S.ACCEPTED, _S.REFUSED}),
    _S.ACCEPTED: frozenset({_S.ON_SITE, _S.REPAIRED, _S.REFUSED}),
    _S.ON_SITE: frozenset({_S.REPAIRED}),
    _S.REPAIRED: frozenset({_S.VERIFIED, _S.ACCEPTED}),
}
"""What may follow what; the owner decides after "repaired", the maintainer before."""


def hours_for(kind: str, at: datetime) -> int:
    """Hours a repair may take by kind, as in force on the day it is ordered."""
    table: Any = thaw(rulebook.find("things.repair_hours", on=at.astimezone(clock.LOCAL).date()).value)
    return int(table.get(kind) or table["other"])


@action("things.order_repair")
def order_repair(
    call: Call, *, station: str, cause: str, text: str, maintainer: str = "", alarm: int | None = None
) -> RepairOrder:
    """派修: to the device's maintainer or the one named; one open order a device.

    Raises NotFound, Forbidden, InvalidInput (no maintainer, no text), Conflict (open order, retired).
    """
    from quancheng.capabilities.things.queries import alarm as visible_alarm
    from quancheng.capabilities.things.queries import station as visible_station

    found = visible_station(call.actor, station)
    access.require(call.actor, "manage", found)
    wrong: dict[str, Text] = {}
    firm = Maintainer.objects.filter(code=maintainer).first() if maintainer else found.maintainer
    if firm is None:
        wrong["maintainer"] = Text("请选择运维单位", "Choose a maintainer")
    if cause not in RepairOrder.Cause.values:
        wrong["cause"] = Text("请选择原因", "Choose a cause")
    if not 0 < len(text.strip()) <= 500:
        wrong["text"] = Text("请写明情况，最多500字", "Say what is wrong, 500 characters at most")
    if wrong or firm is None:
        raise InvalidInput(fields=wrong)
    if found.status == Status.RETIRED:
        raise Conflict(Text("设备已退役。", "The device is retired."))
    if RepairOrder.objects.filter(station=found, state__in=OPEN).exists():
        raise Conflict(Text("这台设备已有未办结的工单。", "The device has an open order already."))
    source: Alarm | None = visible_alarm(call.actor, alarm) if alarm is not None else None
    order: RepairOrder = RepairOrder.objects.create(
        number=_number(call.at), station=found, alarm=source, maintainer=firm, cause=cause, text=text.strip(),
        created_at=call.at, created_by=str(call.actor)[:120],
        due_at=call.at + timedelta(hours=hours_for(found.kind, call.at)), simulated=found.simulated,
    )  # fmt: skip
    RepairStep.objects.create(
        order=order, at=call.at, state=_S.ORDERED, by=str(call.actor)[:120], note=text[:500]
    )
    history(call, found, DeviceEvent.What.ORDERED, order.number).save()
    audit.note(order=order.number, station=found.code, maintainer=firm.code)
    _tell(order, "ordered", str(call.actor)[:120], text)
    return order


def _number(at: datetime) -> str:
    """WX-20261122-0001: by local day, in order."""
    head = f"WX-{at.astimezone(clock.LOCAL):%Y%m%d}-"
    last = RepairOrder.objects.filter(number__startswith=head).order_by("-number").first()
    return f"{head}{(int(last.number[-4:]) if last else 0) + 1:04d}"


@action("things.move_order")
def move_order(call: Call, *, number: str, state: str, note: str = "", photo: Any = None) -> RepairOrder:
    """推进工单: the maintainer accepts, arrives, repairs or refuses (refusing needs a reason).

    Raises NotFound, Forbidden, InvalidInput (unknown state, no reason, no picture), Conflict (out of order).
    """
    order = _order(call, number, "work")
    if state not in (_S.ACCEPTED, _S.ON_SITE, _S.REPAIRED, _S.REFUSED):
        raise InvalidInput(fields={"state": Text("请选择下一步", "Choose the next step")})
    if state == _S.REFUSED and not note.strip():
        raise InvalidInput(fields={"note": Text("请写明退单原因", "Say why it is refused")})
    if order.state == _S.REPAIRED:
        raise Conflict(Text("等待验收。", "It waits to be verified."))
    photos.check(photo)
    if photo:
        order.photo = photo
    return _move(call, order, state, note)


@action("things.verify_order")
def verify_order(call: Call, *, number: str, passed: bool, note: str = "") -> RepairOrder:
    """验收: the owner confirms the repair, or sends it back with the reason.

    A device that was faulty is in service again. Raises NotFound, Forbidden, InvalidInput, Conflict.
    """
    order = _order(call, number, "verify")
    if order.state != _S.REPAIRED:
        raise Conflict(Text("尚未修复，不能验收。", "It is not repaired yet."))
    if not passed:
        if not note.strip():
            raise InvalidInput(fields={"note": Text("请写明退回原因", "Say why it is sent back")})
        return _move(call, order, _S.ACCEPTED, note)
    station = order.station
    if station.status == Status.FAULTY:
        after = Status.ONLINE if _speaks(station, order) else Status.SILENT
        tell_status(station, after)
        Station.objects.filter(pk=station.pk).update(status=after, changed_at=call.at)
    history(call, station, DeviceEvent.What.REPAIRED, order.number).save()
    return _move(call, order, _S.VERIFIED, note)


def _speaks(station: Station, order: RepairOrder) -> bool:
    return station.last_seen is not None and station.last_seen > order.created_at


@action("things.mark_overdue", idempotent=False)
def mark_overdue(call: Call) -> int:
    """超时提醒: orders past their time are told once; how many."""
    access.require(call.actor, "prune", Station)
    late = RepairOrder.objects.filter(state__in=OPEN, due_at__lt=call.at, overdue_told=False)
    rows = list(late.select_related("station", "maintainer").order_by("due_at")[:500])
    for order in rows:
        _tell(order, "overdue", "system:things", "")
    RepairOrder.objects.filter(pk__in=[order.pk for order in rows]).update(overdue_told=True)
    audit.note(overdue=len(rows))
    return len(rows)


def _order(call: Call, number: str, verb: str) -> RepairOrder:
    seen = access.visible(call.actor, RepairOrder).filter(number=number)
    found: RepairOrder | None = seen.select_related("station", "maintainer").first()
    if found is None:
        raise NotFound(Text(f"没有工单 {number[:24]}。", f"There is no order {number[:24]}."))
    access.require(call.actor, verb, found)
    rows = RepairOrder.objects.select_for_update(of=("self",)).select_related("station", "maintainer")
    locked: RepairOrder = rows.get(pk=found.pk)
    return locked


def _move(call: Call, order: RepairOrder, state: str, note: str) -> RepairOrder:
    if state not in MOVES.get(order.state, frozenset()):
        raise Conflict(Text("工单现在不能这样办。", "The order cannot take this step now."))
    before, order.state = order.state, state
    order.ended_at = call.at if state in (_S.VERIFIED, _S.REFUSED) else None
    order.save(update_fields=["state", "ended_at", "photo"])
    by = str(call.actor)[:120]
    RepairStep.objects.create(order=order, at=call.at, state=state, by=by, note=note.strip()[:500])
    audit.note(order=order.number, before=before, state=state, note=note)
    _tell(order, "moved", by, note)
    return order


def _tell(order: RepairOrder, what: str, by: str, note: str) -> None:
    events.emit(
        f"things.order.{what}",
        order.number,
        {
            "number": order.number, "station": order.station.code, "maintainer": order.maintainer.code,
            "state": str(order.state), "cause": order.cause, "due_at": order.due_at.isoformat(), "by": by,
            "note": note.strip()[:500], "simulated": order.simulated, "link": order.get_absolute_url(),
        },
    )  # fmt: skip
