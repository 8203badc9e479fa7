"""Background work of things."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from quancheng.capabilities.things import actions, living
from quancheng.kernel import jobs, rulebook
from quancheng.kernel.actions import Call


@jobs.every("things.silence", cron="*/5 * * * *")
def detect_silence(handle: Any = None) -> dict[str, int]:
    """静默站点检测: stations that should have spoken and did not."""
    minutes = rulebook.find("things.silent_minutes").integer()
    return {"silent": actions.mark_silent(Call.system("things"), minutes=minutes)}


@jobs.every("things.prune", cron="20 * * * *")
def prune_readings(handle: Any = None) -> dict[str, int]:
    """近期读数清理: what is older than the windows lives on in the store."""
    return actions.prune(Call.system("things"))


@jobs.every("things.living_city", cron="*/5 * * * *")
def living_city(handle: Any = None) -> dict[str, int]:
    """模拟站点报数: only in a demo city, and only when the gateway runs."""
    if not settings.DEMO:
        return {"sent": 0}
    try:
        return living.report_once()
    except OSError:
        return {"sent": 0, "gateway": 0}
