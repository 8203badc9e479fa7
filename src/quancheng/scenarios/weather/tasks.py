"""Periodic work of weather."""

from __future__ import annotations

from quancheng.kernel import jobs
from quancheng.kernel.actions import Call
from quancheng.scenarios.weather import actions


@jobs.every("weather.expire", seconds=60)
@jobs.job("weather.expire")
def expire(handle: jobs.JobHandle) -> dict[str, int]:
    """到期处理: end warnings whose time is over."""
    return {"expired": actions.expire_warnings(Call.system("weather"))}
