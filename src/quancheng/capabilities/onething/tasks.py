"""Jobs: the result pack, and packs that were lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.onething.models import Bundle
from quancheng.capabilities.onething.packing import keep_pack, unprinted
from quancheng.capabilities.onething.values import BundleState
from quancheng.core.text import Text
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Unavailable

PATIENCE = 4
"""So many tries wait for documents at the press; then the pack goes without them and is made again."""
FORGOTTEN = timedelta(minutes=10)


@jobs.job("onething.pack", max_attempts=8)
def pack(handle: jobs.JobHandle, bundle: int) -> dict[str, Any]:
    """结果包 of one bundle that is over."""
    found = Bundle.objects.select_related("theme", "user", "version").get(pk=bundle)
    if found.state != BundleState.FINISHED.value:
        return {"skipped": found.state}
    waiting = unprinted(found)
    if waiting and handle.attempt < PATIENCE:
        raise Unavailable(
            Text(f"还有{waiting}份文书在用印。", f"{waiting} documents are still being sealed.")
        )
    done = keep_pack(Call.system("onething", simulated=found.simulated), bundle=found)
    return {"receipt": done.receipt, "size": done.pack_size, "without": waiting}


@jobs.every("onething.repack", seconds=600)
def repack(handle: jobs.JobHandle) -> dict[str, Any]:
    """补做结果包 whose job was lost."""
    late = Bundle.objects.filter(
        state=BundleState.FINISHED.value, packed_at=None, finished_at__lt=clock.now() - FORGOTTEN
    )
    found = list(late.values_list("pk", "pack_round")[:100])
    for pk, number in found:
        jobs.enqueue("onething.pack", {"bundle": pk}, key=f"onething-repack-{pk}-{number}-{clock.today()}")
    return {"again": len(found)}
