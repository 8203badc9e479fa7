"""入设备台账: cameras are devices of the city; the register of things counts them for the plan's coverage figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things import queries as things_queries
from quancheng.capabilities.video.models import Camera, Status
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["CHUNK", "enrol_cameras"]

CHUNK = 500
CHANGES = 1000
"""Changed states handed on in one round: after an outage of the city the next rounds do the rest."""
_LEAD = "jn-data"
"""Who answers for a camera without owner: the lead of the video platform."""
_STATES = {Status.PLANNED: "planned", Status.ONLINE: "online", Status.OFFLINE: "silent"}
_RETIRED = "retired"
_NOTE = "视频目录同步"


@action("video.enrol_cameras", idempotent=False)
def enrol_cameras(call: Call, *, limit: int = 20_000) -> dict[str, int]:
    """摄像机入设备台账: those that are not registered as devices are, in chunks; changed states are handed on.

    Once registered under its 20-digit code a camera is found again, so a repeat changes nothing. Cameras
    without a place cannot be registered and are counted. At most ``limit`` new devices a round. Raises Forbidden.
    """
    access.require(call.actor, "sync", Camera)
    done = {"registered": 0, "changed": 0, "retired": 0, "without_place": 0, "refused": 0}
    rows = Camera.objects.select_related("owner", "platform__owner").order_by("code")
    for chunk in _chunks(rows.iterator(chunk_size=CHUNK)):
        known = _known(call, chunk)
        fresh = [one for one in chunk if one.code not in known and one.status != Status.REMOVED]
        placed = [one for one in fresh if one.lon is not None and one.lat is not None]
        done["without_place"] += len(fresh) - len(placed)
        if placed and done["registered"] < limit:
            made = _registered(call, placed)
            done["registered"] += made
            done["refused"] += len(placed) - made
        _hand_on(call, chunk, known, done)
    audit.note(**done)
    return done


def _chunks(rows: Iterator[Camera]) -> Iterator[list[Camera]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _known(call: Call, chunk: Sequence[Camera]) -> dict[str, tuple[str, str]]:
    """Camera code → code and state of its device; one registered by hand is known by its address."""
    codes = [one.code for one in chunk]
    stations = things_queries.stations(call.actor)
    found: dict[str, tuple[str, str]] = {}
    for code, address, status in [
        *stations.filter(address__in=codes).values_list("code", "address", "status"),
        *stations.filter(code__in=codes).values_list("code", "address", "status"),
    ]:
        found[address if address in codes else code] = (code, status)
    return found


def _registered(call: Call, cameras: Sequence[Camera]) -> int:
    """All of a chunk at once; when one is refused, each by itself, so that one bad name does not hold up the rest."""
    try:
        return len(things.register_stations(call, rows=[_row(one) for one in cameras]))
    except (InvalidInput, Conflict):
        if len(cameras) == 1:
            return 0
    return sum(_registered(call, [one]) for one in cameras)


def _row(one: Camera) -> dict[str, Any]:
    owner = one.owner or (one.platform.owner if one.platform else None)
    return {
        "code": one.code, "zh": one.name[:80], "en": f"Camera {one.code}", "kind": "camera", "lon": one.lon,
        "lat": one.lat, "region": one.region, "department": owner.code if owner else _LEAD, "protocol": "GB28181",
        "address": one.code, "status": _STATES[Status(one.status)], "simulated": one.simulated, "note": _NOTE,
    }  # fmt: skip


def _hand_on(
    call: Call, chunk: Sequence[Camera], known: dict[str, tuple[str, str]], done: dict[str, int]
) -> None:
    states: dict[str, str] = {}
    for one in chunk:
        code, before = known.get(one.code, ("", ""))
        if not code or before == _RETIRED or done["changed"] + len(states) + done["retired"] >= CHANGES:
            continue
        if one.status == Status.REMOVED:
            things.retire(call, code=code, note=_NOTE)
            done["retired"] += 1
        elif before != _STATES[Status(one.status)]:
            states[code] = _STATES[Status(one.status)]
    if states:
        done["changed"] += things.update_statuses(call, rows=states, note=_NOTE)
