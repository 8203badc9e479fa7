"""The kernels find what the oracle finds: random rules, random data, any cut into batches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quancheng.core.watch import Kind, Rule
from quancheng.core.watch import engine as kernels
from tests.core.watch.worlds import ARRIVAL, Arrival, by_kernels, by_oracle, in_order, rules, timed

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@st.composite
def worlds(
    draw: Any, kinds: tuple[Kind, ...] = tuple(Kind)
) -> tuple[list[Rule], list[Arrival], set[int], set[int], int]:
    chosen = [draw(rules(number, kinds)) for number in range(1, draw(st.integers(2, 5)))]
    rows = timed(draw(st.lists(ARRIVAL, min_size=5, max_size=70)))
    places = st.sets(st.integers(0, len(rows) - 1), max_size=12)
    return chosen, rows, draw(places), draw(places), draw(st.sampled_from([4, 8, 32]))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("narrow", [1, 4], ids=["arrays", "mixed"])
def test_kernels_find_what_the_oracle_finds(kind: Kind, narrow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_NARROW", narrow)

    @QUIET
    @given(worlds((kind,)))
    def check(world: Any) -> None:
        chosen, rows, ticks, cuts, memory = world
        expected = in_order(by_oracle(chosen, rows, ticks, memory))
        assert in_order(by_kernels(chosen, rows, ticks, memory, cuts)) == expected

    check()


@QUIET
@given(worlds())
def test_all_kinds_together_and_restarted_at_every_cut(world: Any) -> None:
    chosen, rows, ticks, cuts, memory = world
    expected = in_order(by_oracle(chosen, rows, ticks, memory))
    assert in_order(by_kernels(chosen, rows, ticks, memory, cuts)) == expected
    assert in_order(by_kernels(chosen, rows, ticks, memory, cuts, reload=True)) == expected
