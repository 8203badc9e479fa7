"""Background work of video."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.video import actions
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("video.sessions", cron="*/5 * * * *")
def end_sessions(handle: Any = None) -> dict[str, int]:
    """播放会话清理: what the signalling could not end itself, because it was down."""
    return {"ended": actions.end_stale_sessions(Call.system("video"))}


@jobs.every("video.devices", cron="*/10 * * * *")
def enrol(handle: Any = None) -> dict[str, int]:
    """摄像机入设备台账: new cameras become devices, their states follow; the coverage figures of the plan count them."""
    return actions.enrol_cameras(Call.system("video"))
