"""Background work of the guide."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.guide import actions
from quancheng.capabilities.guide.models import Conversation
from quancheng.capabilities.guide.values import State
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("guide.watch", cron="* * * * *")
def watch(handle: Any = None) -> dict[str, int]:
    """排队与空闲巡查: those who wait too long are told, silent conversations end."""
    if not Conversation.objects.filter(state__in=[State.WAITING, State.OPEN]).exists():
        return {"late": 0, "closed": 0}  # a quiet night leaves no audit entry each minute
    call = Call.system("guide")
    return {"late": actions.mark_late(call), "closed": actions.close_idle(call)}


@jobs.every("guide.purge", cron="40 3 * * *")
def purge(handle: Any = None) -> dict[str, int]:
    """过期会话清除."""
    return {"purged": actions.purge_transcripts(Call.system("guide"))}
