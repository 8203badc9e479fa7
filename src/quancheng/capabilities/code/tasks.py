"""Background work: read uploads, settle days, forget old scans."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from quancheng.capabilities.code import actions, queries
from quancheng.capabilities.code.models import Upload
from quancheng.kernel import clock, jobs, rulebook
from quancheng.kernel.actions import Call

AT_ONCE = 100
log = logging.getLogger(__name__)


@jobs.every("code.read", seconds=5)
def read(handle: Any = None) -> dict[str, Any]:
    """Read what gates sent, the oldest first. One that cannot be read stays new and holds nobody up."""
    done = failed = 0
    for upload in Upload.objects.filter(state=Upload.State.NEW).order_by("received_at", "pk")[:AT_ONCE]:
        try:
            actions.read_upload(Call.system("code"), upload=upload)
            done += 1
        except Exception:  # whatever one gate sent: the others' uploads wait behind it
            log.exception("code: upload %s of reader %s cannot be read", upload.pk, upload.verifier_id)
            failed += 1
        if handle is not None:
            handle.heartbeat()
    return {"uploads": done, "failed": failed}


@jobs.every("code.settle", cron="20 3 * * *")
def settle(handle: Any = None) -> dict[str, Any]:
    """Yesterday's rides, and every earlier day of which rides came in since: gates cut off upload late."""
    days = queries.days_to_settle(clock.now())
    rows = sum(actions.settle_day(Call.system("code"), day=day) for day in days)
    return {"days": len(days), "rows": rows}


@jobs.every("code.forget", cron="50 3 * * *")
def forget(handle: Any = None) -> dict[str, Any]:
    """Scans older than the rule book says."""
    days = rulebook.find("code.scan_days").integer()
    return {"forgotten": actions.forget_scans(Call.system("code"), before=clock.now() - timedelta(days=days))}
