"""Rolling rain windows: late, repeated and missing data, and crossings against a slow oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.telemetry import (
    Change,
    Hysteresis,
    RainWindows,
    Threshold,
    compare,
    crossings,
    crossings_naive,
)

START = datetime(2007, 7, 18, 8, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
HALF = Hysteresis(Decimal("0.5"), Decimal("0.8"))
THRESHOLDS = (
    Threshold("a", "blue", 60, Decimal(20)),
    Threshold("b", "red", 15, Decimal(12)),
    Threshold("c", "red", 60, Decimal(40)),
)


def filled(amounts: dict[int, Decimal]) -> RainWindows:
    windows = RainWindows()
    for slot, amount in amounts.items():
        windows.add(START + slot * STEP, amount)
    return windows


amounts = st.dictionaries(st.integers(0, 60), st.integers(0, 120).map(lambda n: Decimal(n) / 10), max_size=60)
rules = st.builds(
    Hysteresis,
    st.sampled_from([Decimal("0.5"), Decimal(1)]),
    st.sampled_from([Decimal(0), Decimal("0.8"), Decimal(1)]),
)


@settings(max_examples=150, deadline=None)
@given(amounts, rules)
def test_crossings_equal_the_slow_evaluator(data: dict[int, Decimal], rule: Hysteresis) -> None:
    fast = crossings(filled(data), THRESHOLDS, rule)
    slow = crossings_naive({START + k * STEP: v for k, v in data.items()}, THRESHOLDS, rule)
    assert tuple((c.threshold.id, c.at, c.amount) for c in fast) == slow
    for crossing in fast:
        assert sum(r.amount for r in crossing.readings) == crossing.amount
        expected = crossing.threshold.window_minutes // 5
        assert crossing.coverage == Decimal(len(crossing.readings)) / expected


@settings(max_examples=60, deadline=None)
@given(amounts, st.integers(0, 9), st.integers(0, 9))
def test_order_and_repeats_change_nothing(data: dict[int, Decimal], seed: int, again: int) -> None:
    items = list(data.items()) + list(data.items())[:again]
    Random(seed).shuffle(items)
    other = RainWindows()
    for slot, amount in items:
        other.add(START + slot * STEP, amount)
    assert other.rolling(60) == filled(data).rolling(60)
    assert crossings(other, THRESHOLDS, HALF) == crossings(filled(data), THRESHOLDS, HALF)


def test_adding() -> None:
    windows = RainWindows()
    assert windows.add(START, Decimal(1)) is Change.NEW
    assert windows.add(START, Decimal("1.0")) is Change.SAME
    assert windows.add(START, Decimal(2)) is Change.CORRECTED
    assert windows.ends() == (START,)
    assert len(windows) == 1
    for bad in (Decimal(-1), Decimal("NaN")):
        with pytest.raises(ValueError, match="negative"):
            windows.add(START, bad)
    with pytest.raises(ValueError, match="end of a slot"):
        windows.add(START + timedelta(minutes=1), Decimal(1))
    with pytest.raises(ValueError, match="number of slots"):
        windows.ending(START, 7)
    with pytest.raises(ValueError, match="at least one"):
        RainWindows(0)
    with pytest.raises(ValueError, match="between"):
        Hysteresis(Decimal(0), Decimal(1))


def test_missing_slots_are_counted() -> None:
    windows = filled({0: Decimal(1), 2: Decimal(3)})
    total = windows.ending(START + 2 * STEP, 20)
    assert (total.amount, total.present, total.expected) == (Decimal(4), 2, 4)
    assert total.coverage == Decimal("0.5")
    assert windows.maximum(15) == windows.ending(START + 2 * STEP, 15)
    assert RainWindows().maximum(15) is None
    assert len(windows.rolling(15, START + 9 * STEP)) == 10


def test_a_gap_does_not_end_an_episode_but_rain_that_stops_does() -> None:
    rain = dict.fromkeys(range(12), Decimal(2)) | dict.fromkeys(range(30, 42), Decimal(2))
    rule = THRESHOLDS[:1]
    assert len(crossings(filled(rain), rule, HALF)) == 1
    dry = rain | dict.fromkeys(range(12, 30), Decimal(0))
    again = [c.at for c in crossings(filled(dry), rule, HALF)]
    assert again == [START + 9 * STEP, START + 39 * STEP]


def test_late_data_raise_and_withdraw() -> None:
    rain = dict.fromkeys(range(12), Decimal(2))
    late = {slot: amount for slot, amount in rain.items() if slot != 3}
    before = crossings(filled(late), THRESHOLDS[:1], HALF)
    after = crossings(filled(rain), THRESHOLDS[:1], HALF)
    change = compare(before, after)
    assert [c.at for c in change.raised] == [START + 9 * STEP]
    assert [c.at for c in change.withdrawn] == [START + 10 * STEP]
    assert compare(after, after).raised == ()


def test_prune() -> None:
    windows = filled(dict.fromkeys(range(5), Decimal(1)))
    assert windows.prune(START + 2 * STEP) == 3
    assert windows.ends()[0] == START + 3 * STEP
