"""Background work of the platform: asynchronous calls, and results that have been kept long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.models import actions, serving
from quancheng.capabilities.models.models import Task
from quancheng.capabilities.models.values import JobStatus
from quancheng.capabilities.people import queries as people
from quancheng.kernel import clock, jobs, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError


@jobs.job("models.task", max_attempts=3, lease_seconds=300)
def run_task(handle: Any, code: str) -> dict[str, str]:
    """异步算法任务: run as the one who asked, so that rights and quotas are theirs."""
    system = Call.system("models")
    task: Task | None = actions.move_task(system, code=code, status=JobStatus.RUNNING)
    if task is None:
        return {"status": "dismissed"}
    call = Call(people.actor_by_id(task.user_id))
    try:
        outputs = serving.execute(call, task.process, task.inputs or {}, purpose=task.purpose)
    except QuanchengError as failed:
        said = (
            f"{failed.detail.zh} {failed.detail.en}" if hasattr(failed.detail, "zh") else str(failed.detail)
        )
        actions.move_task(system, code=code, status=JobStatus.FAILED, message=said)
        return {"status": "failed"}
    actions.move_task(system, code=code, status=JobStatus.SUCCESSFUL, outputs=outputs)
    return {"status": "successful"}


@jobs.every("models.prune", cron="20 3 * * *")
@jobs.job("models.prune")
def prune(handle: Any = None) -> dict[str, int]:
    """算法任务清理."""
    days = rulebook.find("models.results_days").integer()
    before = clock.now() - timedelta(days=days)
    return {"gone": actions.prune_tasks(Call.system("models"), before=before)}
