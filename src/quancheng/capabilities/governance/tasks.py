"""Background work of governance: the month that ended is frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.governance import actions
from quancheng.capabilities.governance.models import Month
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call


@jobs.every("governance.freeze", cron="20 0 1 * *")
@jobs.job("governance.freeze")
def freeze(handle: Any = None) -> dict[str, str]:
    """月度指标冻结: the month before this one, once."""
    month = f"{clock.today().replace(day=1) - timedelta(days=1):%Y-%m}"
    if Month.objects.filter(month__gte=month).exists():
        return {"month": month, "said": "frozen already"}
    row = actions.freeze_month(Call.system("governance"), month=month)
    return {"month": month, "digest": row.digest}
