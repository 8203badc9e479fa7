"""维护: the kernel's own periodic work. The audit chain is sealed each minute, the lake kept tidy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Min

from quancheng.core.text import Text
from quancheng.kernel import audit, clock, jobs, store
from quancheng.kernel.errors import Unavailable

STORE_KEPT_DAYS = 30
DEEDS_KEPT = timedelta(days=30)
"""How long an idempotency key is remembered."""


@jobs.every("kernel.audit_checkpoint", seconds=60)
@jobs.job("kernel.audit_checkpoint")
def audit_checkpoint(handle: jobs.JobHandle) -> dict[str, Any]:
    """封存检查点: sign the head of every audit stream."""
    return {"sizes": audit.checkpoint_all()}


@jobs.every("kernel.audit_verify", cron="20 2 * * *")
@jobs.job("kernel.audit_verify", lease_seconds=1800)
def audit_verify(handle: jobs.JobHandle) -> dict[str, Any]:
    """核验审计链: yesterday's entries each night, everything on Sundays; fails loudly."""
    whole = clock.today().isoweekday() == 7
    report = audit.verify(since=None if whole else clock.now() - timedelta(days=1))
    if not report.ok:
        first = report.problems[0].text
        raise Unavailable(
            Text(f"审计链核验未通过:{first.zh}", f"The audit chain does not verify: {first.en}")
        )
    return {"ok": True, "whole": whole}


@jobs.every("kernel.store_upkeep", cron="40 2 * * *")
@jobs.job("kernel.store_upkeep", lease_seconds=3600)
def store_upkeep(handle: jobs.JobHandle) -> dict[str, Any]:
    """整理数据湖: merge small segments, forget old versions, remove strays."""
    store.compact_all()
    store.expire(STORE_KEPT_DAYS)
    store.clean()
    return {"ok": True}


@jobs.every("kernel.prune_deeds", cron="10 3 * * *")
@jobs.job("kernel.prune_deeds", lease_seconds=1800)
def prune_deeds(handle: jobs.JobHandle) -> dict[str, Any]:
    """清理: idempotency keys nobody will repeat any more (events and jobs: the scheduler)."""
    from quancheng.kernel.idempotency.models import Deed

    old = Deed.objects.filter(created_at__lt=clock.now() - DEEDS_KEPT)
    forgotten, _ = old.delete()
    return {"deeds": forgotten}


def register_gauges() -> None:
    """Metrics read from the database when scraped: what waits, and for how long."""
    from quancheng.kernel.events.models import Delivery
    from quancheng.kernel.jobs.models import Job
    from quancheng.kernel.observability import metrics

    waiting = Delivery.objects.filter(state=Delivery.State.PENDING)

    def oldest() -> float:
        since = waiting.aggregate(first=Min("created_at"))["first"]
        return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0

    metrics.gauge("quancheng_events_waiting", "Deliveries not done yet", waiting.count)
    metrics.gauge("quancheng_events_oldest_seconds", "Age of the oldest waiting delivery", oldest)
    dead = Delivery.objects.filter(state=Delivery.State.DEAD)
    metrics.gauge("quancheng_events_dead", "Deliveries given up, with reasons", dead.count)
    failed = Job.objects.filter(state=Job.State.FAILED)
    metrics.gauge("quancheng_jobs_failed", "Jobs given up, with reasons", failed.count)
