"""The engine: order, virtual time, the same trace for the same seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.kernel import clock
from quancheng.kernel.simulation import Simulation, Step

START = datetime(2026, 7, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_order_is_time_then_priority_then_sequence() -> None:
    sim, said = Simulation(1, START), []
    for name, after, priority in [("c", 60, 1), ("b", 60, 0), ("d", 60, 1), ("a", 30, 9)]:
        sim.call(name, lambda name=name: said.append(name), after=after, priority=priority)
    assert sim.pending == 4
    assert sim.run_until(START + MINUTE) == 4
    assert said == ["a", "b", "c", "d"]


def test_everything_sees_the_virtual_time() -> None:
    sim, seen = Simulation(1, START), []

    def process():
        seen.append(clock.now())
        yield 30
        seen.append(clock.now())
        yield MINUTE
        seen.append(clock.now())
        yield START + timedelta(hours=1)
        seen.append(clock.now())

    handle = sim.process("p", process(), after=MINUTE)
    assert sim.run_for(timedelta(hours=2)) == 4
    seconds = [(moment - START).total_seconds() for moment in seen]
    assert seconds == [60, 90, 150, 3600]
    assert handle.done
    assert handle.steps == 4
    assert sim.now == START + timedelta(hours=2)
    assert not clock.is_virtual()


def test_a_run_can_be_continued_and_stops_at_its_moment() -> None:
    sim, ticks = Simulation(1, START), []
    sim.every("tick", MINUTE, lambda: ticks.append(sim.now))
    assert sim.run_until(START + 2 * MINUTE) == 3
    assert sim.run_until(START + 4 * MINUTE) == 2
    assert ticks[-1] == START + 4 * MINUTE
    assert sim.run_until(START) == 0


def test_stop_and_cancel() -> None:
    sim, ticks = Simulation(1, START), []
    handle = sim.every("tick", MINUTE, lambda: ticks.append(1))
    sim.call("stop", sim.stop, after=90)
    sim.run_for(timedelta(hours=1))
    assert len(ticks) == 2
    assert sim.now == START + 1.5 * MINUTE
    handle.cancel()
    assert sim.pending == 0
    sim.run_for(timedelta(hours=1))
    assert len(ticks) == 2


def test_an_exception_names_the_process_and_leaves_the_others() -> None:
    sim, ticks = Simulation(1, START), []

    def bad():
        yield 30
        raise RuntimeError("pump")

    handle = sim.process("bad", bad())
    sim.every("tick", MINUTE, lambda: ticks.append(1), after=MINUTE)
    with pytest.raises(RuntimeError, match="pump") as failed:
        sim.run_for(timedelta(hours=1))
    assert "bad at 2026-07-01T00:00:30" in failed.value.__notes__[0]
    assert handle.done
    assert sim.now == START + timedelta(seconds=30)
    sim.run_until(START + MINUTE)
    assert ticks == [1]
    assert not clock.is_virtual()


@pytest.mark.parametrize("speed", [0, -1])
def test_a_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Simulation(1, START, speed)


def test_nothing_is_scheduled_in_the_past() -> None:
    sim = Simulation(1, START)
    with pytest.raises(ValueError, match="past"):
        sim.call("x", print, after=-1)
    with pytest.raises(ValueError, match="period"):
        sim.every("x", timedelta(0), print)


class WallClock:
    """A wall clock that only sleeping and working moves."""

    def __init__(self) -> None:
        self.time, self.slept = 0.0, 0.0

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept += seconds

    def now(self) -> float:
        return self.time


def test_speed_paces_against_the_wall_clock() -> None:
    wall = WallClock()
    sim = Simulation(1, START, 60, sleep=wall.sleep, monotonic=wall.now)
    sim.every("tick", MINUTE, lambda: None)
    sim.run_for(timedelta(hours=1))
    assert wall.time == pytest.approx(60)
    assert sim.lag == 0


def test_a_slow_step_shows_as_lag_and_is_caught_up() -> None:
    wall = WallClock()
    sim = Simulation(1, START, 60, sleep=wall.sleep, monotonic=wall.now)
    lags: list[float] = []

    def work() -> None:
        lags.append(sim.lag)
        wall.time += 3.5 if len(lags) == 1 else 0

    sim.every("work", MINUTE, work)
    sim.run_for(10 * MINUTE)
    assert lags[:5] == pytest.approx([0, 2.5, 1.5, 0.5, 0])
    assert wall.time == pytest.approx(10)


def test_checkpoints_report_after_everything_else() -> None:
    sim, reports = Simulation(9, START), []
    sim.checkpoint(MINUTE, reports.append)
    sim.every("tick", MINUTE, lambda: None)
    sim.run_for(2 * MINUTE)
    assert [report["steps"] for report in reports] == [1, 3, 5]
    assert reports[-1]["now"] == "2026-07-01T00:02:00+00:00"
    assert reports[-1]["seed"] == 9
    assert reports[-1]["lag_seconds"] == 0


def trace(seed: int, names: list[str], steps: int = 25) -> tuple[list[Step], dict[str, list[float]]]:
    """Run processes with random sleeps; what happened and which numbers each saw."""
    sim = Simulation(seed, START)
    happened: list[Step] = []
    numbers: dict[str, list[float]] = {name: [] for name in names}
    sim.observe(happened.append)

    def process(name: str) -> Any:
        random = sim.rng(name)
        for _ in range(steps):
            value = float(random.random())
            numbers[name].append(value)
            yield value * 60

    for name in names:
        sim.process(name, process(name))
    sim.run_for(timedelta(minutes=30))
    return happened, numbers


NAMES = st.lists(st.text("abcd.", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(-(2**63), 2**63), names=NAMES)
def test_the_same_seed_gives_the_same_trace(seed: int, names: list[str]) -> None:
    assert trace(seed, names) == trace(seed, names)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), names=NAMES)
def test_a_new_process_does_not_disturb_the_numbers_of_others(seed: int, names: list[str]) -> None:
    alone = trace(seed, names)[1]
    together = trace(seed, [*names, "newcomer"])[1]
    assert {name: together[name] for name in names} == alone
    assert together["newcomer"] not in alone.values()


@given(seed=st.integers(1, 2**31))
def test_other_seeds_and_signs_give_other_numbers(seed: int) -> None:
    first, other, negative = (
        Simulation(number, START).rng("rain").random(4).tolist() for number in (seed, seed + 1, -seed)
    )
    assert first != other
    assert first != negative
