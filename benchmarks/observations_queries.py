"""观测查询: the three questions of a city over many observations, beside appends still in the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

ROWS = 100_000_000
SENSORS = 10_000
DAYS = 30
DISTRICTS = 12
TAIL = 20_000


@benchmark(
    "observations-queries", "last day, latest of 1,000 and monthly means over 100 M observations", "duckdb"
)
def run(scale: float) -> None:
    """Scale 1 = 100 million observations: 10,000 sensors for 30 days (3 days below a tenth), and a tail."""
    django_on_fresh_database()
    import numpy as np

    from quancheng.capabilities.observations import actions, lake, mapping, queries
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.capabilities.observations.status import status
    from quancheng.capabilities.observations.values import Batch
    from quancheng.kernel import clock

    now = lake.micros(clock.now()) // lake.HOUR_US * lake.HOUR_US
    mapping.register(_places)
    days = DAYS if scale >= 0.1 else 3
    with spent() as used:
        _fill(now, days, max(10, int(ROWS * scale / SENSORS / days)))
    state = status()
    figure("observations_filled", state.rows, "obs")
    figure("observations_fill_cpu", 1e6 * used.cpu / state.rows, "µs/obs")
    figure("observations_size", state.bytes / state.rows, "bytes/obs")
    keeper = Keeper()
    for _ in range(10):
        streams = np.random.default_rng(1).integers(1, SENSORS + 1, TAIL // 10)
        actions.append(Batch.numbers(streams, np.full(len(streams), now), np.ones(len(streams))))
    keeper.step()
    random = np.random.default_rng(5)
    day, month = now - 24 * lake.HOUR_US, now - days * 24 * lake.HOUR_US

    def last_day() -> int:
        stream = int(random.integers(1, SENSORS + 1))
        return len(queries.find(streams=[stream], since=day, limit=100_000))

    def latest() -> int:
        return len(queries.latest(random.integers(1, SENSORS + 1, 1000).tolist()))

    _measure("last_day_of_one", last_day, 30)
    _measure("latest_of_1000", latest, 100)
    _measure(
        "month_of_one", lambda: queries.count(streams=[int(random.integers(1, SENSORS))], since=month), 20
    )
    _measure("hourly_by_district", lambda: len(queries.by_district(month, now + lake.HOUR_US)), 5)
    _measure("count_of_all", queries.count, 20)
    _measure("extent_of_one", lambda: queries.extent(int(random.integers(1, SENSORS))), 20)


def _fill(now: int, days: int, readings: int) -> None:
    """Day by day through the log and the keeper, as it would have come."""
    import numpy as np

    from quancheng.capabilities.observations import actions, lake, upkeep
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.capabilities.observations.values import Batch
    from quancheng.kernel import clock

    keeper, step = Keeper(), 24 * lake.HOUR_US // readings
    random = np.random.default_rng(11)
    streams = np.arange(1, SENSORS + 1)
    for day in range(days):
        begin = now - (days - day) * 24 * lake.HOUR_US
        with clock.at(lake.moment(begin + 24 * lake.HOUR_US)):
            for number in range(readings):
                times = begin + number * step + random.integers(0, step, SENSORS)
                values = np.round(
                    20 + 5 * np.sin(streams / 100 + number / 9) + random.normal(0, 0.3, SENSORS), 2
                )
                actions.append(Batch.numbers(streams, times, values))
                if number % 100 == 99:
                    keeper.step(force=True)
            while keeper.step(force=True):
                pass
        with clock.at(lake.moment(begin) + timedelta(days=2)):
            upkeep.run()
    upkeep.run()


def _places(streams: Any) -> Any:
    from quancheng.capabilities.observations.mapping import Place

    return {one: Place(f"3701{one % DISTRICTS:02d}", "pm25") for one in streams}


def _measure(name: str, ask: Callable[[], object], times: int) -> None:
    ask()
    waits = []
    with spent() as used:
        for _ in range(times):
            began = time.perf_counter()
            ask()
            waits.append(time.perf_counter() - began)
    waits.sort()
    figure(f"observations_{name}_p50", 1000 * waits[len(waits) // 2], "ms")
    figure(f"observations_{name}_p95", 1000 * waits[min(len(waits) - 1, len(waits) * 95 // 100)], "ms")
    figure(f"observations_{name}_cpu", 1000 * used.cpu / times, "ms")
