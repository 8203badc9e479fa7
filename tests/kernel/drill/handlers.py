"""What the drills' processes listen to and do."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.kernel.drill.models import Effect

from quancheng.kernel import events, jobs
from quancheng.kernel.jobs import JobHandle


def crash_if_asked(name: str) -> None:
    """Die at once, by SIGKILL, if the file ``name`` lies in the home folder (taking it away)."""
    flag = Path(os.environ["QUANCHENG_HOME"]) / name
    try:
        flag.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


@events.subscribe("drill.counted", "drill.count")
def count(event: events.Event) -> None:
    Effect.objects.create(name="count", subject=event.subject, number=event.data["n"], process=os.getpid())
    crash_if_asked("crash-in-handler")


@events.subscribe("drill.killing", "drill.kill")
def kill(event: events.Event) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@jobs.job("drill.add", lease_seconds=30)
def add(handle: JobHandle, n: int) -> int:
    Effect.objects.create(name="add", subject=str(handle.id), number=n, process=os.getpid())
    return n


@jobs.job("drill.long", lease_seconds=1, max_attempts=3)
def long(handle: JobHandle, n: int) -> str:
    handle.log("starting")
    handle.progress(0.5, None)
    (Path(os.environ["QUANCHENG_HOME"]) / f"long-{handle.attempt}").touch()
    if handle.attempt == 1:
        time.sleep(60)  # the test kills us here
    Effect.objects.create(name="long", subject=str(handle.id), number=n, process=os.getpid())
    return "finished"


@jobs.every("drill.tick", seconds=1)
def tick(handle: JobHandle, **_: Any) -> None:
    Effect.objects.create(name="tick", subject=handle.due_at.isoformat(), process=os.getpid())
