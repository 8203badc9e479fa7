"""Background work of the store."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.observations import actions
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("observations.retain", cron="10 3 * * *")
def retain(handle: Any = None) -> dict[str, int]:
    """留存期限: rows that may no longer be kept leave the store, at night."""
    return actions.apply_retention(Call.system("observations"))
