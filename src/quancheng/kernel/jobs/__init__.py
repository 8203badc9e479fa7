"""Jobs 任务: background and periodic work in tables, with leases, reasons and progress.

``@job`` names a function, ``enqueue`` asks for one run in the caller's transaction, ``@every``
asks for a run at each occurrence. A worker that dies loses its lease and another goes on.
Why tables of our own: docs/decisions/0003-jobs-in-tables.md.
"""

from __future__ import annotations

from quancheng.kernel.events.retry import exponential
from quancheng.kernel.jobs.cron import Cron
from quancheng.kernel.jobs.handle import Cancelled, GiveUp, JobHandle, LeaseLost
from quancheng.kernel.jobs.queue import cancel, enqueue, prune, retry, run_due
from quancheng.kernel.jobs.registry import JobType, Schedule, every, job, job_types, schedules

__all__ = [
    "Cancelled",
    "Cron",
    "GiveUp",
    "JobHandle",
    "JobType",
    "LeaseLost",
    "Schedule",
    "cancel",
    "enqueue",
    "every",
    "exponential",
    "job",
    "job_types",
    "prune",
    "retry",
    "run_due",
    "schedules",
]
