"""观测存储: durable appends at four batch sizes, then sealing: CPU, bytes and latency an observation."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

SIZES = (1, 100, 1_670, 16_700)
SECONDS = 20.0
STREAMS = 1_000_000
START = 1_780_272_000_000_000
"""2026-06-01 08:00 in Jinan, µs."""


@benchmark(
    "observations-store", "durable appends of observations, sealing and merging", "numpy, pyarrow, duckdb"
)
def run(scale: float) -> None:
    """Each append returns after fdatasync; one thread, so a batch waits for the disk alone."""
    django_on_fresh_database()
    from quancheng.capabilities.observations import actions
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.capabilities.observations.values import Batch

    clock, keeper = 0, Keeper()
    for unique in (False, True):
        for size in SIZES:
            while keeper.step(force=True):  # between the measurements, as it would in its own process
                pass
            waits: list[float] = []
            until = time.perf_counter() + max(0.5, SECONDS * scale)
            with spent() as used:
                while time.perf_counter() < until:
                    streams, times, numbers = _rows(size, clock)
                    clock += 1
                    began = time.perf_counter()
                    actions.append(Batch.numbers(streams, times, numbers), unique=unique)
                    waits.append(time.perf_counter() - began)
            name = f"observations_{'unique_' if unique else ''}append_of_{size}"
            rows = size * len(waits)
            figure(f"{name}_rate", rows / used.wall, "obs/s")
            figure(f"{name}_cpu", 1e6 * used.cpu / rows, "µs/obs")
            for share in (50, 99):
                figure(f"{name}_p{share}", 1000 * _percentile(waits, share), "ms")
    _seal(scale)


def _seal(scale: float) -> None:
    """What the keeper needs for a minute of a million devices, and what is left on the disk."""
    from quancheng.capabilities.observations import actions, merging
    from quancheng.capabilities.observations.config import log_folder
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.capabilities.observations.status import status
    from quancheng.capabilities.observations.values import Batch

    keeper = Keeper()
    while keeper.step(force=True):
        pass
    before, rows = status(), max(20_000, int(STREAMS * scale))
    logged = sum(path.stat().st_size for path in log_folder().rglob("*.log"))
    for minute in range(3):
        for first in range(0, rows, 16_700):
            size = min(16_700, rows - first)
            streams, times, numbers = _rows(size, 60 * minute, first)
            actions.append(Batch.numbers(streams, times + 10**12, numbers))
    grown = sum(path.stat().st_size for path in log_folder().rglob("*.log")) - logged
    figure("observations_log_size", grown / (3 * rows), "bytes/obs")
    with spent() as used:
        while keeper.step():
            pass
        keeper.step(force=True)
    after = status()
    sealed = after.rows - before.rows
    figure("observations_seal_cpu", 1e6 * used.cpu / sealed, "µs/obs")
    figure("observations_sealed_size", (after.bytes - before.bytes) / sealed, "bytes/obs")
    files = merging.current("observations.raw")
    with spent() as used:
        merging.merge(files, files[-1].partition)
    figure("observations_merge_cpu", 1e6 * used.cpu / after.rows, "µs/obs")
    figure("observations_merged_size", status().bytes / after.rows, "bytes/obs")


def _rows(size: int, clock: int, first: int | None = None) -> tuple[Any, Any, Any]:
    """So many readings of different sensors: slow walks with two decimals, times jittered by seconds."""
    import numpy as np

    random = np.random.default_rng(clock * 7919 + (first or 0))
    begin = first if first is not None else (clock * size) % STREAMS
    streams = (begin + np.arange(size)) % STREAMS + 1
    times = START + clock * 1_000_000 + random.integers(0, 60, size) * 1_000_000
    numbers = np.round(20 + 5 * np.sin(streams / 100) + random.normal(0, 0.3, size), 2)
    return streams, times, numbers


def _percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
