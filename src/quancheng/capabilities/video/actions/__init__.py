"""The only writers of video: peers, cameras, plays, sightings."""

from quancheng.capabilities.video.actions.cameras import (
    apply_catalog,
    note_conflict,
    plan_cameras,
    record_changes,
    update_camera,
)
from quancheng.capabilities.video.actions.devices import enrol_cameras
from quancheng.capabilities.video.actions.platforms import (
    open_to_upper,
    register_devices,
    register_platform,
    renew_credential,
    set_enabled,
)
from quancheng.capabilities.video.actions.playing import (
    ask_play,
    decide_request,
    end_session,
    end_stale_sessions,
    open_session,
    open_upper_session,
    session_started,
    steer_camera,
)
from quancheng.capabilities.video.actions.sightings import receive_alarm, receive_events, receive_position

__all__ = [
    "apply_catalog",
    "ask_play",
    "decide_request",
    "end_session",
    "end_stale_sessions",
    "enrol_cameras",
    "note_conflict",
    "open_session",
    "open_to_upper",
    "open_upper_session",
    "plan_cameras",
    "receive_alarm",
    "receive_events",
    "receive_position",
    "record_changes",
    "register_devices",
    "register_platform",
    "renew_credential",
    "session_started",
    "set_enabled",
    "steer_camera",
    "update_camera",
]
