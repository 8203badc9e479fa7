"""Asking for work and looking after it. Imports models only when called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict
from quancheng.kernel.events import wake
from quancheng.kernel.jobs.registry import find

if TYPE_CHECKING:
    from uuid import UUID

    from quancheng.kernel.jobs.models import Job


def enqueue(
    id: str,
    args: Mapping[str, Any] | None = None,
    key: str | None = None,
    run_at: datetime | None = None,
) -> Job:
    """Ask for one run, in the caller's transaction: rolled back with it, never forgotten after.

    The same ``key`` gives the same job, however often asked; with other arguments it is a
    Conflict. Raises LookupError for a job nobody defined.
    """
    from quancheng.kernel.jobs.models import Job, plain

    kind = find(id)
    if kind is None:
        raise LookupError(f"没有任务 {id},请检查 tasks.py。 There is no job {id}; see tasks.py.")
    arguments = plain(dict(args or {}))
    if key is not None and (earlier := Job.objects.filter(kind=id, key=key).first()):
        return _same(earlier, arguments)
    now = clock.now()
    try:
        with transaction.atomic():
            row = Job.objects.create(
                kind=id,
                args=arguments,
                key=key,
                run_at=run_at or now,
                created_at=now,
                max_attempts=kind.max_attempts,
            )
    except IntegrityError:  # somebody asked with the same key at the same moment
        return _same(Job.objects.get(kind=id, key=key), arguments)
    transaction.on_commit(wake.jobs.set)
    return row


def _same(job: Job, arguments: dict[str, Any]) -> Job:
    if job.args != arguments:
        raise Conflict(
            Text(
                f"任务 {job.kind} 的键 {job.key} 已用于另一份参数。",
                f"The key {job.key} of job {job.kind} was already used with other arguments.",
            )
        )
    return job


def cancel(job_id: UUID) -> bool:
    """Cancel a job: at once when queued, at its next heartbeat when running; False when over."""
    from quancheng.kernel.jobs.models import Job

    waiting = Job.objects.filter(pk=job_id, state=Job.State.QUEUED)
    if waiting.update(state=Job.State.CANCELLED, finished_at=clock.now(), cancel_requested=True):
        return True
    running = Job.objects.filter(pk=job_id, state=Job.State.RUNNING)
    return bool(running.update(cancel_requested=True))


def retry(job_id: UUID) -> bool:
    """Give a failed or cancelled job a fresh set of attempts; False when it is neither."""
    from django.db.models import F

    from quancheng.kernel.jobs.models import Job

    job = Job.objects.filter(pk=job_id).first()
    kind = find(job.kind) if job else None
    over = Job.objects.filter(pk=job_id, state__in=[Job.State.FAILED, Job.State.CANCELLED])
    return bool(
        over.update(
            state=Job.State.QUEUED,
            run_at=clock.now(),
            finished_at=None,
            cancel_requested=False,
            max_attempts=F("attempts") + (kind.max_attempts if kind else 1),
        )
    )


def run_due(now: datetime | None = None, *, periodic: bool = False, limit: int = 1000) -> list[Job]:
    """Run everything due, here and now (tests, drills); ``periodic`` also enqueues schedules.

    A failed job waits for its backoff as usual; look at ``state`` and ``error`` of what comes
    back.
    """
    from quancheng.kernel.jobs.scheduler import Scheduler
    from quancheng.kernel.jobs.worker import JobWorker

    if periodic:
        Scheduler().run_once(now)
    worker = JobWorker("run_due")
    ran: list[Job] = []
    while len(ran) < limit and (job := worker.run_once(now)) is not None:
        job.refresh_from_db()
        ran.append(job)
    return ran


def prune(older_than: timedelta = timedelta(days=30), *, batch: int = 500) -> int:
    """Remove jobs done or cancelled before a period; failed ones stay three times as long."""
    from django.db.models import Q

    from quancheng.kernel.jobs.models import Job

    now = clock.now()
    quiet = Q(state__in=[Job.State.DONE, Job.State.CANCELLED], finished_at__lt=now - older_than)
    failed = Q(state=Job.State.FAILED, finished_at__lt=now - 3 * older_than)
    removed = 0
    while ids := list(Job.objects.filter(quiet | failed).values_list("pk", flat=True)[:batch]):
        Job.objects.filter(pk__in=ids).delete()
        removed += len(ids)
    return removed
