"""Background work of sharing."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.exchange import actions, sending
from quancheng.capabilities.exchange.models import ShareRequest
from quancheng.core.exchange import Stage
from quancheng.core.text import Text
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call

ROUNDS = 20
"""Batches of stamps in one run at most; the next run is seconds away."""


@jobs.every("exchange.stamp", seconds=10)
@jobs.job("exchange.stamp")
def stamp(handle: Any = None) -> dict[str, int]:
    """盖时间戳: batch after batch until nothing waits."""
    call, done = Call.system("exchange"), 0
    for _ in range(ROUNDS):
        stamped = actions.stamp_waiting(call)
        done += stamped
        if not stamped:
            break
    return {"stamped": done}


@jobs.every("exchange.watch", cron="*/5 * * * *")
@jobs.job("exchange.watch")
def watch(handle: Any = None) -> dict[str, Any]:
    """滞后检查: an event at 70 % of the limit."""
    return actions.warn_ledger(Call.system("exchange"))


@jobs.every("exchange.clock", cron="10 0 * * *")
@jobs.job("exchange.clock")
def legal_clock(handle: Any = None) -> dict[str, int]:
    """法定期限: each request once a day: warned, lapsed or expired."""
    over = [str(stage) for stage in Stage if stage.final]
    numbers = ShareRequest.objects.exclude(stage__in=[*over, str(Stage.DRAFTED)]).order_by("id")
    call, moved = Call.system("exchange"), 0
    for number in list(numbers.values_list("number", flat=True)):
        actions.tick(call, number=number)
        moved += 1
    return {"requests": moved}


@jobs.every("exchange.publish", seconds=15)
@jobs.job("exchange.publish")
def publish(handle: Any = None) -> dict[str, Any]:
    """订阅: pack what changed, send what is due."""
    call = Call.system("exchange")
    return {
        "packed": sending.quietly(sending.pack_all, call),
        "came": sending.quietly(sending.send_all, call),
    }


@jobs.job("exchange.make_file", max_attempts=3, lease_seconds=600)
def make_one_file(handle: jobs.JobHandle, file: int) -> dict[str, Any]:
    """生成批量文件."""
    made = actions.make_file(Call.system("exchange"), file=file)
    handle.progress(1.0, Text("完成", "done"))
    return {"state": str(made.state), "rows": made.rows}


@jobs.every("exchange.clean", cron="20 3 * * *")
@jobs.job("exchange.clean")
def clean(handle: Any = None) -> dict[str, int]:
    """清理过期文件."""
    return {"removed": actions.remove_files(Call.system("exchange"))}
