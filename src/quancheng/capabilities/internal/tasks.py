"""Background work: result packs, the turn of a day, reminders of meetings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.internal import actions, packing
from quancheng.capabilities.internal.models import Item, Meeting, Notice
from quancheng.kernel import clock, jobs, rulebook
from quancheng.kernel.actions import Call


@jobs.job("internal.pack")
def pack(handle: Any = None, *, item: int, task: str) -> dict[str, Any]:
    """结果文书: print, seal and keep; run again after a crash it finds what is done."""
    found = Item.objects.select_related("model", "unit", "dossier").get(pk=item)
    if found.over or Notice.objects.filter(item=found).exists():
        return {"item": found.number, "notices": 0}
    papers = packing.print_pack(found)
    actions.finish_pack(
        Call.system("internal", simulated=found.simulated), item=found, task=task, papers=papers
    )
    return {"item": found.number, "notices": len(papers)}


@jobs.every("internal.turn_of_day", cron="5 0 * * *")
def turn_of_day(handle: Any = None) -> dict[str, Any]:
    """生效: entries written for today become true."""
    return {"changed": actions.refresh_dossiers(Call.system("internal"))}


@jobs.every("internal.remind", cron="0 9 * * *")
def remind(handle: Any = None) -> dict[str, Any]:
    """催办: units that have not replied, in the last hours before the deadline."""
    hours = rulebook.find("internal.remind_hours").integer()
    now = clock.now()
    soon = Meeting.objects.filter(
        sent_at__isnull=False, cancelled_at=None, reply_by__gt=now, reply_by__lte=now + timedelta(hours=hours)
    )
    call = Call.system("internal")
    return {"reminded": sum(actions.remind_units(call, meeting=one) for one in soon)}
