"""Background work of opening."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.opening import actions
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("opening.follow", cron="*/10 * * * *")
@jobs.job("opening.follow", max_attempts=2, lease_seconds=600)
def follow(handle: Any = None) -> dict[str, int]:
    """随来源更新: each published dataset, one transaction each."""
    done = 0
    for pk in list(Dataset.objects.filter(state=State.PUBLISHED).values_list("pk", flat=True)):
        done += actions.follow_dataset(Call.system("opening"), dataset=pk)
        if handle is not None:
            handle.heartbeat()
    return {"updated": done}
