"""Candidates: exactly the pairs that agree on a rule, each once, and no block lost in silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.linkage import BlockingRule, Blocks, Frame, LinkageError, forms

VALUE = st.one_of(st.none(), st.sampled_from("abc"))
ROWS = st.lists(st.tuples(VALUE, VALUE), max_size=12)
RULES = (
    BlockingRule("both", (("x", forms.PLAIN), ("y", forms.PLAIN))),
    BlockingRule("y", (("y", forms.PLAIN),)),
)


def columns(rows: list[tuple[str | None, str | None]]) -> dict[str, list[str | None]]:
    return {"x": [row[0] for row in rows], "y": [row[1] for row in rows]}


def found(blocks: Blocks, size: int = 5) -> list[tuple[int, int, int]]:
    return [
        row
        for b in blocks.batches(size)
        for row in zip(b.left.tolist(), b.right.tolist(), b.rules.tolist(), strict=True)
    ]


def bits(a: tuple[str | None, str | None], b: tuple[str | None, str | None]) -> int:
    y = a[1] is not None and a[1] == b[1]
    return (1 if y and a[0] is not None and a[0] == b[0] else 0) | (2 if y else 0)


@settings(max_examples=80, deadline=None)
@given(ROWS, ROWS.filter(bool))
def test_candidates_are_those_of_the_cross_product(left: list, right: list) -> None:
    pairs = found(Blocks(Frame.link(columns(left), columns(right)), RULES, 1000))
    expected = [
        (i, len(left) + j, bits(a, b)) for i, a in enumerate(left) for j, b in enumerate(right) if bits(a, b)
    ]
    assert sorted(pairs) == expected


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_one_list_gives_each_pair_once_and_nobody_with_themselves(rows: list) -> None:
    pairs = found(Blocks(Frame.dedupe(columns(rows)), RULES, 1000))
    expected = [
        (i, j, bits(rows[i], rows[j]))
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if bits(rows[i], rows[j])
    ]
    assert sorted(pairs) == expected


def test_a_block_beyond_the_cap_is_reported_and_its_rows_meet_elsewhere() -> None:
    rows = [("a" if i < 2 else str(i), "same") for i in range(20)]
    blocks = Blocks(Frame.dedupe(columns(rows)), RULES, 10)
    assert found(blocks) == [(0, 1, 1)]
    (over,) = blocks.oversize
    assert (over.rule, over.key, over.left, over.pairs) == ("y", ("same",), 20, 190)


def test_no_rule_is_an_error_not_an_empty_answer() -> None:
    with pytest.raises(LinkageError):
        Blocks(Frame.dedupe({"x": ["a"]}), (), 10)
    with pytest.raises(LinkageError):
        Blocks(Frame.dedupe({"x": ["a"]}), (BlockingRule("none", ()),), 10)
    assert (
        np.concatenate(
            [
                b.left
                for b in Blocks(
                    Frame.link({"x": []}, {"x": ["a"]}), (BlockingRule("x", (("x", forms.PLAIN),)),), 10
                ).batches()
            ]
            or [np.zeros(0)]
        ).size
        == 0
    )
