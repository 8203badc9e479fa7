"""Background work of collection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog

from quancheng.capabilities.collection import actions, config, engine, rawfiles
from quancheng.capabilities.collection.faults import MovedOn
from quancheng.capabilities.collection.models import Feed, Run
from quancheng.capabilities.collection.values import RunState
from quancheng.core.text import Text
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

log = structlog.get_logger(__name__)
ATTEMPTS = 4


@jobs.job("collection.run", max_attempts=ATTEMPTS, lease_seconds=120)
def run(handle: jobs.JobHandle, run: str, stage: int) -> dict[str, Any]:
    """归集运行: from where the last worker left it; after the last attempt the run says that it failed."""
    try:
        return {"state": engine.work(run, handle.progress), "stage": stage}
    except MovedOn:  # another worker, or a person who was quicker
        return {"state": Run.objects.get(pk=run).state}
    except Exception as error:
        if handle.attempt >= ATTEMPTS:
            text = Text("处理时出错，已多次重试。", "Processing failed several times.")
            actions.fail_run(
                Call.system("collection"),
                run_id=run,
                text=text,
                again=True,
                code="error",
                detail=type(error).__name__,
            )
        raise


@jobs.job("collection.trial", max_attempts=1, lease_seconds=120)
def trial(handle: jobs.JobHandle, feed: int) -> dict[str, Any]:
    """试运行 of a feed that is being set up."""
    engine.try_out(Feed.objects.get(pk=feed))
    return {"state": Feed.objects.get(pk=feed).trial.get("state", "")}


@jobs.every("collection.tick", cron="* * * * *")
def tick(handle: Any = None) -> dict[str, int]:
    """到时运行: feeds whose time has come; one that is still at it waits for the next round."""
    started = 0
    busy = Run.objects.filter(state__in=[state.value for state in RunState if state.open]).values("feed")
    due = Feed.objects.filter(state=Feed.State.ACTIVE, next_at__lte=clock.now()).exclude(pk__in=busy)
    for feed in due.order_by("next_at")[:200]:
        call = Call.system("collection", simulated=feed.simulated)
        try:
            actions.start_run(call, code=feed.code, trigger=Run.Trigger.SCHEDULE.value)
            started += 1
        except Conflict as other:
            log.info("feed is busy", feed=feed.code, said=str(other))
    return {"started": started}


@jobs.every("collection.freshness", cron="*/5 * * * *")
def freshness(handle: Any = None) -> dict[str, int]:
    """核对时限: late and silent feeds, told once."""
    return {"changed": actions.mark_freshness(Call.system("collection"))}


@jobs.every("collection.tidy", cron="30 3 * * *")
def tidy(handle: Any = None) -> dict[str, int]:
    """清理: delivered files and refused rows past their days; what open runs, samples and last deliveries need stays."""
    before = clock.now() - timedelta(days=config.raw_days())
    old = Run.objects.filter(ended_at__lt=before)
    needed = set(Run.objects.exclude(pk__in=old.values("pk")).values_list("raw", flat=True))
    needed |= set(Feed.objects.values_list("sample", flat=True)) | set(
        Feed.objects.values_list("last_digest", flat=True)
    )
    runs = 0
    for run_id in old.values_list("pk", flat=True).iterator():
        runs += rawfiles.forget_all(run_id)
    files = rawfiles.forget_raw(needed, before.timestamp())
    return {"files": files, "runs": runs}
