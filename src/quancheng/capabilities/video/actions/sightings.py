"""视频事件: what machines saw becomes rows, observations and, for smoke and fire, alarms."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.capabilities.things import actions as things
from quancheng.capabilities.video import streams
from quancheng.capabilities.video.models import Camera, VideoEvent
from quancheng.capabilities.video.values import Received, Sighting
from quancheng.core.gb28181.manscdp import Alarm, Position
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge

BULK = 500
_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
_PICTURE = re.compile(r"(?:[0-9a-f]{64})?")
_AHEAD = timedelta(minutes=5)
_COUNT = 100_000
_KINDS = frozenset(VideoEvent.Kind.values) - {VideoEvent.Kind.DEVICE_ALARM}
_NAMES = {
    VideoEvent.Kind.SMOKE: Text("视频识别烟雾", "Smoke seen by video"),
    VideoEvent.Kind.FIRE: Text("视频识别火焰", "Fire seen by video"),
}
_LEVELS = {VideoEvent.Kind.SMOKE: 2, VideoEvent.Kind.FIRE: 1}


@action("video.receive_events", idempotent=False)
def receive_events(call: Call, *, events_in: Sequence[Sighting]) -> list[Received]:
    """接收视频事件: all of a batch or nothing; the same event again changes nothing.

    Raises Forbidden, TooLarge (500), InvalidInput (each fault under its place), NotFound (no such
    camera), Conflict (an event id with other content).
    """
    access.require(call.actor, "report", VideoEvent)
    if len(events_in) > BULK:
        raise TooLarge(Text(f"一批最多{BULK}条。", f"A batch has {BULK} events at most."))
    for place, one in enumerate(events_in):
        wrong = _wrong(call.at, one)
        if wrong:
            raise InvalidInput(
                Text(f"第{place + 1}条有误。", f"Event {place + 1} is not valid."),
                fields={f"{place}.{name}": text for name, text in wrong.items()},
            )
    cameras = _cameras({one.camera for one in events_in})
    known = {
        row.event_id: row
        for row in VideoEvent.objects.filter(event_id__in=[one.event_id for one in events_in])
    }
    found: list[Received] = []
    fresh: dict[str, VideoEvent] = {}
    for one in events_in:
        before = known.get(one.event_id) or fresh.get(one.event_id)
        if before is not None:
            if before.digest != _digest(one):
                raise Conflict(
                    Text(
                        f"事件编号{one.event_id}内容不同。", f"Event {one.event_id} came with other content."
                    )
                )
            found.append(Received(one.event_id, "duplicate", before.alarm, before.stream))
            continue
        row = _row(call, one, cameras[one.camera])
        fresh[one.event_id] = row
        found.append(Received(one.event_id, "accepted", row.alarm, row.stream))
    _keep(call, list(fresh.values()))
    return found


@action("video.receive_alarm", idempotent=False)
def receive_alarm(call: Call, *, peer: str, alarm: Alarm) -> int | None:
    """设备报警: what a device reports by itself; a repeat changes nothing. None when it names no camera of the peer's.

    Raises Forbidden.
    """
    access.require(call.actor, "report", VideoEvent)
    camera = Camera.objects.filter(code=alarm.device, platform__code=peer).first()
    if camera is None:
        camera = Camera.objects.filter(platform__code=peer).order_by("code").first()
    if camera is None:
        audit.note(peer=peer, device=alarm.device, unknown=True)
        return None
    text = f"{alarm.device}|{alarm.at.isoformat()}|{alarm.method}|{alarm.type}|{alarm.priority}"
    event_id = "gb:" + hashlib.sha256(text.encode()).hexdigest()[:40]
    before = VideoEvent.objects.filter(event_id=event_id).first()
    if before is not None:
        return int(before.alarm) if before.alarm else None
    row = VideoEvent(
        event_id=event_id, digest="", camera=camera, kind=VideoEvent.Kind.DEVICE_ALARM, at=alarm.at, confidence=1.0,
        detail=alarm.description, source=peer, received_at=call.at, simulated=camera.simulated,
        algorithm=f"method {alarm.method} type {alarm.type}",
    )  # fmt: skip
    row.alarm = _raise(
        call, row, Text("摄像机报警", "Alarm of a camera"), alarm.priority, "video.device_alarm"
    )
    row.save()
    audit.note(peer=peer, camera=camera.code, alarm=row.alarm)
    return int(row.alarm)


@action("video.receive_position", idempotent=False)
def receive_position(call: Call, *, peer: str, position: Position) -> int | None:
    """移动设备位置: where a device says it is becomes an observation; its stream, None when it is no camera of the peer's.

    The same place at the same time again changes nothing. Raises Forbidden.
    """
    access.require(call.actor, "report", VideoEvent)
    camera = Camera.objects.filter(code=position.device, platform__code=peer).first()
    if camera is None or position.at > call.at + _AHEAD:
        audit.note(peer=peer, device=position.device, refused=True)
        return None
    stream = streams.stream_of(camera, streams.POSITION)
    facts = {"speed": position.speed, "direction": position.direction}
    one = Observation(
        id=0, stream=stream, time=int(position.at.timestamp() * 1_000_000), time_end=None,
        result_time=int(call.at.timestamp() * 1_000_000),
        result={"type": "Point", "coordinates": [position.lon, position.lat]},
        extra={"parameters": {name: value for name, value in facts.items() if value is not None}},
    )  # fmt: skip
    store.append(Batch.of([one]), unique=True)
    audit.note(peer=peer, camera=camera.code, stream=stream)
    return stream


def _row(call: Call, one: Sighting, camera: Camera) -> VideoEvent:
    row = VideoEvent(
        **{name: value for name, value in asdict(one).items() if name not in ("camera", "box")},
        box=list(one.box) if one.box else None, camera=camera, digest=_digest(one), source=str(call.actor)[:80],
        received_at=call.at, simulated=camera.simulated or call.actor.simulated,
    )  # fmt: skip
    row.stream = streams.stream_of(camera, one.kind)
    least = rulebook.find("video.alarm_confidence").number()
    kind = VideoEvent.Kind(one.kind)
    if kind in _LEVELS and one.confidence >= least:
        row.alarm = _raise(call, row, _NAMES[kind], _LEVELS[kind], "video.smoke_fire")
    return row


def _keep(call: Call, rows: list[VideoEvent]) -> None:
    """Observations first: they are dropped as repeats when the rows are rolled back and come again."""
    if not rows:
        return
    store.append(Batch.of([_observation(row) for row in rows]), unique=True)
    VideoEvent.objects.bulk_create(rows, batch_size=200)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    events.emit("video.events.received", rows[0].event_id, {"number": len(rows), "kinds": counts})
    audit.note(events=len(rows), kinds=counts, alarms=sum(row.alarm is not None for row in rows))


def _observation(row: VideoEvent) -> Observation:
    share = row.kind in (VideoEvent.Kind.SMOKE, VideoEvent.Kind.FIRE)
    at = int(row.at.timestamp() * 1_000_000)
    result = row.confidence if share else row.count
    extra = {"parameters": {"event": row.event_id, "confidence": row.confidence, "picture": row.picture}}
    return Observation(
        id=0, stream=int(row.stream or 0), time=at, time_end=None, result_time=int(row.received_at.timestamp() * 1_000_000),
        result=result, extra=extra,
    )  # fmt: skip


def _raise(call: Call, row: VideoEvent, name: Text, level: int, incident: str) -> int:
    camera = row.camera
    at = int(row.at.timestamp() * 1_000_000)
    readings = [(int(row.stream), at, float(row.confidence))] if row.stream else []
    least = rulebook.find("video.alarm_confidence")
    return things.raise_alarm(
        Call.system("video", simulated=row.simulated), rule=f"video.{row.kind}", rule_version=1, name=name,
        level=level, key=streams.key_of(camera), stream=row.stream, at=row.at, detected_at=call.at,
        readings=readings, incident_type=incident, simulated=row.simulated,
        finding={
            "amount": row.confidence, "threshold": least.number(), "unit": "", "property": row.kind,
            "event": row.event_id, "camera": camera.code, "detail": row.detail,
            "place": {"zh": camera.name, "en": camera.name, "lon": camera.lon, "lat": camera.lat,
                      "region": camera.region, "department": camera.owner.code if camera.owner else ""},
        },
    )  # fmt: skip


def _cameras(codes: set[str]) -> dict[str, Camera]:
    found = {
        one.code: one for one in Camera.objects.filter(code__in=codes).select_related("owner", "platform")
    }
    missing = codes - set(found)
    if missing:
        which = "、".join(sorted(missing)[:5])
        raise NotFound(Text(f"没有摄像机：{which}", f"No such camera: {which}"))
    return found


def _digest(one: Sighting) -> str:
    facts: dict[str, Any] = asdict(one) | {"at": one.at.timestamp()}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _wrong(now: datetime, one: Sighting) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not _ID.fullmatch(one.event_id):
        wrong["event_id"] = Text("8至64位字母、数字或 . _ : -", "8 to 64 letters, digits or . _ : -")
    if one.kind not in _KINDS:
        wrong["kind"] = Text("类别无效", "Not a kind")
    if one.at.tzinfo is None or one.at > now + _AHEAD or one.at < now - timedelta(days=366):
        wrong["at"] = Text(
            "时间应带时区，不晚于当前，且在一年内", "A time with zone, not ahead, within a year"
        )
    if not (math.isfinite(one.confidence) and 0 <= one.confidence <= 1):
        wrong["confidence"] = Text("应在0到1之间", "Must be 0 to 1")
    if not 0 <= one.count <= _COUNT:
        wrong["count"] = Text(f"应在0到{_COUNT}之间", f"Must be 0 to {_COUNT}")
    if one.box is not None:
        left, top, right, bottom = one.box
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            wrong["box"] = Text(
                "左、上、右、下应为0到1的比例", "Left, top, right, bottom as shares from 0 to 1"
            )
    if not _PICTURE.fullmatch(one.picture):
        wrong["picture"] = Text("SHA-256十六进制摘要", "SHA-256 in hexadecimal")
    if len(one.algorithm) > 80 or len(one.detail) > 300 or "\x00" in one.algorithm + one.detail:
        wrong["detail"] = Text("过长", "Too long")
    return wrong
