"""Background work: the night's comparison."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.outreach import sweeping
from quancheng.kernel import jobs


@jobs.every("outreach.sweep", cron="30 2 * * *")
def sweep(handle: Any = None) -> dict[str, Any]:
    """每晚比对; a run cut off goes on from its last batch."""
    done = sweeping.sweep(handle.check if handle is not None else lambda: None)
    return {"day": done.day.isoformat(), "told": done.told}
