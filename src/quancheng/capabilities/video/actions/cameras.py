"""摄像机: planned by people, told of by catalogues, on and off by the signalling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quancheng.capabilities.video.models import Camera, Conflict, Kind, Platform, Status, StatusChange
from quancheng.capabilities.video.values import CatalogReport, Change
from quancheng.core.gb28181 import ids
from quancheng.core.gb28181.catalog import Item
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput, NotFound, TooLarge

BULK = 5000
TOLD = 500
"""Changes in one event: a city-wide outage is some hundred events, not a hundred thousand."""
_KINDS = {1: Kind.DOME, 2: Kind.HALF_DOME, 3: Kind.FIXED, 4: Kind.FIXED}
_CHANNELS = (ids.Role.CAMERA,)
_EDITABLE = {"name", "lon", "lat", "region", "address", "kind", "smart", "key_area", "owner_id"}


@action("video.plan_cameras", idempotent=False)
def plan_cameras(call: Call, *, rows: Sequence[Mapping[str, Any]]) -> int:
    """规划点位: cameras that should be and are not joined yet; they count in the coverage. Known codes are left.

    Raises Forbidden, InvalidInput, TooLarge.
    """
    access.require(call.actor, "manage", Camera)
    if len(rows) > BULK:
        raise TooLarge(Text(f"一批最多{BULK}个。", f"A batch has {BULK} at most."))
    for place, row in enumerate(rows, 1):
        if not ids.is_code(str(row.get("code", ""))) or not str(row.get("region", "")).isdigit():
            raise InvalidInput(
                Text(f"第{place}行编码或区划有误。", f"Row {place}: code or region is not valid.")
            )
    known = set(Camera.objects.filter(code__in=[row["code"] for row in rows]).values_list("code", flat=True))
    fresh = {row["code"]: row for row in rows if row["code"] not in known}
    Camera.objects.bulk_create(
        [
            Camera(**{**row, "status": Status.PLANNED, "status_at": call.at, "changed_at": call.at})
            for row in fresh.values()
        ],
        batch_size=500,
    )
    audit.note(planned=len(fresh), known=len(known))
    return len(fresh)


@action("video.update_camera")
def update_camera(call: Call, *, code: str, facts: Mapping[str, Any]) -> Camera:
    """更正摄像机资料: name, lon, lat, region, address, kind, smart, key_area, owner_id.

    Raises NotFound, Forbidden, InvalidInput.
    """
    access.require(call.actor, "manage", Camera)
    found: Camera | None = access.visible(call.actor, Camera, verb="manage").filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有摄像机{code[:20]}。", f"There is no camera {code[:20]}."))
    if set(facts) - _EDITABLE or facts.get("kind", Kind.FIXED) not in Kind.values:
        raise InvalidInput(Text("不能更改这些内容。", "These cannot be changed."))
    for name, value in facts.items():
        setattr(found, name, value)
    found.changed_at = call.at
    found.save()
    audit.note(code=code, changed=sorted(facts))
    return found


@action("video.apply_catalog", idempotent=False)
def apply_catalog(call: Call, *, platform: str, items: Sequence[Item], complete: bool) -> CatalogReport:
    """目录入库: what a peer says it has. ``complete``: everything it has, what is missing is removed.

    A code another peer holds stays with it and is noted as a conflict. Codes that are no channel
    (organisations, devices) are ignored. Raises NotFound, Forbidden.
    """
    access.require(call.actor, "sync", Camera)
    peer: Platform | None = Platform.objects.filter(code=platform).first()
    if peer is None:
        raise NotFound(Text(f"没有对端{platform[:20]}。", f"There is no peer {platform[:20]}."))
    wanted = {one.code: one for one in items if ids.role_of(one.code) in _CHANNELS}
    known = {one.code: one for one in Camera.objects.filter(code__in=list(wanted)).select_related("platform")}
    added, updated, same, conflicts = [], [], 0, 0
    for code, one in wanted.items():
        row = known.get(code)
        if row is None:
            added.append(_made(call, peer, one))
        elif row.platform_id not in (None, peer.pk) and row.status != Status.REMOVED:
            _conflict(call, code, row.platform.code, peer.code)
            conflicts += 1
        elif _merge(call, peer, row, one):
            updated.append(row)
        else:
            same += 1
    Camera.objects.bulk_create(added, batch_size=500)
    Camera.objects.bulk_update(updated, _MERGED, batch_size=200)
    removed = _remove(call, peer, set(wanted)) if complete else 0
    report = CatalogReport(len(added), len(updated), removed, same, conflicts, len(items) - len(wanted))
    facts = {
        name: getattr(report, name)
        for name in ("added", "updated", "removed", "same", "conflicts", "ignored")
    }
    if added or updated or removed or conflicts:
        events.emit("video.catalog.updated", platform, {"platform": platform, **facts})
    audit.note(platform=platform, complete=complete, **facts)
    return report


_MERGED = ["name", "platform", "parent", "lon", "lat", "region", "address", "kind", "reported", "status", "status_at",
           "changed_at"]  # fmt: skip


def _made(call: Call, peer: Platform, one: Item) -> Camera:
    return Camera(
        code=one.code, name=one.name or one.code, platform=peer, parent=one.parent, lon=one.lon, lat=one.lat,
        region=_region(one, peer), owner_id=peer.owner_id, address=_plain(one.address), kind=_kind(one),
        reported=one.online, status=_status(peer, one.online), status_at=call.at, changed_at=call.at,
        simulated=peer.simulated,
    )  # fmt: skip


def _merge(call: Call, peer: Platform, row: Camera, one: Item) -> bool:
    """Take over what the peer says; a name or place it leaves out does not wipe ours. True when changed."""
    if one.event == "DEL":
        found = {"status": Status.REMOVED, "reported": False}
    elif one.event in ("ON", "OFF", "VLOST", "DEFECT"):
        on = one.event == "ON"
        found = {"reported": on, "status": _status(peer, on)}
    else:
        found = {"reported": one.online, "status": _status(peer, one.online), "platform_id": peer.pk}
        offered = {
            "name": one.name,
            "parent": one.parent,
            "lon": one.lon,
            "lat": one.lat,
            "address": _plain(one.address),
        }
        found |= {name: value for name, value in offered.items() if value not in ("", None)}
        if one.ptz:
            found["kind"] = _kind(one)
    changed = {name: value for name, value in found.items() if getattr(row, name) != value}
    if not changed:
        return False
    if "status" in changed:
        row.status_at = call.at
        _write_changes(call, [(row, changed["status"] == Status.ONLINE, call.at, "catalogue", False)])
    for name, value in changed.items():
        setattr(row, name, value)
    row.changed_at = call.at
    return True


def _remove(call: Call, peer: Platform, kept: set[str]) -> int:
    gone = [
        one
        for one in Camera.objects.filter(platform=peer).exclude(status__in=[Status.REMOVED, Status.PLANNED])
        if one.code not in kept and one.code != peer.code
    ]
    for one in gone:
        one.status, one.reported, one.status_at, one.changed_at = Status.REMOVED, False, call.at, call.at
    Camera.objects.bulk_update(gone, ["status", "reported", "status_at", "changed_at"], batch_size=200)
    return len(gone)


@action("video.note_conflict", idempotent=False)
def note_conflict(call: Call, *, code: str, holder: str, claimant: str) -> Conflict:
    """编码冲突: two speak under one code; the first stays. Raises Forbidden."""
    access.require(call.actor, "sync", Camera)
    return _conflict(call, code, holder, claimant)


def _conflict(call: Call, code: str, holder: str, claimant: str) -> Conflict:
    row, made = Conflict.objects.get_or_create(
        code=code,
        claimant=claimant[:80],
        defaults={"holder": holder[:80], "first_at": call.at, "last_at": call.at},
    )
    if not made:
        row.last_at, row.times, row.holder = call.at, row.times + 1, holder[:80]
        row.save(update_fields=["last_at", "times", "holder"])
    else:
        events.emit(
            "video.camera.conflict", code, {"code": code, "holder": holder[:80], "claimant": claimant[:80]}
        )
    found: Conflict = row
    return found


@action("video.record_changes", idempotent=False)
def record_changes(call: Call, *, changes: Sequence[Change]) -> int:
    """上下线入库: peers that went on or off, with their cameras; each change of a camera is told once.

    A change that is already known (a repeat after a crash) changes nothing. Returns cameras changed.
    Raises Forbidden.
    """
    access.require(call.actor, "sync", Camera)
    newest = {one.peer: one for one in changes}
    rows = list(Platform.objects.filter(code__in=list(newest)))
    touched = []
    for row in rows:
        one = newest[row.code]
        if (row.online, row.flapping) != (one.online, one.flapping) or row.online_changed_at is None:
            row.online, row.flapping, row.online_changed_at = one.online, one.flapping, one.at
            touched.append(row)
    Platform.objects.bulk_update(touched, ["online", "flapping", "online_changed_at"], batch_size=300)
    by_id = {row.pk: newest[row.code] for row in rows}
    moved = []
    cameras = Camera.objects.filter(platform__in=list(by_id)).exclude(
        status__in=[Status.REMOVED, Status.PLANNED]
    )
    for camera in cameras:
        one = by_id[camera.platform_id]
        on = one.online and camera.reported
        if on != (camera.status == Status.ONLINE):
            camera.status, camera.status_at = Status.ONLINE if on else Status.OFFLINE, one.at
            moved.append((camera, on, one.at, one.reason, one.flapping))
    Camera.objects.bulk_update([row[0] for row in moved], ["status", "status_at"], batch_size=300)
    _write_changes(call, moved)
    audit.note(peers=len(touched), cameras=len(moved))
    return len(moved)


def _write_changes(call: Call, moved: Sequence[tuple[Camera, bool, datetime, str, bool]]) -> None:
    StatusChange.objects.bulk_create(
        [
            StatusChange(camera=row[0], online=row[1], at=row[2], reason=row[3], flapping=row[4])
            for row in moved
        ],
        batch_size=500,
    )
    for at in range(0, len(moved), TOLD):
        told = [
            {"code": camera.code, "online": on, "at": when.isoformat(), "reason": reason, "flapping": flapping,
             "region": camera.region}
            for camera, on, when, reason, flapping in moved[at : at + TOLD]
        ]  # fmt: skip
        events.emit("video.status.changed", moved[at][0].code, {"changes": told})


def _status(peer: Platform, on: bool) -> Status:
    return Status.ONLINE if on and peer.online else Status.OFFLINE


def _kind(one: Item) -> Kind:
    return _KINDS.get(one.ptz, Kind.OTHER)


def _region(one: Item, peer: Platform) -> str:
    for text in (one.civil, one.code[:6]):
        if text.isascii() and text.isdigit() and 6 <= len(text) <= 12 and text[:4] == peer.region[:4]:
            return text
    return peer.region


def _plain(text: str) -> str:
    return "" if text == "-" else text
