"""Background work of things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from quancheng.capabilities.things import actions, living, others, pumping, quality
from quancheng.kernel import clock, jobs, rulebook
from quancheng.kernel.actions import Call


@jobs.every("things.silence", cron="*/5 * * * *")
def detect_silence(handle: Any = None) -> dict[str, int]:
    """静默站点检测: stations that should have spoken and did not."""
    minutes = rulebook.find("things.silent_minutes").integer()
    call = Call.system("things")
    silent = actions.mark_silent(call, minutes=minutes)
    return {"by_minutes": silent, "overdue": actions.mark_overdue(call), **pumping.watch()}


@jobs.every("things.escalate", cron="* * * * *")
def escalate(handle: Any = None) -> dict[str, int]:
    """告警到时升级: the next ones above are told; mutes that are over end."""
    return actions.escalate_due(Call.system("things"))


@jobs.every("things.prune", cron="20 * * * *")
def prune_readings(handle: Any = None) -> dict[str, int]:
    """近期读数清理: what is older than the windows lives on in the store."""
    pumping.pump()
    return actions.prune(Call.system("things"))


@jobs.every("things.bridge", cron="* * * * *")
def bridge_readings(handle: Any = None) -> dict[str, int]:
    """读数衔接: new stations and readings go on into SensorThings and the observation store."""
    return {"stations": pumping.enrol_missing(limit=600), "readings": pumping.pump()}


@jobs.every("things.quality", cron="12 * * * *")
def quality_of_days(handle: Any = None) -> dict[str, int]:
    """数据质量计算: today and yesterday, which late data may still change."""
    pumping.pump()
    kept = 0
    for day in (clock.today() - timedelta(days=1), clock.today()):
        for rows in quality.compute(day, clock.now()):
            kept += actions.keep_days(Call.system("things"), rows=rows)
    return {"streams": kept}


@jobs.every("things.living_city", cron="*/5 * * * *")
def living_city(handle: Any = None) -> dict[str, int]:
    """模拟站点报数: only in a demo city, and only when the gateway runs."""
    if not settings.DEMO:
        return {"sent": 0}
    now = clock.now()
    others_told = others.report(now.replace(minute=0, second=0, microsecond=0)) if now.minute < 5 else 0
    try:
        return living.report_once() | {"others": others_told}
    except OSError:
        return {"sent": 0, "gateway": 0, "others": others_told}
