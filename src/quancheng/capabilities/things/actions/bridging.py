"""衔接: stations enrolled in SensorThings, readings handed on to the observation store."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.things import bridge
from quancheng.capabilities.things.models import BridgePosition, Station
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action


@action("things.enrol", idempotent=False)
def enrol(call: Call, *, codes: Sequence[str]) -> int:
    """入册: these stations become SensorThings things with their streams; how many streams are new."""
    access.require(call.actor, "ingest", Station)
    stations = list(Station.objects.filter(code__in=list(codes)).order_by("pk"))
    number = bridge.enrol_stations(call, stations)
    audit.note(stations=len(stations), streams=number)
    return number


@action("things.note_bridge", idempotent=False)
def note_bridge(call: Call, *, position: int) -> int:
    """记下衔接进度; never backwards."""
    access.require(call.actor, "ingest", Station)
    row, _made = BridgePosition.objects.select_for_update().get_or_create(name=bridge.READINGS)
    if position > row.position:
        row.position, row.moved_at = position, call.at
        row.save(update_fields=["position", "moved_at"])
    audit.note(position=row.position)
    return int(row.position)
