"""Runs jobs: claims one under a lease, runs it, records how it ended."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from datetime import datetime
from typing import Any

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import Q

from quancheng.kernel import clock
from quancheng.kernel.errors import PartnerFailed
from quancheng.kernel.events import wake
from quancheng.kernel.events.retry import after, real_now, reason_of
from quancheng.kernel.jobs.handle import Cancelled, GiveUp, JobHandle, LeaseLost
from quancheng.kernel.jobs.models import Job, JobAttempt, plain
from quancheng.kernel.jobs.registry import JobType, find, job_types

logger = logging.getLogger(__name__)

ABANDONED_SECONDS = 1.0
"""How often a busy worker looks for jobs of dead ones."""


class JobWorker:
    """One thread's worth of work; any number may run at once, in any number of processes."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self.current: Job | None = None
        self._stop = threading.Event()
        self._looked = -ABANDONED_SECONDS

    def run_forever(self, stop: threading.Event, idle_seconds: float = 0.25) -> None:
        """Work until ``stop``; sleeps when there is nothing and survives database outages."""
        self._stop = stop
        while not stop.is_set():
            try:
                idle = self.run_once() is None
            except DatabaseError:
                logger.exception("job worker: database not available, trying again")
                close_old_connections()
                idle = True
            if idle:
                wake.wait(wake.jobs, stop, idle_seconds)

    def run_once(self, now: datetime | None = None) -> Job | None:
        """Claim and run one due job; None when nothing is due. Read the row again for its end."""
        claimed = self.claim(now or clock.now())
        if claimed is None:
            return None
        job, attempt = claimed
        kind = find(job.kind)
        if attempt is not None and kind is not None:
            self.current = job
            try:
                self._run(job, attempt, kind, now)
            finally:
                self.current = None
        return job

    def hand_back(self) -> None:
        """End the lease of the job in hand, so that another worker need not wait for it."""
        job = self.current
        if job is not None:
            Job.objects.filter(pk=job.pk, lease_token=job.lease_token).update(lease_until=real_now())

    # -- claiming ---------------------------------------------------------------------------

    def claim(self, now: datetime) -> tuple[Job, JobAttempt | None] | None:
        """Take the most urgent due job; the attempt is None when its attempts were used up."""
        while True:
            job = self._candidate(now)
            if job is None:
                return None
            taken = self._take(job)
            if taken is not None:
                return taken

    def _candidate(self, now: datetime) -> Job | None:
        """A plain read, so that idle workers never stand in the write queue."""
        kinds = [kind.id for kind in job_types()]
        rows = Job.objects.filter(kind__in=kinds, finished_at__isnull=True)
        abandoned = rows.filter(state=Job.State.RUNNING, lease_until__lte=real_now())
        queued = rows.filter(state=Job.State.QUEUED, run_at__lte=now)
        if time.monotonic() - self._looked < ABANDONED_SECONDS:
            job = queued.order_by("run_at", "pk").first()
            if job is not None:
                return job
        job = abandoned.order_by("lease_until").first()
        self._looked = time.monotonic() if job is None else -ABANDONED_SECONDS  # there may be more
        return job or queued.order_by("run_at", "pk").first()

    def _take(self, seen: Job) -> tuple[Job, JobAttempt | None] | None:
        """Take a job seen as free; None when another worker was quicker."""
        kind = find(seen.kind)
        lease = kind.lease_seconds if kind else 60.0
        token, real = uuid.uuid4(), real_now()
        with transaction.atomic():
            if connection.features.has_select_for_update_skip_locked:
                locked = Job.objects.select_for_update(skip_locked=True).filter(pk=seen.pk)
                if not locked.exists():
                    return None
            free = (
                Q(lease_token__isnull=True)
                if seen.lease_token is None
                else Q(lease_token=seen.lease_token, lease_until__lte=real)
            )
            values: dict[str, Any] = {
                "state": Job.State.RUNNING,
                "lease_token": token,
                "lease_until": after(real, lease),
                "attempts": seen.attempts + 1,
                "started_at": clock.now(),
            }
            if not Job.objects.filter(free, pk=seen.pk, state=seen.state).update(**values):
                return None
            lost = seen.state == Job.State.RUNNING
            for name, value in values.items():
                setattr(seen, name, value)
            return seen, self._begin(seen, lost=lost)

    def _begin(self, job: Job, *, lost: bool) -> JobAttempt | None:
        now = clock.now()
        if lost:
            reason = "执行它的进程中断，租约到期。 The process running it ended; its lease ran out."
            JobAttempt.objects.filter(job=job, outcome=JobAttempt.Outcome.RUNNING).update(
                outcome=JobAttempt.Outcome.LOST, finished_at=now, reason=reason
            )
            if job.attempts > job.max_attempts or job.cancel_requested:
                state = Job.State.CANCELLED if job.cancel_requested else Job.State.FAILED
                _close(job, state, attempts=job.attempts - 1, error=reason)
                logger.error("job %s %s given up: %s", job.kind, job.pk, reason)
                return None
        return JobAttempt.objects.create(job=job, number=job.attempts, worker=self.name[:120], started_at=now)

    # -- running ----------------------------------------------------------------------------

    def _run(self, job: Job, attempt: JobAttempt, kind: JobType, now: datetime | None) -> None:
        handle = JobHandle(job, attempt.pk, kind.lease_seconds, self._stop.is_set)
        outcome, reason, result, final = JobAttempt.Outcome.DONE, "", None, False
        try:
            result = plain(kind.function(handle, **job.args))
        except LeaseLost as error:
            logger.warning("job %s %s: %s", job.kind, job.pk, error)
            return  # the one who took over records the end
        except Cancelled:
            outcome = JobAttempt.Outcome.CANCELLED
        except GiveUp as error:
            outcome, reason, final = JobAttempt.Outcome.FAILED, str(error), True
        except PartnerFailed as error:  # says itself who did not answer: not a fault of ours to trace
            outcome, reason = JobAttempt.Outcome.FAILED, str(error)
        except Exception as error:
            outcome, reason = JobAttempt.Outcome.FAILED, reason_of(error)
        with transaction.atomic():
            if self._finish(job, kind, outcome, reason, result, final, now):
                JobAttempt.objects.filter(pk=attempt.pk).update(
                    outcome=outcome, reason=reason, finished_at=clock.now(), log=handle.lines
                )

    def _finish(
        self,
        job: Job,
        kind: JobType,
        outcome: JobAttempt.Outcome,
        reason: str,
        result: object,
        final: bool,
        now: datetime | None,
    ) -> bool:
        if outcome == JobAttempt.Outcome.DONE:
            return _close(job, Job.State.DONE, result=result, progress=1.0, error="")
        if outcome == JobAttempt.Outcome.CANCELLED:
            return _close(job, Job.State.CANCELLED)
        if final or job.attempts >= job.max_attempts:
            logger.error("job %s %s failed for good: %s", job.kind, job.pk, reason)
            return _close(job, Job.State.FAILED, error=reason)
        logger.warning("job %s %s failed, will be tried again: %s", job.kind, job.pk, reason)
        return _close(
            job,
            Job.State.QUEUED,
            error=reason,
            finished_at=None,
            run_at=after(now or clock.now(), kind.backoff(job.attempts)),
        )


def _close(job: Job, state: Job.State, **fields: object) -> bool:
    """End the running state under our lease; False when another worker has taken over."""
    ours = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state=Job.State.RUNNING)
    values: dict[str, object] = {"finished_at": clock.now()} | fields
    return bool(ours.update(state=state, lease_token=None, lease_until=None, **values))
