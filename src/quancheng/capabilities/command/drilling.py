"""演练的运行 The drill this process runs, and the jobs that run drills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

JOB = "command.drill"


@dataclass(frozen=True, slots=True)
class Run:
    """A drill started from the screen (演练运行)."""

    drill: str
    job: UUID
    seats: str


_run: ContextVar[Run | None] = ContextVar("quancheng_command_run", default=None)


def current() -> Run | None:
    """The drill that runs here, None outside one."""
    return _run.get()


@contextmanager
def running(run: Run) -> Iterator[None]:
    """Exercises opened inside the block belong to ``run``."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


def running_jobs() -> list[Any]:
    """Jobs of drills that wait or run, newest first."""
    from quancheng.kernel.jobs.models import Job

    live = [Job.State.QUEUED, Job.State.RUNNING]
    return list(Job.objects.filter(kind=JOB, state__in=live).order_by("-created_at"))
