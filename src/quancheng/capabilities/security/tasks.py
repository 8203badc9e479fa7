"""Background work: keys at their end, revocation lists before they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.security import actions, authority, queries, terms
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call


@jobs.every("security.rotate", cron="15 3 * * *")
@jobs.job("security.rotate")
def rotate(handle: jobs.JobHandle) -> dict[str, Any]:
    """密钥到期处理: rotate keys at the end of signing, destroy those at the end of verifying, remind of the rest."""
    queries.see_ring()
    done = actions.retire_due(Call.system("security"))
    actions.close_old_gatherings(Call.system("security"))
    return {**done, **actions.remind(Call.system("security"))}


@jobs.every("security.lists", cron="35 * * * *")
@jobs.job("security.lists")
def lists(handle: jobs.JobHandle) -> dict[str, Any]:
    """签发吊销列表: a new list for each issuing authority whose list has less than half its time left."""
    now = clock.now()
    half = timedelta(hours=terms.amount("security.list_hours")) / 2
    made = []
    for row in authority.working():
        latest = authority.latest_list(row)
        if latest is None or latest.next_update - now < half:
            actions.make_list(Call.system("security"), slug=row.slug)
            made.append(row.slug)
    return {"made": made}
