"""Background work of cascade: gathering and landing, rounds with neighbours, counts, silence, forgetting."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade import moving
from quancheng.capabilities.cascade.harvesting import harvest as run_feed
from quancheng.capabilities.cascade.hearing import forget_dead
from quancheng.capabilities.cascade.models import Feed, Neighbour
from quancheng.capabilities.cascade.queries import stream
from quancheng.capabilities.cascade.upkeep import prune_letters
from quancheng.kernel import clock, jobs

HORIZON_DAYS = 60
"""How long tombstones are kept; who was away longer reads a snapshot."""


@jobs.every("cascade.move", seconds=20)
@jobs.job("cascade.move", max_attempts=1, lease_seconds=300)
def move(handle: Any = None) -> dict[str, int]:
    """收表与落表."""
    alive = handle.heartbeat if handle is not None else _nothing
    return {"gathered": moving.gather_all(alive), "landed": moving.land_all(alive)}


@jobs.every("cascade.beat", seconds=30)
@jobs.job("cascade.beat", max_attempts=1)
def beat(handle: Any = None) -> dict[str, int]:
    """心跳: asks for a round with each active neighbour; tells of silence."""
    found = Neighbour.objects.filter(state=Neighbour.State.ACTIVE, simulated=False)
    slot = int(clock.now().timestamp()) // 30
    for code in found.exclude(mode=Neighbour.Mode.WAIT).values_list("code", flat=True):
        jobs.enqueue("cascade.talk", {"code": code}, key=f"cascade.talk:{code}:{slot}")
    return {"silent": len(moving.check_silence())}


@jobs.job("cascade.talk", max_attempts=1, lease_seconds=300)
def talk(handle: Any, code: str) -> dict[str, Any]:
    """与一个相邻节点交谈一轮."""
    done = moving.talk_with(code, handle.heartbeat)
    return {"rows": done.rows, "changes": done.changes, "sent": done.sent, "fault": done.fault}


@jobs.every("cascade.count", cron="15 3 * * *")
@jobs.job("cascade.count", max_attempts=2, lease_seconds=600)
def count(handle: Any = None) -> dict[str, int]:
    """每日对账."""
    return moving.count_all(handle.heartbeat if handle is not None else _nothing)


@jobs.job("cascade.count_one", max_attempts=2, lease_seconds=600)
def count_one(handle: Any, code: str) -> dict[str, int]:
    """与一个相邻节点对账."""
    return moving.count_all(handle.heartbeat, code)


@jobs.job("cascade.mend", max_attempts=2, lease_seconds=600)
def mend(handle: Any, code: str, kind: str, name: str) -> dict[str, int]:
    """查找差异并修复一个数据流."""
    kept = moving.mend_stream(code, stream(kind, name), handle.heartbeat)
    return {"differing": len(kept.differing), "repaired": kept.repaired, "equal": int(kept.equal)}


@jobs.every("cascade.forget", cron="45 3 * * *")
@jobs.job("cascade.forget", max_attempts=2, lease_seconds=600)
def forget(handle: Any = None) -> dict[str, int]:
    """清除过期墓碑与批次日志."""
    before = int(clock.now().timestamp()) - HORIZON_DAYS * 86400
    forgotten = 0
    for one in books.streams():
        while done := forget_dead(moving.system(), stream=one, before=before):
            forgotten += done
    return {"forgotten": forgotten, "letters": prune_letters(moving.system(), keep_days=HORIZON_DAYS)}


@jobs.every("cascade.harvest", cron="30 2 * * *")
@jobs.job("cascade.harvest", max_attempts=3, lease_seconds=300)
def harvest(handle: Any = None, code: str = "") -> dict[str, str]:
    """采集外部目录: all active sources, or one."""
    found = Feed.objects.filter(active=True, simulated=False)
    alive = handle.heartbeat if handle is not None else _nothing
    chosen = found.filter(code=code) if code else found
    return {one.code: run_feed(one, moving.system, alive).fault for one in chosen}


def _nothing() -> None:
    return None
