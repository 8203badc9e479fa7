"""Background work: look at every link and its QKD line, change keys when due, tell what is wrong."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.quantum import actions, link_client
from quancheng.capabilities.quantum.caller import LinkDown
from quancheng.capabilities.quantum.kme_client import KmeFailed
from quancheng.capabilities.quantum.models import Link
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

_AT_ONCE = 200


@jobs.every("quantum.watch", seconds=60)
def watch(handle: Any = None) -> dict[str, Any]:
    """巡检: each wanted link carries or is told to be down; each line's error rates are kept."""
    done = {"up": 0, "down": 0, "lines": 0, "silent": 0}
    for row in Link.objects.filter(wanted=True).select_related("peer").order_by("code")[:_AT_ONCE]:
        done[_line(row)] += 1 if row.kme_url else 0
        if row.address:
            done[_carries(row)] += 1
        if handle is not None:
            handle.heartbeat()
    return done


def _line(row: Link) -> str:
    try:
        state = link_client.line_state(row)
    except KmeFailed:
        return "silent"
    if state is not None:
        actions.report_line(Call.system("quantum"), code=row.code, line=state)
    return "lines"


def _carries(row: Link) -> str:
    try:
        link_client.ping(row.code)
    except (LinkDown, Conflict):
        return "down"
    return "up"
