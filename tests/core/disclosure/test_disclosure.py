"""Disclosure: group sizes and columns against rules."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.disclosure import Column, Groups, judge


def test_personal_and_high_columns_are_refused() -> None:
    columns = [Column("name", personal=True), Column("plan", level=2), Column("beds")]
    assert [one.field for one in judge(columns, (), Groups(), k=5, level=1)] == ["name", "plan"]
    assert judge(columns[2:], (), Groups.of({1: 3}), k=5, level=1) == ()


def test_a_table_keeps_two_and_not_three() -> None:
    """Rows made up for this test, in groups of two and three: k = 2 holds, k = 3 does not."""
    rows = (
        [("Black", 1965, "m", "0214*")] * 2 + [("Black", 1965, "f", "0213*")] * 2
        + [("Black", 1964, "f", "0213*")] * 2 + [("White", 1964, "m", "0213*")] * 3
        + [("White", 1967, "m", "0213*")] * 2
    )  # fmt: skip
    groups = Groups.of(Counter(Counter(rows).values()))
    assert groups.smallest == 2 and groups.rows == 11
    assert judge([], ["race"], groups, k=2, level=1) == ()
    (found,) = judge([], ["race"], groups, k=3, level=1)
    assert found.field == "quasi" and found.text.zh.startswith("8 行")


@given(st.dictionaries(st.integers(1, 50), st.integers(1, 20)), st.integers(1, 60))
def test_refused_exactly_when_a_group_is_too_small(sizes: dict[int, int], k: int) -> None:
    groups = Groups.of(sizes)
    assert bool(judge([], ["a"], groups, k=k, level=1)) == any(size < k for size in sizes)


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Groups.of({0: 1})
