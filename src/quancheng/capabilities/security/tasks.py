"""Background work: keys at their end, reminders."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.security import actions
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("security.rotate", cron="15 3 * * *")
@jobs.job("security.rotate")
def rotate(handle: jobs.JobHandle) -> dict[str, Any]:
    """密钥到期处理: rotate keys at the end of signing, destroy those at the end of verifying."""
    return actions.retire_due(Call.system("security"))
