"""Background work of ingest."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.ingest import actions
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("ingest.prune", cron="35 * * * *")
@jobs.job("ingest.prune")
def prune(handle: Any = None) -> dict[str, int]:
    """清理: old notices, handled letters, finished commands; commands out of date expire."""
    call = Call.system("ingest")
    return {"expired": actions.expire_commands(call), **actions.prune(call)}
