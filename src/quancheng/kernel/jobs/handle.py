"""What a running job may say and ask: progress, heartbeat, cancellation, log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.events.retry import after, real_now

if TYPE_CHECKING:
    from quancheng.kernel.jobs.models import Job

LOG_LINES = 200
WRITE_SECONDS = 0.5
"""Progress is written at most this often."""


class LeaseLost(RuntimeError):
    """Another worker has taken the job over: stop at once, nothing more counts."""


class Cancelled(RuntimeError):
    """Somebody cancelled the job; raised by ``check``."""


class GiveUp(RuntimeError):
    """Raise in a job to fail for good: trying again would not help."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(f"{reason.zh} / {reason.en}")


class JobHandle:
    """The running job, seen from inside."""

    def __init__(
        self,
        job: Job,
        attempt_id: int,
        lease_seconds: float,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._job = job
        self._token: uuid.UUID | None = job.lease_token
        self._attempt_id = attempt_id
        self._lease_seconds = lease_seconds
        self._stopping = stopping
        self._lines: list[str] = []
        self._written = -WRITE_SECONDS
        self._cancelled = job.cancel_requested

    @property
    def id(self) -> uuid.UUID:
        """The job's id."""
        return self._job.pk

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return self._job.attempts

    @property
    def due_at(self) -> datetime:
        """When it was to run; for a periodic job the occurrence it stands for."""
        return self._job.run_at

    @property
    def key(self) -> str:
        """A key for the actions of this job: the same in every attempt."""
        return f"job:{self._job.pk}"

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled it (known after a heartbeat) or the worker is stopping."""
        return self._cancelled or self._stopping()

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody cancelled it, as known since the last heartbeat."""
        return self._cancelled

    def heartbeat(self) -> None:
        """Extend the lease; raises LeaseLost when another worker has the job."""
        self._write({})

    def progress(self, fraction: float, text: Text | None = None) -> None:
        """Say how far it is (0…1) and what it does; extends the lease."""
        fraction = min(max(float(fraction), 0.0), 1.0)
        hurried = self._written > 0 and time.monotonic() - self._written < WRITE_SECONDS
        if hurried and fraction < 1.0 and text is None:
            return
        fields: dict[str, object] = {"progress": fraction}
        if text is not None:
            fields["progress_text"] = text.to_dict()
        self._write(fields)

    def check(self) -> None:
        """Heartbeat, then raise Cancelled when the job was cancelled."""
        self.heartbeat()
        if self._cancelled:
            raise Cancelled

    def log(self, line: str) -> None:
        """Keep a line with the attempt; the last 200 stay."""
        self._lines = [*self._lines, f"{clock.now():%H:%M:%S} {line}"][-LOG_LINES:]

    @property
    def lines(self) -> list[str]:
        """The lines logged so far."""
        return self._lines

    def _write(self, fields: dict[str, object]) -> None:
        from quancheng.kernel.jobs.models import Job, JobAttempt

        ours = Job.objects.filter(pk=self._job.pk, lease_token=self._token, state=Job.State.RUNNING)
        lease_until = after(real_now(), self._lease_seconds)
        if not ours.update(lease_until=lease_until, **fields):
            raise LeaseLost(f"job {self._job.pk}: another worker has taken over")
        self._cancelled = bool(ours.values_list("cancel_requested", flat=True).first())
        if self._lines:
            JobAttempt.objects.filter(pk=self._attempt_id).update(log=self._lines)
        self._written = time.monotonic()
