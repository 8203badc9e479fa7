"""调阅: asked with a purpose, allowed by area or by approval, opened, watched under a watermark, ended or cut."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.video.models import Camera, Platform, Play, PlayRequest, PlaySession, Status
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Expired, Forbidden, InvalidInput, NotFound

RECORDING_LIMIT = timedelta(hours=24)
STARTING_LIMIT = timedelta(minutes=2)
_PURPOSE_LEAST = 4
_OPEN = (PlaySession.State.STARTING, PlaySession.State.PLAYING)


@action("video.ask_play")
def ask_play(
    call: Call,
    *,
    camera: str,
    kind: str,
    purpose: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> PlayRequest:
    """申请调阅: at once for cameras of the asker's own area or department, else for approval.

    Raises NotFound, Forbidden, InvalidInput (purpose; a recording's stretch: in the past, 24 hours at most).
    """
    row = access.visible(call.actor, Camera).filter(code=camera).first()
    if row is None:
        access.require(call.actor, "view", Camera)
        raise NotFound(Text(f"没有摄像机{camera[:20]}。", f"There is no camera {camera[:20]}."))
    access.require(call.actor, "ask", row)
    if call.actor.user_id is None:
        raise Forbidden()
    _check(call, kind, purpose, start, end)
    own = access.allowed(call.actor, "watch", row)
    made = PlayRequest.objects.create(
        camera=row, kind=kind, purpose=purpose.strip(), start=start, end=end, requester_id=call.actor.user_id,
        requester=str(call.actor)[:80], rule=PlayRequest.Rule.OWN_AREA if own else PlayRequest.Rule.APPROVAL,
        state=PlayRequest.State.APPROVED if own else PlayRequest.State.PENDING, asked_at=call.at,
        expires_at=_until(call.at) if own else None,
    )  # fmt: skip
    events.emit("video.play.asked", row.code, {"request": made.pk, "camera": row.code, "rule": made.rule,
                                               "state": made.state, "region": row.region})  # fmt: skip
    audit.note(request=made.pk, camera=row.code, kind=kind, purpose=made.purpose, rule=made.rule)
    found: PlayRequest = made
    return found


def _check(call: Call, kind: str, purpose: str, start: datetime | None, end: datetime | None) -> None:
    wrong: dict[str, Text] = {}
    if kind not in Play.values:
        wrong["kind"] = Text("请选择调阅方式", "Choose how to watch")
    if not _PURPOSE_LEAST <= len(purpose.strip()) <= 200:
        wrong["purpose"] = Text("请写明用途，4至200字", "State the purpose, 4 to 200 characters")
    if kind != Play.LIVE:
        if start is None or end is None or start.tzinfo is None or end.tzinfo is None:
            wrong["start"] = Text("请填写录像起止时间", "Enter when the recording begins and ends")
        elif not start < end <= call.at or end - start > RECORDING_LIMIT:
            wrong["start"] = Text("应在过去，且不超过24小时", "Must lie in the past, 24 hours at most")
    if wrong:
        raise InvalidInput(fields=wrong)


def _until(at: datetime) -> datetime:
    return at + timedelta(hours=rulebook.find("video.approval_hours").integer())


@action("video.decide_request")
def decide_request(
    call: Call, *, request: int, approve: bool, note: str, hours: int | None = None
) -> PlayRequest:
    """审批: approved until an end, or refused with a reason. Nobody decides on their own request.

    Raises NotFound, Forbidden, Conflict (decided already), InvalidInput (no reason, hours not 1 to the limit).
    """
    found: PlayRequest | None = (
        PlayRequest.objects.select_for_update(of=("self",))
        .select_related("camera")
        .filter(pk=request)
        .first()
    )
    if found is None:
        access.require(call.actor, "view", PlayRequest)
        raise NotFound(Text(f"没有申请{request}。", f"There is no request {request}."))
    access.require(call.actor, "decide", found)
    if found.requester_id == call.actor.user_id:
        raise Forbidden(Text("不能审批自己的申请。", "Nobody decides on their own request."))
    if found.state != PlayRequest.State.PENDING:
        raise Conflict(Text("该申请已审批。", "The request was decided already."))
    limit = rulebook.find("video.approval_hours").integer()
    if not approve and not note.strip():
        raise InvalidInput(fields={"note": Text("驳回须写明理由", "A refusal needs a reason")})
    if hours is not None and not 1 <= hours <= limit:
        raise InvalidInput(fields={"hours": Text(f"1至{limit}小时", f"1 to {limit} hours")})
    found.state = PlayRequest.State.APPROVED if approve else PlayRequest.State.REFUSED
    found.decided_by, found.decided_at, found.note = str(call.actor)[:80], call.at, note.strip()[:200]
    found.expires_at = call.at + timedelta(hours=hours or limit) if approve else None
    found.save()
    events.emit("video.play.decided", found.camera.code, {"request": found.pk, "camera": found.camera.code,
                                                          "state": found.state})  # fmt: skip
    audit.note(request=found.pk, approve=approve, note=found.note, expires=str(found.expires_at or ""))
    return found


@action("video.open_session")
def open_session(call: Call, *, request: int) -> PlaySession:
    """开始播放: a session under an approved request of the viewer's own; the signalling is asked afterwards.

    Raises NotFound, Forbidden, Expired (request over), Conflict (camera not there).
    """
    found: PlayRequest | None = (
        PlayRequest.objects.select_related("camera__platform").filter(pk=request).first()
    )
    if found is None:
        access.require(call.actor, "view", PlayRequest)
        raise NotFound(Text(f"没有申请{request}。", f"There is no request {request}."))
    access.require(call.actor, "open", found)
    if found.state != PlayRequest.State.APPROVED:
        raise Forbidden(Text("该申请未获批准。", "The request is not approved."))
    if found.expires_at is None or found.expires_at <= call.at:
        raise Expired(
            Text("该申请已过有效期。", "The approval is over."), todo=Text("请重新申请。", "Ask again.")
        )
    camera = found.camera
    if (
        camera.platform is None
        or not camera.platform.online
        or camera.status in (Status.REMOVED, Status.PLANNED)
    ):
        raise Conflict(
            Text("摄像机不在线。", "The camera is not there."), todo=Text("请稍后再试。", "Try again later.")
        )
    if found.kind == Play.LIVE and camera.status != Status.ONLINE:
        raise Conflict(
            Text("摄像机不在线。", "The camera is not there."), todo=Text("请稍后再试。", "Try again later.")
        )
    until = min(
        found.expires_at, call.at + timedelta(minutes=rulebook.find("video.session_minutes").integer())
    )
    return _opened(
        call, camera, found.kind, found.purpose, until, viewer=str(call.actor), viewer_id=call.actor.user_id,
        request=found,
    )  # fmt: skip


@action("video.open_upper_session", idempotent=False)
def open_upper_session(call: Call, *, platform: str, camera: str, kind: str) -> PlaySession:
    """上级调阅: an upper platform watches, within its permission. Raises NotFound, Forbidden, Conflict."""
    access.require(call.actor, "sync", Camera)
    peer: Platform | None = Platform.objects.filter(code=platform, enabled=True).first()
    row = Camera.objects.filter(code=camera).exclude(status=Status.REMOVED).select_related("platform").first()
    shared = (
        peer is not None
        and row is not None
        and peer.share_region
        and row.region.startswith(peer.share_region)
    )
    if peer is None or row is None or not shared or row.platform is None:
        raise NotFound(Text(f"没有共享的摄像机{camera[:20]}。", f"No shared camera {camera[:20]}."))
    if peer.may_play_until is None or peer.may_play_until <= call.at:
        raise Forbidden(Text("该平台未获调阅授权。", "The platform has no permission to watch."))
    if row.status != Status.ONLINE:
        raise Conflict(Text("摄像机不在线。", "The camera is not there."))
    minutes = rulebook.find("video.session_minutes").integer()
    until = min(peer.may_play_until, call.at + timedelta(minutes=minutes))
    return _opened(
        call, row, kind, peer.play_purpose, until, viewer=f"{peer.name} {peer.code}", platform=peer
    )


def _opened(
    call: Call, camera: Camera, kind: str, purpose: str, until: datetime, *, viewer: str, **links: Any
) -> PlaySession:
    watermark = f"{viewer} {call.at.astimezone(clock.LOCAL):%Y-%m-%d %H:%M}"
    made: PlaySession = PlaySession.objects.create(
        camera=camera, kind=kind, purpose=purpose, until=until, viewer=viewer[:120], watermark=watermark[:200],
        state=PlaySession.State.STARTING, opened_at=call.at, **links,
    )  # fmt: skip
    events.emit("video.play.opened", camera.code, {"session": made.pk, "camera": camera.code, "kind": kind})
    audit.note(
        session=made.pk,
        camera=camera.code,
        viewer=viewer,
        purpose=purpose,
        kind=kind,
        until=until.isoformat(),
    )
    return made


@action("video.session_started", idempotent=False)
def session_started(call: Call, *, session: int, urls: Mapping[str, str]) -> PlaySession:
    """播放已建立: the media server gave addresses. One that was ended meanwhile stays ended."""
    access.require(call.actor, "sync", Camera)
    found = _session(session)
    if found.state == PlaySession.State.STARTING:
        found.state, found.urls = PlaySession.State.PLAYING, dict(urls)
        found.save(update_fields=["state", "urls"])
    return found


@action("video.end_session", idempotent=False)
def end_session(call: Call, *, session: int, reason: str, failed: bool = False) -> PlaySession:
    """结束或切断播放: by the viewer, by whoever may cut it, or by the platform. Ending twice changes nothing.

    Raises NotFound, Forbidden.
    """
    found = _session(session)
    access.require(call.actor, "cut", found)
    if found.state in _OPEN:
        found.state = PlaySession.State.FAILED if failed else PlaySession.State.ENDED
        found.ended_at, found.end_reason = call.at, reason.strip()[:200]
        found.urls = {}
        found.save(update_fields=["state", "ended_at", "end_reason", "urls"])
        events.emit("video.play.ended", found.camera.code, {"session": found.pk, "camera": found.camera.code,
                                                            "reason": found.end_reason})  # fmt: skip
    audit.note(session=found.pk, camera=found.camera.code, reason=found.end_reason, viewer=found.viewer)
    return found


@action("video.end_stale_sessions", idempotent=False)
def end_stale_sessions(call: Call, *, everything: bool = False) -> int:
    """清理会话: what is past its end or never started; ``everything`` after a start of the signalling."""
    access.require(call.actor, "sync", Camera)
    ended = 0
    for found in PlaySession.objects.filter(state__in=_OPEN).select_related("camera"):
        late = found.until <= call.at
        stuck = found.state == PlaySession.State.STARTING and found.opened_at < call.at - STARTING_LIMIT
        if everything or late or stuck:
            found.state, found.ended_at, found.urls = PlaySession.State.ENDED, call.at, {}
            found.end_reason = "到期" if late else "信令服务重启" if everything else "未能建立"
            found.save(update_fields=["state", "ended_at", "end_reason", "urls"])
            ended += 1
    audit.note(ended=ended)
    return ended


@action("video.steer_camera")
def steer_camera(call: Call, *, camera: str, command: str, purpose: str) -> Camera:
    """云台控制: the right to move a camera and its record; the command bytes go out afterwards.

    Raises NotFound, Forbidden, InvalidInput.
    """
    row: Camera | None = (
        access.visible(call.actor, Camera).filter(code=camera).select_related("platform").first()
    )
    if row is None:
        access.require(call.actor, "view", Camera)
        raise NotFound(Text(f"没有摄像机{camera[:20]}。", f"There is no camera {camera[:20]}."))
    access.require(call.actor, "steer", row)
    if not purpose.strip():
        raise InvalidInput(fields={"purpose": Text("请写明用途", "State the purpose")})
    audit.note(camera=camera, command=command, purpose=purpose.strip()[:200])
    return row


def _session(session: int) -> PlaySession:
    found: PlaySession | None = PlaySession.objects.select_related("camera").filter(pk=session).first()
    if found is None:
        raise NotFound(Text(f"没有播放会话{session}。", f"There is no session {session}."))
    return found
