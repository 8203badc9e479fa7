"""Random rules and random arrivals for the comparison of kernels and oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from quancheng.core.watch import (
    MINUTE,
    SECOND,
    Direction,
    Engine,
    Found,
    Kind,
    Reference,
    Rule,
    Spec,
    Statistic,
    Step,
)

STREAMS = tuple(range(1, 7))
START = 1_780_000_000 * SECOND
LIMITS = st.sampled_from([2.0, 3.0, 5.0])
DIRECTIONS = st.sampled_from([Direction.ABOVE, Direction.BELOW, Direction.EITHER])
HOURS = st.sampled_from([None, None, None, (0, 720), (1320, 360)])


@st.composite
def specs(draw: Any, kinds: tuple[Kind, ...] = tuple(Kind)) -> Spec:
    kind = draw(st.sampled_from(kinds))
    facts: dict[str, Any] = {"kind": kind, "direction": draw(DIRECTIONS), "limit": draw(LIMITS)}
    facts["strict"], facts["hours"] = draw(st.booleans()), draw(HOURS)
    if draw(st.booleans()):
        turn = {Direction.ABOVE: -1, Direction.BELOW: 1, Direction.EITHER: -1}[facts["direction"]]
        facts["clear"] = facts["limit"] + turn * draw(st.sampled_from([0.5, 1.0]))
    facts["consecutive"] = draw(st.sampled_from([1, 1, 2, 3]))
    if kind is Kind.WINDOW:
        facts["minutes"] = draw(st.sampled_from([1, 3, 5, 120]))
        facts["statistic"] = draw(st.sampled_from(list(Statistic)))
        facts["coverage"] = draw(st.sampled_from([0.0, 0.5, 1.0]))
    elif kind is Kind.RATE:
        facts |= {"per_seconds": draw(st.sampled_from([1, 60])), "seconds": draw(st.sampled_from([0, 90]))}
        facts["limit"], facts["clear"] = draw(st.sampled_from([0.5, 1.0, 4.0])), None
    elif kind is Kind.STUCK:
        facts |= {"seconds": draw(st.sampled_from([60, 200])), "tolerance": draw(st.sampled_from([0.0, 1.0]))}
        facts |= {"direction": Direction.ABOVE, "consecutive": 1, "clear": None}
    elif kind is Kind.ABSENCE:
        facts |= {"seconds": draw(st.sampled_from([30, 120])), "hours": None}
    elif kind is Kind.SEQUENCE:
        facts |= {"seconds": draw(st.sampled_from([30, 120])), "then": Step(draw(DIRECTIONS), draw(LIMITS))}
    elif kind is Kind.NEIGHBOUR:
        facts |= {"minutes": 1, "seconds": draw(st.sampled_from([0, 45])), "neighbours": 3}
    return Spec(**facts)


@st.composite
def rules(draw: Any, number: int, kinds: tuple[Kind, ...] = tuple(Kind)) -> Rule:
    spec = draw(specs(kinds))
    chosen = tuple(draw(st.lists(st.sampled_from(STREAMS), min_size=1, max_size=6, unique=True)))
    since = draw(st.sampled_from([-(2**62), START - 1, START + 3 * MINUTE]))
    if spec.kind is Kind.SEQUENCE:
        half = len(chosen) // 2
        site = {one: f"s{one % 2}" for one in STREAMS}
        return Rule(
            number, spec, (), since, sites={one: site[one] for one in chosen[: half + 1]},
            followers={one: site[one] for one in chosen[half:]},
        )  # fmt: skip
    limits = {one: draw(LIMITS) for one in chosen if draw(st.integers(0, 3)) == 0}
    near = {one: tuple(other for other in chosen if other != one)[: spec.neighbours] for one in chosen}
    return Rule(number, spec, chosen, since, limits=limits, near=near)


ARRIVAL = st.tuples(
    st.sampled_from(STREAMS),
    st.sampled_from([0, 1, 20, 20, 20, 61, 300, -1, -25, -70, -400]),
    st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 4.5, 5.0, 6.0, -6.0, 0.1, float("nan"), 3e9]),
    st.sampled_from([True] * 9 + [False]),
    st.sampled_from([0] * 10 + [1, 2]),
)
Arrival = tuple[int, int, float, bool, int]


def timed(steps: list[Arrival]) -> list[Arrival]:
    """Steps of time (s) as times: a step forward moves the world's clock, one back does not."""
    now, found = START, []
    for stream, step, value, good, change in steps:
        at = now + step * SECOND
        now = max(now, at)
        found.append((stream, at, value, good, change))
    return found


def columns(rows: list[Arrival]) -> tuple[Any, ...]:
    kinds = (np.int64, np.int64, np.float64, np.bool_, np.uint8)
    return tuple(np.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds))


def in_order(found: Found) -> tuple[list[Any], set[Any]]:
    """What was found, of each (rule, stream) in its own order; ``stale`` as a set."""
    firings = sorted(found.firings, key=lambda one: (one.rule, one.stream))
    endings = sorted(found.endings, key=lambda one: (one.rule, one.stream))
    return [*firings, *endings], set(found.stale)


def by_oracle(chosen: list[Rule], rows: list[Arrival], ticks: set[int], memory: int) -> Found:
    oracle, found = Reference(chosen, memory), Found()
    now = START
    for place, row in enumerate(rows):
        found.extend(oracle.arrive(*row))
        now = max(now, row[1])
        if place in ticks:
            found.extend(oracle.advance(now + 45 * SECOND))
    return found


def by_kernels(
    chosen: list[Rule], rows: list[Arrival], ticks: set[int], memory: int, cuts: set[int], *, reload: bool = False
) -> Found:  # fmt: skip
    engine, found = Engine(chosen, memory), Found()
    now, begin = START, 0
    for place, row in enumerate(rows):
        now = max(now, row[1])
        if place in ticks or place in cuts or place == len(rows) - 1:
            found.extend(engine.process(*columns(rows[begin : place + 1])))
            begin = place + 1
            if reload:
                state = {name: array.copy() for name, array in engine.dump().items()}
                engine = Engine(chosen, memory)
                engine.adopt(state)
        if place in ticks:
            found.extend(engine.advance(now + 45 * SECOND))
    return found
