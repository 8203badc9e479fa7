"""批量登记: devices from a file, all or none; taken back within a day while nothing hangs on them."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from quancheng.capabilities.things import bridge, csv_files
from quancheng.capabilities.things.actions.register import register_stations
from quancheng.capabilities.things.models import (
    ImportBatch,
    Maintainer,
    RecentReading,
    RepairOrder,
    Station,
    Status,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Expired, InvalidInput, NotFound

UNDO = timedelta(days=1)


@action("things.import_devices")
def import_devices(call: Call, *, name: str, content: str) -> ImportBatch:
    """批量登记: every row of a CSV, or nothing when one is wrong (the rows at fault are in ``extra``).

    The same content a second time is a Conflict. Raises Forbidden, InvalidInput, TooLarge, Conflict.
    """
    access.require(call.actor, "register", Station)
    raw = content.encode()
    digest = hashlib.sha256(raw).hexdigest()
    if ImportBatch.objects.filter(digest=digest, undone_at=None).exists():
        raise Conflict(Text("这份文件已登记过。", "This file was registered before."))
    lines = csv_files.read(raw)
    bad = [line for line in lines if line.wrong]
    if bad:
        rows = [
            {"row": line.number, "wrong": {n: text.to_dict() for n, text in line.wrong.items()}}
            for line in bad
        ]
        raise InvalidInput(
            Text(f"有{len(bad)}行有误，一行也没有登记。", f"{len(bad)} rows are wrong; none was registered."),
            extra={"rows": rows[:200]},
        )
    made: ImportBatch = ImportBatch.objects.create(
        name=name[:120], digest=digest, rows=len(lines), by=str(call.actor)[:120], at=call.at
    )
    firms = {one.code: one for one in Maintainer.objects.all()}
    hosts = {str(line.facts.get("host") or "") for line in lines}
    poles = (
        {one.code: one for one in Station.objects.filter(code__in=sorted(hosts)[:30_000])}
        if any(hosts)
        else {}
    )
    rows_in = [
        line.facts
        | {
            "maintainer": firms.get(str(line.facts.get("maintainer") or "")),
            "host": poles.get(str(line.facts.get("host") or "")),
            "batch": made,
        }
        for line in lines
    ]
    register_stations(call.with_key(None), rows=rows_in)
    audit.note(file=made.name, devices=len(lines))
    return made


@action("things.undo_import")
def undo_import(call: Call, *, batch: int) -> ImportBatch:
    """撤销批量登记: within a day, while no device of it was installed, spoke or was ordered for repair.

    Raises NotFound, Forbidden, Expired, Conflict (names the first device in use).
    """
    access.require(call.actor, "register", Station)
    found: ImportBatch | None = ImportBatch.objects.select_for_update().filter(pk=batch).first()
    if found is None:
        raise NotFound(Text("没有这次批量登记。", "There is no such import."))
    if found.undone_at is not None:
        raise Conflict(Text("已撤销。", "It was taken back already."))
    if call.at - found.at > UNDO:
        raise Expired(Text("超过一天，不能撤销。", "More than a day ago: it cannot be taken back."))
    stations = Station.objects.filter(batch=found)
    busy = (
        stations.exclude(status__in=[Status.PLANNED, Status.INSTALLED]).first()
        or stations.filter(streams__in=RecentReading.objects.values("datastream")).first()
        or stations.filter(orders__in=RepairOrder.objects.all()).first()
        or stations.filter(alarms__isnull=False).first()
    )
    if busy is not None:
        raise Conflict(Text(f"设备{busy.code}已在用，不能撤销。", f"Device {busy.code} is in use already."))
    things = list(stations.exclude(thing=None).values_list("thing", flat=True))
    bridge.withdraw(Call.system("things"), things)
    removed = stations.count()
    stations.delete()
    found.undone_at, found.undone_by = call.at, str(call.actor)[:120]
    found.save(update_fields=["undone_at", "undone_by"])
    audit.note(file=found.name, devices=removed)
    events.emit("things.import.undone", str(found.pk), {"batch": found.pk, "devices": removed})
    return found
