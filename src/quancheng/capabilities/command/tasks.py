"""Jobs: running a drill, escalating what is late."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.command import actions, drilling
from quancheng.capabilities.command.models import Exercise
from quancheng.core.text import Text
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.simulation import drills

NAME = "command"


@jobs.job("command.drill", max_attempts=1, lease_seconds=900.0)
def drill(handle: jobs.JobHandle, drill: str, speed: float = 60.0, seats: str = "auto") -> dict[str, Any]:
    """运行演练: the drill's function on its virtual clock; stops when somebody cancels."""

    def heard(line: str) -> None:
        handle.log(line)
        handle.check()
        row = Exercise.objects.filter(job=handle.id).order_by("-id").first()
        handle.progress(row.fraction if row else 0.0, Text(line[:200], line[:200]))

    state = "failed"
    try:
        with drilling.running(drilling.Run(drill, handle.id, seats)):
            figures = drills.run(drill, drills.Terms(speed=speed, headless=False), heard)
        state = "ended"
        return figures
    except jobs.Cancelled:
        state = "stopped"
        raise
    finally:
        _close(handle, state)


def _close(handle: jobs.JobHandle, state: str) -> None:
    for row in Exercise.objects.filter(job=handle.id, state="running"):
        call = Call.system(NAME, key=f"{handle.key}:{row.code}", simulated=True)
        actions.close_exercise(call, code=row.code, state=state)


@jobs.every("command.escalate", cron="* * * * *")
def escalate(handle: jobs.JobHandle) -> dict[str, Any]:
    """督办: every minute, in the real city and in running exercises."""
    running = Exercise.objects.filter(state="running").values_list("code", flat=True)
    call = Call.system(NAME)
    return {code or "city": actions.escalate_overdue(call, exercise=code) for code in ["", *running]}
