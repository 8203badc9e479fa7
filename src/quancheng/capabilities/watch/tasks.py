"""Background work of watch."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.watch import actions
from quancheng.capabilities.watch.models import RuleVersion, State
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call


@jobs.every("watch.enact", cron="* * * * *")
def enact(handle: Any = None) -> dict[str, int]:
    """到期生效: approved versions whose day has come."""
    if not RuleVersion.objects.filter(state=State.APPROVED, valid_from__lte=clock.now()).exists():
        return {"enacted": 0}
    return {"enacted": actions.enact_due(Call.system("watch"))}
