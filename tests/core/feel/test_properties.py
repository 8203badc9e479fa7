"""Properties: garbage never escapes as another error, literals read back, numbers are decimals."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import feel
from quancheng.core.feel.values.number import CONTEXT

_TOKENS = (
    "for in return if then else some every satisfies and or not between function external instance of "
    'true false null ( ) [ ] { } , : . .. + - * / ** = != < <= > >= @ ? " 1 2.5 a b item partial '
    'date "x" @"2026-01-01" @"P1D" count sum list<number> // /* */ 泉 。 \\ \u3000'
)
_WORDS = st.sampled_from(_TOKENS.split(" "))


@given(st.lists(_WORDS, max_size=14).map(" ".join))
@settings(max_examples=400, deadline=None)
def test_token_soup(text: str) -> None:
    for read in (feel.parse, feel.parse_unary):
        try:
            found = read(text, ("a", "b"))
        except feel.FeelError:
            continue
        scope = {"a": Decimal(1), "b": [Decimal(2), "x"]}
        try:
            if isinstance(found, feel.UnaryTests):
                assert found.matches(Decimal(1), scope) in (True, False, None)
            else:
                feel.display(found.evaluate(scope))
        except feel.FeelLimitError:
            continue


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    for read in (feel.parse, feel.parse_unary, feel.parse_type):
        with suppress(feel.FeelError):
            read(text)


_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6)
_DATES = st.builds(feel.Date, st.integers(-99999, 99999), st.integers(1, 12), st.integers(1, 28))
_ZONES = st.one_of(st.none(), st.integers(-50_000, 50_000), st.just("Asia/Shanghai"))
_CLOCK = (st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999_999_999))
_TIMES = st.builds(feel.Time, *_CLOCK, _ZONES)
_SIMPLE: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    _NUMBERS,
    _DATES,
    _TIMES,
    st.builds(feel.DateTime, _DATES, _TIMES),
    st.builds(feel.DaysTimeDuration, st.integers(-(10**20), 10**20)),
    st.builds(feel.YearsMonthsDuration, st.integers(-(10**6), 10**6)),
    st.builds(feel.Range, _NUMBERS, _NUMBERS, st.booleans(), st.booleans()),
)
_VALUES = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4),
    ),
    max_leaves=8,
)


@given(_VALUES)
@settings(deadline=None)
def test_display_reads_back(value: Any) -> None:
    text = feel.display(value)
    assert feel.parse(text).evaluate({}) == value, text


@given(_NUMBERS, _NUMBERS)
@settings(deadline=None)
def test_arithmetic_is_that_of_decimal(a: Decimal, b: Decimal) -> None:
    scope = {"a": a, "b": b}
    assert feel.parse("a + b").evaluate(scope) == CONTEXT.add(a, b)
    assert feel.parse("a - b").evaluate(scope) == CONTEXT.subtract(a, b)
    assert feel.parse("a * b").evaluate(scope) == CONTEXT.multiply(a, b)
    assert feel.parse("a / b").evaluate(scope) == (CONTEXT.divide(a, b) if b else None)
    assert feel.parse("(a < b) = (b > a) and (a = b) = (b = a)").evaluate(scope) is True
    text = f"{feel.display(a)} + {feel.display(b)}"
    assert feel.parse(text).evaluate({}) == CONTEXT.add(a, b)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(), st.lists))
def test_json_round_trip(value: Any) -> None:
    assert feel.to_json(feel.from_json(value)) == value


@given(_VALUES, _VALUES)
@settings(deadline=None)
def test_equality_is_reflexive_and_symmetric(a: Any, b: Any) -> None:
    assert feel.equal(a, a) is True
    assert feel.equal(a, b) is feel.equal(b, a)
    order = feel.compare(a, b)
    assert order is None or feel.compare(b, a) == -order
