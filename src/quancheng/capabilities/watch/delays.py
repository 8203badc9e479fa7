"""告警用时: how long from the receipt of a reading to its alarm, and the figures of a day.

Receipt is the observation's ``result_time`` where the way in wrote it (ingest does), as long as it lies
in the day before; otherwise the last look at the log that did not have the reading yet, so that a figure
is never too good. A firing that no reading of the batch made (a silence, a slot that closed) counts
from the look that found it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.watch.models import Episode
from quancheng.core.watch import Firing
from quancheng.kernel import clock
from quancheng.kernel.observability import metrics

DAY = 24 * 3600 * 1_000_000
PERCENTILES = (50, 95)


def received(batch: Batch, firing: Firing, looked: int, arrived: int) -> int:
    """When (µs) the reading that made a firing was received; ``looked``: the look at the log before."""
    mine = np.flatnonzero(batch.stream == firing.stream)
    times = [at for stream, at, _ in firing.readings if stream == firing.stream] or [firing.at]
    chosen = mine[np.isin(batch.time[mine], times)]
    if not len(chosen):
        return arrived
    at = int(batch.result_time[chosen].max())
    return at if arrived - DAY <= at <= arrived else min(looked, arrived)


def percentiles(hours: int = 24, limit: int = 100_000) -> dict[int, int] | None:
    """Milliseconds by percentile of the alarms of the last hours; None without any."""
    since = clock.now() - timedelta(hours=hours)
    rows = Episode.objects.filter(detected_at__gte=since).order_by("delay_ms")
    return of(list(rows.values_list("delay_ms", flat=True)[:limit]))


def of(ascending: Sequence[int]) -> dict[int, int] | None:
    """Percentiles (nearest rank) of delays in ascending order."""
    count = len(ascending)
    if not count:
        return None
    return {one: ascending[max(0, -(-count * one // 100) - 1)] for one in PERCENTILES}


def register_gauges() -> None:
    """Figures of the last day for whoever scrapes this process, in seconds; NaN without any alarm."""
    for share in PERCENTILES:
        metrics.gauge(
            f"quancheng_watch_alarm_seconds_p{share}",
            "From the receipt of the reading to its alarm",
            lambda share=share: _seconds(share),  # type: ignore[misc]
        )


def _seconds(share: int) -> float:
    found = percentiles()
    return float("nan") if found is None else found[share] / 1000
