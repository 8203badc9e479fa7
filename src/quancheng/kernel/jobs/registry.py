"""Which jobs exist in this process: ``@job`` and ``@every``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from quancheng.kernel import clock
from quancheng.kernel.events.retry import Backoff, exponential
from quancheng.kernel.jobs.cron import Cron

Function = TypeVar("Function", bound=Callable[..., Any])

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_types: dict[str, JobType] = {}
_schedules: dict[str, Schedule] = {}


@dataclass(frozen=True, slots=True)
class JobType:
    """A named function that workers may run."""

    id: str
    function: Callable[..., Any]
    max_attempts: int
    lease_seconds: float
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is due of itself."""

    id: str
    cron: Cron | None
    seconds: int | None
    catch_up: str
    """``latest``: after an outage only the newest missed occurrence; ``all``: every one."""

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than ``moment``."""
        if self.cron is not None:
            return self.cron.next_after(moment, clock.LOCAL)
        step = timedelta(seconds=self.seconds or 1)
        return _EPOCH + ((moment - _EPOCH) // step + 1) * step


def job(
    id: str,
    *,
    max_attempts: int = 3,
    lease_seconds: float = 60.0,
    backoff: Backoff | None = None,
) -> Callable[[Function], Function]:
    """Make ``function(handle, **args)`` a job.

    It may run more than once (a worker can die after the work and before the mark), so write
    through actions with a key. Work longer than ``lease_seconds`` reports progress or heartbeats.
    What it returns (JSON) is kept as the job's result.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r}: a job is named module.what, in lower case")
    if max_attempts < 1 or lease_seconds <= 0:
        raise ValueError("max_attempts must be at least 1 and lease_seconds positive")

    def register(function: Function) -> Function:
        earlier = _types.get(id)
        if earlier is not None and _identity(earlier.function) != _identity(function):
            raise ValueError(f"任务名 {id} 已被占用。 The job id {id} is taken.")
        _types[id] = JobType(id, function, max_attempts, lease_seconds, backoff or exponential())
        return function

    return register


def every(
    id: str,
    *,
    cron: str | None = None,
    seconds: int | None = None,
    catch_up: str = "latest",
) -> Callable[[Function], Function]:
    """Run a job at each occurrence of ``cron`` (local time) or every ``seconds``.

    Above ``@job`` it adds the schedule; alone it also makes the function a job.
    """
    if (cron is None) == (seconds is None):
        raise ValueError("every() needs either cron or seconds")
    if seconds is not None and seconds < 1:
        raise ValueError("seconds must be at least 1")
    if catch_up not in {"latest", "all"}:
        raise ValueError("catch_up is latest or all")
    schedule = Schedule(id, Cron.parse(cron) if cron else None, seconds, catch_up)

    def register(function: Function) -> Function:
        existing = _types.get(id)
        if existing is None or _identity(existing.function) != _identity(function):
            job(id)(function)
        _schedules[id] = schedule
        return function

    return register


def job_types() -> list[JobType]:
    """All jobs of this process, by id."""
    return [_types[name] for name in sorted(_types)]


def schedules() -> list[Schedule]:
    """All schedules of this process, by id."""
    return [_schedules[name] for name in sorted(_schedules)]


def find(name: str) -> JobType | None:
    """The job called ``name``."""
    return _types.get(name)


@contextmanager
def isolated() -> Iterator[None]:
    """Start with no jobs and restore them afterwards (for tests)."""
    kept = dict(_types), dict(_schedules)
    _types.clear()
    _schedules.clear()
    try:
        yield
    finally:
        _types.clear()
        _schedules.clear()
        _types.update(kept[0])
        _schedules.update(kept[1])


def _identity(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__
