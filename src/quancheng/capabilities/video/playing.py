"""播放的一次过程: the record first, the signalling next, then what came of it. No transaction waits for a camera."""

from __future__ import annotations

from quancheng.capabilities.video import actions, control_client, queries
from quancheng.capabilities.video.models import Camera, PlaySession
from quancheng.core.gb28181 import ptz
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput, QuanchengError

__all__ = ["cut", "play", "steer"]


def play(call: Call, *, request: int) -> PlaySession:
    """Open a session and bring its stream; it is ended as failed when the camera or media server refuses.

    Raises what ``actions.open_session`` does; Unavailable, PartnerFailed.
    """
    session = actions.open_session(call, request=request)
    if session.state != PlaySession.State.STARTING:
        return session
    asked, peer = session.request, queries.peer_of(session.camera.code)
    system = Call.system("video")
    try:
        urls = control_client.ask(
            "open",
            ask={
                "session": session.pk, "peer": peer, "camera": session.camera.code,
                "kind": session.kind, "viewer": session.viewer, "watermark": session.watermark,
                "until": session.until.timestamp(),
                "start": int(asked.start.timestamp()) if asked and asked.start else 0,
                "stop": int(asked.end.timestamp()) if asked and asked.end else 0,
            },
        )  # fmt: skip
    except QuanchengError as why:
        actions.end_session(system, session=session.pk, reason=why.detail.zh, failed=True)
        raise
    return actions.session_started(system, session=session.pk, urls=urls)


def cut(call: Call, *, session: int, reason: str) -> PlaySession:
    """End a session in the record, then on the line; a signalling that is down has no line any more."""
    ended = actions.end_session(call, session=session, reason=reason)
    try:
        control_client.ask("close", session=session, timeout=10.0)
    except QuanchengError:
        ended.refresh_from_db()
    return ended


_DIRECTIONS = {
    "left": (-1, 0, 0), "right": (1, 0, 0), "up": (0, 1, 0), "down": (0, -1, 0), "in": (0, 0, 1), "out": (0, 0, -1),
    "stop": (0, 0, 0),
}  # fmt: skip


def steer(call: Call, *, camera: str, direction: str, speed: int, purpose: str) -> Camera:
    """Move a camera: recorded first, sent afterwards. Raises InvalidInput, Forbidden, Unavailable, PartnerFailed."""
    if direction not in _DIRECTIONS or not 0 <= speed <= 255:
        raise InvalidInput(fields={"direction": Text("方向或速度无效", "Direction or speed is not valid")})
    pan, tilt, zoom = _DIRECTIONS[direction]
    command = ptz.move(
        ptz.Move(pan, tilt, zoom, speed if pan else 0, speed if tilt else 0, speed >> 4 if zoom else 0)
    )
    row = actions.steer_camera(call, camera=camera, command=command, purpose=purpose)
    if row.platform is None:
        raise Conflict(Text("摄像机尚未联网。", "The camera is not joined yet."))
    control_client.ask("ptz", peer=row.platform.code, camera=camera, command=command, timeout=15.0)
    return row
