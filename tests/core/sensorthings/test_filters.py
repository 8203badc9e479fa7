"""The language of $filter and $orderby: what it says, what it refuses, and that its text says the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.sensorthings import times
from quancheng.core.sensorthings.expressions import (
    Binary,
    Clock,
    Day,
    Duration,
    Expression,
    Function,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Period,
    Several,
    Truth,
    Word,
    text,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.filters import Order, parse_filter, parse_orderby

NAMES = st.sampled_from(
    ["name", "result", "properties", "Datastream", "phenomenonTime", "水位", "a-b", "x_1"]
)
PATHS = st.builds(
    lambda first, rest: Path((first, *rest)), NAMES, st.lists(NAMES | st.integers(0, 99), max_size=3)
)
MOMENTS = st.integers(times.MINIMUM // 1000 + 10**9, times.MAXIMUM // 1000 - 10**9).map(lambda ms: ms * 1000)
LITERALS = st.one_of(
    st.integers(-(2**53), 2**53).map(Number),
    st.floats(allow_nan=False, allow_infinity=False).map(Number),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8).map(Word),
    st.sampled_from([Truth(True), Truth(False), Truth(None)]),
    st.builds(Instant, MOMENTS.filter(lambda t: abs(t) < 10**17), st.sampled_from([0, 480, -210])),
    st.tuples(MOMENTS, st.integers(0, 10**12)).map(lambda p: Period(times.Interval(p[0], p[0] + p[1]))),
    st.integers(-700_000, 2_900_000).map(Day),
    st.integers(0, 86_399_999).map(lambda ms: Clock(ms * 1000)),
    st.integers(-(10**14), 10**14).map(Duration),
)
VALUES = st.recursive(
    LITERALS | PATHS,
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from([Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD]), inner, inner),
        st.builds(lambda one: Function("tolower", (one,)), inner),
        st.builds(lambda one, two: Function("substring", (one, two)), inner, inner),
    ),
    max_leaves=6,
)
COMPARISONS = st.one_of(
    st.builds(Binary, st.sampled_from([Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE]), VALUES, VALUES),
    st.builds(
        lambda left, items: Binary(Op.IN, left, Several(tuple(items))),
        VALUES,
        st.lists(LITERALS, min_size=1, max_size=3),
    ),
    st.builds(lambda one, two: Function("startswith", (one, two)), VALUES, VALUES),
)
TREES = st.recursive(
    COMPARISONS,
    lambda inner: st.builds(Not, inner) | st.builds(Binary, st.sampled_from([Op.AND, Op.OR]), inner, inner),
    max_leaves=6,
)


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_a_trees_text_parses_to_the_tree(tree: Expression) -> None:
    assert parse_filter(text(tree)) == tree


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["name", "eq", "'a'", "and", "or", "not", "(", ")", "1", "/", ",", "-", "now()", "[0]"]
        )
    ).map(" ".join)
)
@settings(max_examples=200, deadline=None)
def test_noise_is_a_tree_or_a_refusal(source: str) -> None:
    try:
        tree = parse_filter(source)
    except BadQuery:
        return
    assert parse_filter(text(tree)) == tree


def test_precedence() -> None:
    """OData 4.0 part 2 § 5.1.1.9: mul before add before comparison before not before and before or."""
    tree = parse_filter("a eq 1 or not b eq 2 add 3 mul 4 and c eq -d")
    assert text(tree) == "((a eq 1) or ((not (b eq (2 add (3 mul 4)))) and (c eq (0 sub d))))"


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("a eq 'it''s'", Word("it's")),
        ("a eq 2026-07-18T08:00:00+08:00", Instant(1_784_332_800_000_000, 480)),
        ("a eq 2026-07-18T08:00:00 08:00", Instant(1_784_332_800_000_000, 480)),
        ("a eq 2026-07-18", Day(20652)),
        ("a eq 08:30:00", Clock(30_600_000_000)),
        ("a eq duration'P1DT2H'", Duration(93_600_000_000)),
        ("a eq 1.5e3", Number(1500.0)),
        (
            "a eq 2026-07-18T00:00:00Z/PT1H",
            Period(times.Interval(1_784_332_800_000_000, 1_784_336_400_000_000)),
        ),
    ],
)
def test_literals(source: str, tree: Expression) -> None:
    assert parse_filter(source) == Binary(Op.EQ, Path(("a",)), tree)


@pytest.mark.parametrize(
    "source",
    ["", "a", "a eq", "eq 1", "a eq 1 b", "(a eq 1", "a eq 1)", "a eq 'x", "f(a) eq 1", "a eq 1 and", "1", "a add 1",
     "length(a)", "year(a, b) eq 1", "a eq geography'POINT(x)'", "a eq 2026-13-01T00:00:00Z", "a;b eq 1", "a eq \x00",
     "a in ()", "a[x] eq 1", "geo.distance(1, 2) lt 3", "a eq 1e999", "not", "a eq duration'P'"],
)  # fmt: skip
def test_refused(source: str) -> None:
    with pytest.raises(BadQuery):
        parse_filter(source)


@pytest.mark.parametrize(
    "source", ["(" * 500 + "a eq 1" + ")" * 500, "not " * 500 + "a eq 1", "a eq " + "-" * 500 + "1",
               " or ".join(["a eq 1"] * 3000), "a eq '" + "x" * 30_000 + "'", "a" + "/b" * 500 + " eq 1"],
)  # fmt: skip
def test_bombs_are_refused_before_they_go_off(source: str) -> None:
    with pytest.raises(BadQuery):
        parse_filter(source)


def test_orderby() -> None:
    assert parse_orderby("a/b desc, c,d asc") == (
        Order(Path(("a", "b")), True), Order(Path(("c",)), False), Order(Path(("d",)), False),
    )  # fmt: skip
    for wrong in ("", "a up", "a,", ",".join("a" * 30)):
        with pytest.raises(BadQuery):
            parse_orderby(wrong)
