"""HTTP interface of video, below ``/api/v1/video/``."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from ninja import Query, Router, Schema
from ninja.security import HttpBearer, django_auth
from pydantic import Field

from quancheng.capabilities.video import actions, control_client, playing, queries, secrets
from quancheng.capabilities.video.models import (
    Camera,
    Direction,
    Platform,
    PlayRequest,
    PlaySession,
    VideoEvent,
)
from quancheng.capabilities.video.values import Coverage, Sighting
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import InvalidInput, TooLarge
from quancheng.kernel.middleware import call_of

router = Router()
BODY_LIMIT = 1024 * 1024
_TEXT = 100


class SourceToken(HttpBearer):
    """The token of an analysing system (Platform of direction ``analyser``)."""

    def authenticate(self, request: HttpRequest, token: str) -> Platform | None:
        digest = secrets.token_digest(token[:200])
        found: Platform | None = Platform.objects.filter(
            sealed=digest, direction=Direction.ANALYSER, enabled=True
        ).first()
        return found


class CameraFilter(Schema):
    """Filters of the camera list."""

    text: str = ""
    region: str = ""
    status: str = ""
    kind: str = ""
    smart: str = ""
    platform: str = ""
    cursor: str = ""
    size: str = ""


class VideoListFilter(Schema):
    """Filters of requests, sessions and events."""

    state: str = ""
    camera: str = ""
    kind: str = ""
    cursor: str = ""
    size: str = ""


class PlayAsk(Schema):
    """A request to watch."""

    camera: str
    kind: str = "live"
    purpose: str
    start: datetime | None = None
    end: datetime | None = None


class PlayDecision(Schema):
    """A decision on a request."""

    approve: bool
    note: str = ""
    hours: int | None = None


class PlayCut(Schema):
    """Why a play is ended."""

    reason: str = ""


class SteerAsk(Schema):
    """A movement of a camera."""

    direction: str
    speed: int = 64
    purpose: str


class VideoEventIn(Schema):
    """One sighting: box is left, top, right, bottom in shares of the picture; picture a SHA-256; no names."""

    event_id: str
    camera: str
    kind: str
    at: datetime
    confidence: float
    count: int = 1
    box: list[float] | None = Field(None, min_length=4, max_length=4)
    picture: str = ""
    algorithm: str = ""
    detail: str = ""


class VideoEventsIn(Schema):
    """A batch of sightings."""

    events: list[VideoEventIn] = Field(max_length=500)


# -- cameras ----------------------------------------------------------------------------------
@router.get("/cameras", summary="摄像机 Cameras", auth=django_auth)
def cameras(request: HttpRequest, filters: Query[CameraFilter]) -> dict[str, Any]:
    """Cameras the asker may see, by code."""
    names = ("text", "region", "status", "kind", "smart", "platform")
    wanted = {name: _plain(getattr(filters, name)) for name in names}
    found = queries.cameras(call_of(request).actor, **wanted)
    page = pagination.page(found, ("code",), filters.dict())
    return {"items": [camera_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.get("/cameras.geojson", summary="摄像机图层 Camera layer", auth=None)
def cameras_geojson(request: HttpRequest, region: str = "", bbox: str = "") -> HttpResponse:
    """Cameras the asker may see; cheap to poll: an unchanged layer is a 304 after one query."""
    actor = call_of(request).actor
    box = _box(bbox)
    who = ",".join(sorted(actor.role_ids))
    parts = f"{queries.stamp()}|{_plain(region)}|{box}|{who}|{get_language()}"
    etag = f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = JsonResponse(
            queries.layer(actor, box=box, region=_plain(region)),
            content_type="application/geo+json",
            json_dumps_params={"ensure_ascii": False},
        )
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    patch_vary_headers(answer, ["Cookie", "Accept-Language"])
    return answer


@router.get("/cameras/{code}", summary="一台摄像机 One camera", auth=django_auth)
def camera(request: HttpRequest, code: str) -> dict[str, Any]:
    """A camera with its last changes."""
    found = queries.camera(call_of(request).actor, _plain(code))
    changes = [{"online": one.online, "at": one.at, "reason": one.reason} for one in queries.history(found)]
    return camera_row(found) | {"changes": changes}


@router.get("/cameras/{code}/recordings", summary="录像检索 Recordings", auth=django_auth)
def recordings(request: HttpRequest, code: str, start: datetime, end: datetime) -> dict[str, Any]:
    """What a device has recorded; for those who may watch it at once."""
    actor = call_of(request).actor
    found = queries.camera(actor, _plain(code))
    access.require(actor, "watch", found)
    rows = control_client.ask(
        "records", peer=queries.peer_of(found.code), camera=found.code, start=_aware(start).isoformat(),
        end=_aware(end).isoformat(),
    )  # fmt: skip
    return {"items": rows}


@router.post("/cameras/{code}/steer", summary="云台控制 Steer", auth=django_auth)
def steer(request: HttpRequest, code: str, body: SteerAsk) -> dict[str, Any]:
    """Move a camera of one's own area."""
    found = playing.steer(
        call_of(request),
        camera=_plain(code),
        direction=body.direction,
        speed=body.speed,
        purpose=body.purpose,
    )
    return camera_row(found)


@router.get("/coverage", summary="覆盖指标 Coverage", auth=django_auth)
def coverage(request: HttpRequest) -> dict[str, Any]:
    """Joined, online and smart cameras by district."""
    access.require(call_of(request).actor, "view", Camera)
    return {"items": [coverage_row(one) for one in queries.coverage()]}


# -- plays ------------------------------------------------------------------------------------
@router.get("/requests", summary="调阅申请 Requests", auth=django_auth)
def requests(request: HttpRequest, filters: Query[VideoListFilter]) -> dict[str, Any]:
    """Requests the asker may see, newest first."""
    actor = call_of(request).actor
    found = queries.requests(actor, state=_plain(filters.state), camera=_plain(filters.camera))
    page = pagination.page(found, ("-asked_at", "-id"), filters.dict())
    return {"items": [request_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/requests", summary="申请调阅 Ask to watch", auth=django_auth)
def ask(request: HttpRequest, body: PlayAsk) -> dict[str, Any]:
    """Ask to watch; own area at once, else for approval."""
    start = _aware(body.start) if body.start else None
    end = _aware(body.end) if body.end else None
    made = actions.ask_play(
        call_of(request),
        camera=_plain(body.camera),
        kind=body.kind,
        purpose=body.purpose,
        start=start,
        end=end,
    )
    return request_row(made)


@router.post("/requests/{int:pk}/decide", summary="审批 Decide", auth=django_auth)
def decide(request: HttpRequest, pk: int, body: PlayDecision) -> dict[str, Any]:
    """Approve or refuse."""
    found = actions.decide_request(
        call_of(request), request=pk, approve=body.approve, note=body.note, hours=body.hours
    )
    return request_row(found)


@router.post("/requests/{int:pk}/play", summary="开始播放 Play", auth=django_auth)
def play(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Open a session under an approved request; addresses of the media server come with it."""
    return session_row(playing.play(call_of(request), request=pk))


@router.get("/sessions", summary="播放会话 Sessions", auth=django_auth)
def sessions(request: HttpRequest, filters: Query[VideoListFilter]) -> dict[str, Any]:
    """Plays the asker may see, newest first; ``state=live`` for those that run."""
    actor = call_of(request).actor
    found = queries.sessions(actor, live=filters.state == "live", camera=_plain(filters.camera))
    page = pagination.page(found, ("-opened_at", "-id"), filters.dict())
    return {
        "items": [session_row(one, urls=False) for one in page],
        "next": page.next,
        "previous": page.previous,
    }


@router.post("/sessions/{int:pk}/cut", summary="结束播放 Cut", auth=django_auth)
def cut(request: HttpRequest, pk: int, body: PlayCut) -> dict[str, Any]:
    """End a play: one's own, or any as approver or operator."""
    return session_row(
        playing.cut(call_of(request), session=pk, reason=body.reason or "主动结束"), urls=False
    )


# -- video events -----------------------------------------------------------------------------
@router.get("/events", summary="视频事件 Video events", auth=django_auth)
def list_events(request: HttpRequest, filters: Query[VideoListFilter]) -> dict[str, Any]:
    """Sightings, newest first."""
    actor = call_of(request).actor
    found = queries.events(actor, camera=_plain(filters.camera), kind=_plain(filters.kind))
    page = pagination.page(found, ("-at", "-id"), filters.dict())
    return {"items": [event_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/events", summary="上报视频事件 Report video events", auth=[SourceToken(), django_auth])
def report(request: HttpRequest, body: VideoEventsIn) -> dict[str, Any]:
    """Sightings of an analysing system (Bearer token) or a signed-in reporter; the same event twice is one."""
    if len(request.body) > BODY_LIMIT:
        raise TooLarge()
    source = getattr(request, "auth", None)
    if isinstance(source, Platform):
        actor = Actor(
            ActorKind.DEVICE, source.code, grants=(RoleGrant("video.source"),), simulated=source.simulated
        )
        call = Call(actor, request_id=getattr(request, "request_id", ""))
    else:
        call = call_of(request).with_key(None)
    seen = [
        Sighting(one.event_id, one.camera, one.kind, one.at, one.confidence, one.count,
                 (one.box[0], one.box[1], one.box[2], one.box[3]) if one.box else None, one.picture, one.algorithm,
                 one.detail)
        for one in body.events
    ]  # fmt: skip
    found = actions.receive_events(call, events_in=seen)
    items = [
        {"event_id": one.event_id, "status": one.status, "stream": one.stream, "alarm": one.alarm}
        for one in found
    ]
    return {"accepted": sum(one.status == "accepted" for one in found), "items": items}


# -- rows -------------------------------------------------------------------------------------
def camera_row(found: Camera) -> dict[str, Any]:
    """A camera as the API says it."""
    names = ("code", "name", "lon", "lat", "region", "address", "kind", "smart", "key_area", "status", "status_at",
             "simulated")  # fmt: skip
    return {name: getattr(found, name) for name in names}


def request_row(found: PlayRequest) -> dict[str, Any]:
    """A request as the API says it."""
    names = ("kind", "purpose", "start", "end", "requester", "rule", "state", "asked_at", "decided_by", "decided_at",
             "note", "expires_at")  # fmt: skip
    return {"id": found.pk, "camera": found.camera.code} | {name: getattr(found, name) for name in names}


def session_row(found: PlaySession, *, urls: bool = True) -> dict[str, Any]:
    """A play; its addresses only to the one who opened it."""
    names = (
        "kind",
        "viewer",
        "purpose",
        "watermark",
        "state",
        "opened_at",
        "until",
        "ended_at",
        "end_reason",
    )
    row = {"id": found.pk, "camera": found.camera.code} | {name: getattr(found, name) for name in names}
    return row | ({"urls": found.urls} if urls else {})


def event_row(found: VideoEvent) -> dict[str, Any]:
    """A sighting."""
    names = ("event_id", "kind", "at", "count", "confidence", "box", "picture", "algorithm", "detail", "stream", "alarm",
             "received_at", "simulated")  # fmt: skip
    return {"camera": found.camera.code} | {name: getattr(found, name) for name in names}


def coverage_row(one: Coverage) -> dict[str, Any]:
    """Figures of a district with their shares in percent."""
    names = ("region", "total", "networked", "online", "smart", "key_total", "key_networked")
    return {name: getattr(one, name) for name in names} | {
        "networked_rate": Coverage.share(one.networked, one.total),
        "online_rate": Coverage.share(one.online, one.networked),
        "smart_rate": Coverage.share(one.smart, one.networked),
        "key_networked_rate": Coverage.share(one.key_networked, one.key_total),
    }


def _plain(text: str) -> str:
    if "\x00" in text or len(text) > _TEXT:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


def _aware(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=clock.LOCAL)).astimezone(clock.LOCAL)
    except (OverflowError, ValueError):
        raise InvalidInput(Text("时间超出范围。", "A time is out of range.")) from None


def _box(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text[:_TEXT].split(","))
    except ValueError:
        raise InvalidInput(fields={"bbox": Text("西,南,东,北", "west,south,east,north")}) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput(fields={"bbox": Text("西,南,东,北", "west,south,east,north")})
    return west, south, east, north
