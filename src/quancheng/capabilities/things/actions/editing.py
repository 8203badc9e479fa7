"""修改设备: facts of a device changed by its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.things.actions.register import history, locked, measured
from quancheng.capabilities.things.facts import calibration_due, wrong_fields
from quancheng.capabilities.things.models import Datastream, DeviceEvent, Station, Status
from quancheng.capabilities.things.places import places_changed
from quancheng.core.text import Text
from quancheng.kernel import audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

EDITABLE = (
    "zh", "en", "kind", "lon", "lat", "region", "department", "protocol", "address", "maker", "model", "serial",
    "installed_on", "note",
)  # fmt: skip


@action("things.edit_device")
def edit_device(call: Call, *, code: str, facts: Mapping[str, Any]) -> Station:
    """修改设备: the named facts of ``EDITABLE``; streams are added for what a new kind measures.

    Raises NotFound, Forbidden, InvalidInput with the fields at fault, Conflict (address taken, retired).
    """
    station = locked(call, code, "manage")
    if station.status == Status.RETIRED:
        raise Conflict(Text("设备已退役，不能修改。", "The device is retired and cannot be changed."))
    now = {name: getattr(station, name) for name in EDITABLE}
    wanted = _wanted(station, now, facts)
    changed = {name: value for name, value in wanted.items() if now[name] != value}
    if not changed:
        return station
    for name, value in changed.items():
        setattr(station, name, value)
    station.calibration_due, station.changed_at = calibration_due(station), call.at
    station.save(update_fields=[*changed, "calibration_due", "changed_at"])
    if "region" in changed:
        places_changed(call.at)
    known = set(Datastream.objects.filter(station=station).values_list("prop", flat=True))
    missing = [Datastream.of(station, prop) for prop in measured(station) if prop not in known]
    Datastream.objects.bulk_create(missing)
    history(call, station, DeviceEvent.What.EDITED, "、".join(sorted(changed)), fields=sorted(changed)).save()
    audit.note(
        code=code,
        before={name: str(now[name]) for name in changed},
        after={n: str(v) for n, v in changed.items()},
    )
    events.emit("things.device.changed", code, {"code": code, "fields": sorted(changed)})
    return station


def _wanted(station: Station, now: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The new facts as they are kept; raises InvalidInput, Conflict."""
    wanted = {name: facts[name] for name in EDITABLE if name in facts}
    if wrong := wrong_fields(dict(now) | wanted | {"code": station.code}):
        raise InvalidInput(fields={name: text for name, text in wrong.items() if name != "code"} or wrong)
    for name in ("zh", "en", "maker", "model", "serial", "note"):
        if name in wanted:
            wanted[name] = str(wanted[name] or "").strip()[:300]
    for name in ("lon", "lat"):
        if name in wanted:
            wanted[name] = float(wanted[name])
    if "address" in wanted:
        wanted["address"] = str(wanted["address"] or "").upper() or None
        taken = Station.objects.filter(address=wanted["address"]).exclude(pk=station.pk)
        if wanted["address"] and taken.exists():
            raise Conflict(Text("设备地址已被使用。", "The address is taken."))
    return wanted
