"""Background work of tables."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.tables import actions, lake
from quancheng.capabilities.tables.models import DataTable
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call

NIGHTLY_SETS = 4
"""Change sets from which the night makes a new base."""


@jobs.every("tables.upkeep", cron="20 3 * * *")
@jobs.job("tables.upkeep", max_attempts=2, lease_seconds=600)
def upkeep(handle: Any = None) -> dict[str, int]:
    """合并变更集: new bases for tables with many change sets; what killed processes left is removed."""
    due = DataTable.objects.filter(dropped_at=None, sets__gte=NIGHTLY_SETS).values_list("table_id", flat=True)
    done = 0
    for table_id in list(due):
        done += bool(actions.compact_table(Call.system("tables"), table_id=table_id))
        if handle is not None:
            handle.heartbeat()
    return {"compacted": done, "cleaned": lake.clean_staging()}
