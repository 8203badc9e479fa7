"""登记: stations and devices enter the register and change their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.things import raising
from quancheng.capabilities.things.facts import SL651, TEXTS, calibration_due, wrong_fields
from quancheng.capabilities.things.models import Datastream, DeviceEvent, Station, Status
from quancheng.capabilities.things.properties import ALSO, MAIN, VOLTAGE
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge

MOST = 5_000
"""Devices of one change of states."""
_FIELDS = ("code", "zh", "en", "kind", "lon", "lat", "region", "department")


@action("things.register_station")
def register_station(call: Call, /, **facts: Any) -> Station:
    """登记站点: code, zh, en, kind, lon, lat, region, department; address, simulated, status optional.

    Raises InvalidInput with the fields at fault, Conflict for a code or address already used.
    """
    access.require(call.actor, "register", Station)
    return _register(call, [facts])[0]


@action("things.register_stations", idempotent=False)
def register_stations(call: Call, *, rows: Sequence[Mapping[str, Any]]) -> list[Station]:
    """批量登记: as :func:`register_station`, all or none."""
    access.require(call.actor, "register", Station)
    made = _register(call, rows)
    audit.note(stations=len(made))
    return made


def _register(call: Call, rows: Sequence[Mapping[str, Any]]) -> list[Station]:
    stations = [_station(call, row) for row in rows]
    codes = [station.code for station in stations]
    addresses = [station.address for station in stations if station.address]
    taken = set(Station.objects.filter(code__in=codes).values_list("code", flat=True))
    used = set(Station.objects.filter(address__in=addresses).values_list("address", flat=True))
    if taken or used or len(set(codes)) < len(codes) or len(set(addresses)) < len(addresses):
        which = "、".join(sorted(taken | used)[:5])
        raise Conflict(
            Text(f"站码或设备地址已被使用：{which}", f"The code or address is taken: {which}"),
            todo=Text("请换一个站码或地址。", "Choose another code or address."),
        )
    made = Station.objects.bulk_create(stations, batch_size=500)
    streams = [Datastream.of(station, prop) for station in made for prop in measured(station)]
    Datastream.objects.bulk_create(streams, batch_size=500)
    DeviceEvent.objects.bulk_create(
        [history(call, station, DeviceEvent.What.REGISTERED, station.note) for station in made],
        batch_size=500,
    )
    for station in made:
        events.emit(
            "things.station.registered",
            station.code,
            {"code": station.code, "kind": station.kind, "region": station.region, "status": station.status,
             "before": ""},
        )  # fmt: skip
    return list(made)


def measured(station: Station) -> list[str]:
    """Properties a new device gets streams for."""
    found = [MAIN[station.kind], *ALSO.get(station.kind, ())]
    if station.address and station.protocol == SL651:
        found.append(VOLTAGE)
    return [prop for prop in found if prop]


def history(
    call: Call, station: Station, what: DeviceEvent.What, note: str = "", **detail: Any
) -> DeviceEvent:
    """An unsaved line of what was done to a device."""
    return DeviceEvent(
        station=station,
        at=call.at,
        what=what,
        by=str(call.actor)[:120],
        note=note.strip()[:300],
        detail=detail,
    )


def _station(call: Call, row: Mapping[str, Any]) -> Station:
    wrong = wrong_fields(row)
    if wrong:
        raise InvalidInput(fields=wrong)
    station = Station(**{name: row[name] for name in _FIELDS})
    station.zh, station.en = station.zh.strip(), station.en.strip()
    station.lon, station.lat = float(row["lon"]), float(row["lat"])
    station.protocol = str(row.get("protocol") or SL651)
    station.address = str(row.get("address") or "").upper() or None
    for name in TEXTS:
        setattr(station, name, str(row.get(name) or "").strip())
    station.maintainer = row.get("maintainer") or None
    station.host = row.get("host") or None
    station.batch = row.get("batch") or None
    station.installed_on, station.calibrated_on = row.get("installed_on"), row.get("calibrated_on")
    station.calibration_due = calibration_due(station)
    station.simulated = bool(row.get("simulated", False))
    station.status = row.get("status", Status.PLANNED)
    station.note = str(row.get("note", ""))[:300]
    station.changed_at = call.at
    return station


@action("things.update_status")
def update_status(call: Call, *, code: str, status: str, note: str = "") -> Station:
    """变更状态: a person says what state a station is in. Raises NotFound, Forbidden, InvalidInput, Conflict."""
    station = locked(call, code, "manage")
    if status not in Status.values or status == Status.RETIRED:
        raise InvalidInput(
            fields={"status": Text("请选择状态；退役请用“退役”", "Choose a state; to retire use retire")}
        )
    return _change(call, station, Status(status), note)


@action("things.update_statuses", idempotent=False)
def update_statuses(call: Call, *, rows: Mapping[str, str], note: str = "") -> int:
    """成批变更状态: code → state, as :func:`update_status` for each, all or none; how many changed.

    For modules that hear of many devices at once: those in that state already, and retired ones, are left
    alone. At most 5,000. Raises Forbidden, NotFound (the first unknown code), InvalidInput, TooLarge.
    """
    access.require(call.actor, "manage", Station)
    if len(rows) > MOST:
        raise TooLarge(Text(f"一次最多{MOST}台设备。", f"At most {MOST} devices at once."))
    if wrong := set(rows.values()) - (set(Status.values) - {Status.RETIRED}):
        raise InvalidInput(
            fields={"status": Text(f"没有这种状态：{min(wrong)}", f"No such state: {min(wrong)}")}
        )
    stations = list(
        access.visible(call.actor, Station)
        .select_for_update(of=("self",))
        .filter(code__in=rows)
        .order_by("pk")
    )
    if missing := set(rows) - {one.code for one in stations}:
        raise NotFound(Text(f"没有设备 {min(missing)}。", f"There is no device {min(missing)}."))
    changing = [one for one in stations if one.status not in {rows[one.code], Status.RETIRED}]
    _require_all(call, changing)
    for one in changing:
        raising.tell_status(one, Status(rows[one.code]))
        one.status, one.note, one.changed_at = Status(rows[one.code]), note.strip()[:300], call.at
    Station.objects.bulk_update(changing, ["status", "note", "changed_at"], batch_size=500)
    DeviceEvent.objects.bulk_create(
        [history(call, one, DeviceEvent.What.STATUS, note, status=str(one.status)) for one in changing],
        batch_size=500,
    )
    audit.note(
        changed=len(changing), given=len(rows), note=note[:300], first=[one.code for one in changing[:20]]
    )
    return len(changing)


def _require_all(call: Call, stations: Sequence[Station]) -> None:
    """One question for all; the one that may not be managed raises Forbidden by itself."""
    keys = [one.pk for one in stations]
    may = access.visible(call.actor, Station, verb="manage").filter(pk__in=keys)
    allowed = set(may.values_list("pk", flat=True))
    for one in stations:
        if one.pk not in allowed:
            access.require(call.actor, "manage", one)


@action("things.retire")
def retire(call: Call, *, code: str, note: str) -> Station:
    """退役: the station's frames are refused from now on; its data stay."""
    station = locked(call, code, "manage")
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明退役原因", "Say why it is retired")})
    return _change(call, station, Status.RETIRED, note)


def locked(call: Call, code: str, verb: str) -> Station:
    """The device for a change, if the caller may; raises NotFound, Forbidden."""
    from quancheng.capabilities.things.queries import station

    found = station(call.actor, code)
    access.require(call.actor, verb, found)
    row: Station = Station.objects.select_for_update().get(pk=found.pk)
    return row


def _change(call: Call, station: Station, status: Status, note: str) -> Station:
    if station.status == status:
        raise Conflict(Text("站点已是这个状态。", "The station is in this state already."))
    raising.tell_status(station, status)
    audit.note(code=station.code, before=station.status, status=status.value, note=note)
    station.status, station.note, station.changed_at = status, note.strip()[:300], call.at
    station.save(update_fields=["status", "note", "changed_at"])
    history(call, station, DeviceEvent.What.STATUS, note, status=status.value).save()
    return station
