"""Pure parts: states, what a crossing calls for, words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.text import Text
from quancheng.scenarios.weather import flow, wording
from quancheng.scenarios.weather.flow import State, Step

LEVELS = st.integers(1, 4)
CODES = st.sampled_from(["370102", "370103", "370104", "370112"])


def test_what_is_over_stays_over() -> None:
    for state in set(State) - flow.LIVE:
        assert not any(flow.may_become(state, target) for target in State)


def test_nothing_is_published_without_being_submitted() -> None:
    assert [state for state in State if flow.may_become(state, State.PUBLISHED)] == [State.SUBMITTED]


@given(st.sampled_from([None, *State]), LEVELS, st.sets(CODES), LEVELS, CODES)
def test_no_crossing_is_lost(
    state: State | None, level: int, districts: set[str], crossing: int, district: str
) -> None:
    """Only what is covered already, in area and in level, calls for nothing."""
    step = flow.step_for(state, level, districts, crossing, district)
    covered = district in districts and level <= crossing
    if state is None or state not in flow.LIVE:
        assert step is Step.NEW
    elif covered:
        assert step is Step.NOTHING
    else:
        assert step is (Step.UPDATE if state is State.PUBLISHED else Step.AMEND)


@given(LEVELS, LEVELS, st.integers(0, 120))
def test_a_worse_level_is_never_hasty(level: int, before: int, minutes: int) -> None:
    hasty = flow.is_hasty(level, before, timedelta(minutes=minutes), timedelta(minutes=30))
    assert hasty == (level >= before and minutes < 30)


@given(LEVELS, st.one_of(st.none(), LEVELS), st.lists(CODES, min_size=1, max_size=4, unique=True))
def test_words_are_whole_in_both_languages(level: int, before: int | None, codes: list[str]) -> None:
    verb = wording.verb_for(level, before)
    facts = wording.Facts(level, verb, Text("站", "Gauge"), 3, "100.4", "100", [Text(c, c) for c in codes])
    for words in (
        wording.words(facts),
        wording.plain_words(level, verb, facts.districts),
        wording.cancel_words(level),
    ):
        for told in (words.headline, words.description, words.instruction):
            for language in (told.zh, told.en):
                assert language
                assert "{" not in language
    assert all(code in wording.words(facts).description.zh for code in codes)
    assert wording.colour_name(level).zh in wording.headline(level, verb).zh


@pytest.mark.parametrize(
    ("level", "before", "said"),
    [(3, None, "发布"), (2, 3, "升级发布"), (3, 3, "更新发布"), (4, 3, "降级发布")],
)
def test_the_headline_says_what_the_message_is(level: int, before: int | None, said: str) -> None:
    assert f"气象台{said}暴雨" in wording.headline(level, wording.verb_for(level, before)).zh
