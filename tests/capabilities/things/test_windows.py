"""All streams at once say what the core says of each stream."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.capabilities.things import windows
from quancheng.core.telemetry import Hysteresis, RainWindows, Threshold, crossings

START = datetime(2026, 7, 18, tzinfo=UTC)
SLOT = timedelta(minutes=5)
TERMS = windows.Hysteresis(Decimal("0.8"), Decimal("0.5"), Decimal("0.05"))
CORE = Hysteresis(Decimal("0.8"), Decimal("0.5"))


def _readings(slots: dict[int, int]) -> dict[int, int]:
    return {windows.epoch(START + slot * SLOT): amount * 100 for slot, amount in slots.items()}


stream = st.dictionaries(st.integers(0, 70), st.integers(0, 60), min_size=1, max_size=60)


@given(st.lists(stream, min_size=1, max_size=5), st.sampled_from([10, 30, 60, 180]), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_same_crossings_as_the_core(streams: list[dict[int, int]], minutes: int, tenths: int) -> None:
    readings = [_readings(one) for one in streams]
    first = windows.epoch(START) // windows.SLOT_SECONDS
    made = windows.grid(readings, first, first + 75)
    limits = np.full(len(streams), tenths * 100, dtype=np.int64)
    found = windows.window_episodes(made, minutes, limits, TERMS)
    for row, one in enumerate(streams):
        mine = sorted((made.time(e.start), e.amount) for e in found if e.row == row)
        core = RainWindows()
        for slot, amount in one.items():
            core.add(START + slot * SLOT, Decimal(amount) / 10)
        threshold = Threshold("t", "1", minutes, Decimal(tenths) / 10)
        expected = crossings(core, [threshold], CORE)
        assert mine == [(windows.epoch(c.at), windows.thousandths(c.amount)) for c in expected]


@given(stream, st.integers(1, 60))
def test_level_episodes_do_not_overlap_and_start_at_the_threshold(values: dict[int, int], limit: int) -> None:
    readings = _readings(values)
    found = windows.reading_episodes(0, readings, limit * 100, 300, below=False, since=0)
    for one in found:
        assert readings[one.start] >= limit * 100
        assert one.end is None or readings[one.end] < limit * 100 - 300
    for before, after in pairwise(found):
        assert before.end is not None
        assert before.end < after.start
    assert bool(found) == any(value >= limit * 100 for value in readings.values())


def test_below_is_the_mirror_of_above() -> None:
    readings = _readings({0: 30, 1: 27, 2: 26, 3: 28, 4: 29, 5: 26})
    found = windows.reading_episodes(0, readings, 2700, 100, below=True, since=0)
    slots = [(one.start - windows.epoch(START)) // 300 for one in found]
    assert slots == [1, 5]


def test_a_city_of_gauges_in_a_storm_takes_little_time() -> None:
    random = np.random.default_rng(7)
    streams = [
        {
            windows.epoch(START + slot * SLOT): int(mm) * 100
            for slot, mm in enumerate(random.integers(0, 180, 288))
        }
        for _ in range(187)
    ]
    first = windows.epoch(START) // windows.SLOT_SECONDS
    begun = time.process_time()
    made = windows.grid(streams, first, first + 288)
    for minutes, amount in ((720, 50), (360, 50), (180, 50), (180, 100)):
        windows.window_episodes(made, minutes, np.full(187, amount * 1000, dtype=np.int64), TERMS)
    assert time.process_time() - begun < 1.5
