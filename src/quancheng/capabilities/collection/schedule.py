"""时限: when a feed is due, late or silent; when to try again. Pure functions of times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from quancheng.capabilities.collection.values import Lateness

__all__ = ["Retry", "freshness", "next_run", "retry_after"]


@dataclass(frozen=True, slots=True)
class Retry:
    """重试规则: seconds before the first try again, the longest pause, failures after which the circuit opens."""

    first: float
    longest: float
    failures: int


def freshness(
    sla_minutes: int, since: datetime | None, last: datetime | None, now: datetime, silent_times: float
) -> Lateness:
    """Lateness of a feed: ``since`` it is active, ``last`` success, ``sla_minutes`` 0 = nothing agreed.

    It is silent once nothing came for ``silent_times`` the agreed time.
    """
    if sla_minutes <= 0:
        return Lateness.NONE
    begun = last or since
    if begun is None:
        return Lateness.NONE
    waited = now - begun
    agreed = timedelta(minutes=sla_minutes)
    if waited <= agreed:
        return Lateness.FRESH
    if last is None:
        return Lateness.NEVER
    return Lateness.SILENT if waited > agreed * silent_times else Lateness.LATE


def next_run(period_minutes: int, last_due: datetime | None, now: datetime) -> datetime | None:
    """When a feed runs next; it keeps its beat, and what was missed in an outage is run once."""
    if period_minutes <= 0:
        return None
    period = timedelta(minutes=period_minutes)
    if last_due is None:
        return now
    steps = max(1, int((now - last_due) / period) + 1)
    return last_due + period * steps


def retry_after(failures: int, rule: Retry) -> timedelta | None:
    """Pause before the next try: doubled each time; ``None`` once the circuit opens (a person closes it)."""
    if failures >= rule.failures:
        return None
    seconds: float = min(rule.first * 2.0 ** max(failures - 1, 0), rule.longest)
    return timedelta(seconds=seconds)
