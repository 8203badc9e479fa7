"""What rules mean, by worked examples: standards' arithmetic, late data, corrections, bounds of memory."""

from __future__ import annotations

from math import log10
from typing import Any

import numpy as np
import pytest

from quancheng.core.watch import (
    MINUTE,
    SECOND,
    Change,
    Direction,
    Ending,
    Engine,
    Found,
    Kind,
    Reference,
    Rule,
    Spec,
    Statistic,
    Step,
    bucket_minutes,
)

START = 1_784_332_800 * SECOND  # 2026-07-18 00:00 UTC, 08:00 in the city


@pytest.fixture(params=["reference", "kernels"])
def feed(request: pytest.FixtureRequest) -> Any:
    """Give (seconds after the start, value[, stream]) one by one; both evaluators."""

    def run(rule: Rule, *rows: tuple[float, ...], until: float = 0, memory: int = 32) -> Found:
        found = Found()
        kernels, oracle = Engine([rule], memory), Reference([rule], memory)
        for second, value, *stream in rows:
            at, one = START + int(second * SECOND), int(stream[0]) if stream else 1
            if request.param == "reference":
                found.extend(oracle.arrive(one, at, value))
            else:
                found.extend(kernels.process(np.array([one]), np.array([at]), np.array([float(value)])))
        if until:
            now = START + int(until * SECOND)
            found.extend(oracle.advance(now) if request.param == "reference" else kernels.advance(now))
        return found

    return run


def seconds(found: Found) -> list[float]:
    return [(one.at - START) / SECOND for one in found.firings]


def rule(spec: Spec, *streams: int, **other: Any) -> Rule:
    return Rule(7, spec, streams or (1,), **other)


def test_an_hour_counts_with_45_minutes_of_readings(feed):
    """GB 3095-2012 表4: a mean of one hour needs at least 45 minutes; over the limit means above it (500)."""
    spec = Spec(kind=Kind.WINDOW, minutes=60, limit=500, strict=True, coverage=0.75)
    assert seconds(feed(rule(spec), *((60 * minute, 501) for minute in range(44)))) == []
    assert seconds(feed(rule(spec), *((60 * minute, 501) for minute in range(45)))) == [44 * 60]
    assert seconds(feed(rule(spec), *((60 * minute, 500) for minute in range(60)))) == []


def test_equivalent_level_is_a_mean_of_energy(feed):
    """GB 3096-2008 3.2: half an hour at 60 dB and half an hour at 70 dB are 67.4 dB, not 65."""
    spec = Spec(kind=Kind.WINDOW, minutes=60, statistic=Statistic.LEQ, limit=67.0, coverage=1.0)
    found = feed(rule(spec), *((60 * minute, 60 if minute < 30 else 70) for minute in range(60)))
    assert seconds(found) == [59 * 60]
    assert found.firings[0].value == pytest.approx(10 * log10((1e6 + 1e7) / 2), abs=1e-6)


def test_night_begins_at_22_and_crosses_midnight(feed):
    """GB 3096-2008 3.5: night is from 22:00 to 6:00."""
    spec = Spec(kind=Kind.THRESHOLD, limit=50, hours=(1320, 360))
    hour = 3600  # the start is 8:00 local
    assert seconds(feed(rule(spec), (13.9 * hour, 60))) == []
    assert seconds(feed(rule(spec), (14 * hour, 60), (15 * hour, 40), (21 * hour, 60))) == [
        14 * hour,
        21 * hour,
    ]
    assert seconds(feed(rule(spec), (22 * hour, 60))) == []


def test_three_in_a_row_and_back_past_the_clearing_value(feed):
    spec = Spec(kind=Kind.HYSTERESIS, limit=10, clear=8, consecutive=3)
    rows = [(1, 11), (2, 11), (3, 9), (4, 11), (5, 12), (6, 13), (7, 9), (8, 11), (9, 7)]
    found = feed(rule(spec), *rows)
    assert seconds(found) == [6]
    assert [value for _, _, value in found.firings[0].readings] == [11, 12, 13]
    assert found.endings == [Ending(7, 1, START + 6 * SECOND, START + 9 * SECOND)]


def test_a_late_reading_fires_at_its_own_time_once(feed):
    spec = Spec(kind=Kind.THRESHOLD, limit=10)
    found = feed(rule(spec), (10, 1), (30, 1), (20, 12), (20, 12), (20, 12.5))
    assert seconds(found) == [20]
    assert found.firings[0].late
    assert found.endings == [Ending(7, 1, START + 20 * SECOND, START + 30 * SECOND)]
    inside = feed(rule(spec), (10, 12), (20, 12), (30, 1), (15, 13), (12, 1))
    assert seconds(inside) == [10]  # 20 now begins an episode that overlaps the one known


def test_a_correction_takes_an_open_episode_back():
    engine = Engine([rule(Spec(kind=Kind.THRESHOLD, limit=10))])
    times = np.array([START, START + SECOND])
    assert len(engine.process(np.array([1, 1]), times, np.array([1.0, 99.0])).firings) == 1
    again = engine.process(
        np.array([1]), times[1:], np.array([2.0]), change=np.array([Change.CHANGED], np.uint8)
    )
    assert again.endings == [Ending(7, 1, START + SECOND, START + SECOND)]
    assert not engine.open_episodes()


def test_a_reading_older_than_memory_is_handed_back(feed):
    found = feed(
        rule(Spec(kind=Kind.THRESHOLD, limit=10)),
        *((second, 1) for second in range(10, 30)),
        (5, 99),
        memory=8,
    )
    assert found.stale == [(1, START + 5 * SECOND)]
    assert not found.firings


def test_rate_needs_a_reading_before_and_no_gap(feed):
    spec = Spec(kind=Kind.RATE, limit=0.5, per_seconds=3600, seconds=7200)
    assert seconds(feed(rule(spec), (0, 20.0), (3600, 20.6))) == [3600]
    assert seconds(feed(rule(spec), (0, 20.0), (9000, 25.0))) == []


def test_a_value_that_stands_still(feed):
    spec = Spec(kind=Kind.STUCK, seconds=600, tolerance=0.01)
    found = feed(rule(spec), (0, 1.0), (300, 1.005), (600, 0.995), (900, 1.0), (1000, 1.2))
    assert seconds(found) == [600]
    assert found.endings[0].at == START + 1000 * SECOND


def test_silence_begins_when_the_reading_was_overdue(feed):
    spec = Spec(kind=Kind.ABSENCE, seconds=600)
    found = feed(rule(spec), (0, 1), (300, 1), until=1000)
    assert seconds(found) == [900]
    assert (found.firings[0].value, found.firings[0].readings) == (700.0, ((1, START + 300 * SECOND, 1.0),))
    gap = feed(rule(spec), (0, 1), (1000, 1))
    assert (seconds(gap), gap.endings[0].at) == ([600], START + 1000 * SECOND)
    never = feed(rule(spec, since=START), until=700)
    assert seconds(never) == [600]


def test_smoke_then_heat_whichever_arrives_first(feed):
    spec = Spec(kind=Kind.SEQUENCE, limit=5, seconds=60, then=Step(Direction.ABOVE, 54))
    kitchen = Rule(7, spec, (), sites={1: "kitchen", 3: "hall"}, followers={2: "kitchen"})
    assert seconds(feed(kitchen, (0, 6, 1), (30, 60, 2), (40, 61, 2))) == [30]
    assert seconds(feed(kitchen, (30, 60, 2), (0, 6, 1))) == [30]
    assert seconds(feed(kitchen, (0, 6, 3), (30, 60, 2))) == []
    assert seconds(feed(kitchen, (30, 6, 1), (0, 60, 2))) == []
    assert len(feed(kitchen, (0, 6, 1), (30, 60, 2), until=100).endings) == 1


def test_a_stream_unlike_its_neighbours(feed):
    spec = Spec(kind=Kind.NEIGHBOUR, direction=Direction.EITHER, limit=10, minutes=1, neighbours=3)
    near = {1: (2, 3, 4), 2: (1, 3, 4), 3: (1, 2, 4), 4: (1, 2, 3)}
    street = rule(spec, 1, 2, 3, 4, near=near)
    slot = [(1, 50, 1), (2, 20, 2), (3, 21, 3), (4, 22, 4)]
    found = feed(street, *slot, (61, 21, 2))
    assert [(one.stream, one.value) for one in found.firings] == [(1, 29.0)]
    assert {stream for stream, _, _ in found.firings[0].readings} == {1, 2, 3, 4}
    late = feed(street, *slot[1:], (61, 21, 2), (5, 50, 1))
    assert [(one.stream, one.late) for one in late.firings] == [(1, True)]
    alone = feed(street, (1, 50, 1), (2, 20, 2), (61, 21, 2))
    assert not alone.firings


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (Spec(kind=Kind.WINDOW, minutes=0), "minutes"),
        (Spec(kind=Kind.WINDOW, minutes=61), "minutes"),
        (Spec(kind=Kind.WINDOW, minutes=60, coverage=1.5), "coverage"),
        (Spec(kind=Kind.THRESHOLD, limit=float("nan")), "limit"),
        (Spec(kind=Kind.THRESHOLD, limit=5, clear=6), "clear"),
        (Spec(kind=Kind.THRESHOLD, direction=Direction.BELOW, limit=5, clear=4), "clear"),
        (Spec(kind=Kind.THRESHOLD, consecutive=0), "consecutive"),
        (Spec(kind=Kind.ABSENCE), "seconds"),
        (Spec(kind=Kind.STUCK, seconds=5, tolerance=-1), "tolerance"),
        (Spec(kind=Kind.SEQUENCE, seconds=60), "then"),
        (Spec(kind=Kind.NEIGHBOUR, minutes=5, neighbours=1), "neighbours"),
        (Spec(kind=Kind.RATE, per_seconds=0), "per_seconds"),
        (Spec(kind=Kind.THRESHOLD, hours=(0, 2000)), "hours"),
        (Spec(kind=Kind.ABSENCE, seconds=60, hours=(0, 60)), "hours"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_field(spec: Spec, field: str) -> None:
    faults = spec.faults()
    assert set(faults) == {field}
    assert faults[field].zh
    assert faults[field].en


def test_steps_of_windows() -> None:
    assert [bucket_minutes(one) for one in (1, 60, 61, 180, 1440, 10080)] == [1, 1, 0, 3, 30, 180]
    assert MINUTE == 60 * SECOND
