"""The pure plan: what is chosen, in which order, and that nothing is asked twice."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.onething import plan
from quancheng.capabilities.onething.numbering import receipt_number, resident_id
from quancheng.capabilities.onething.spec import Item, Theme, read_theme
from quancheng.capabilities.onething.sync import FOLDER, read_file
from quancheng.capabilities.onething.values import ItemState
from quancheng.core.identity import parse_resident_id
from quancheng.core.identity.resident_id import compute_check
from quancheng.kernel.errors import Conflict

THEMES = {path.stem: read_theme(read_file(path)) for path in sorted(Path(FOLDER).glob("*.toml"))}
KEYS = tuple("abcdefgh")


@st.composite
def orders(draw: st.DrawFn) -> tuple[Item, ...]:
    """Items that rest only on earlier ones: no circle."""
    count = draw(st.integers(1, len(KEYS)))
    return tuple(
        Item(key=key, matter="m", after=tuple(draw(st.sets(st.sampled_from(KEYS[:n])))) if n else ())
        for n, key in enumerate(KEYS[:count])
    )


@given(orders(), st.data())
def test_every_chosen_item_comes_once_and_after_what_it_rests_on(
    items: tuple[Item, ...], data: st.DataObject
) -> None:
    chosen = frozenset(data.draw(st.sets(st.sampled_from([one.key for one in items]))))
    steps = plan.layers(items, chosen)
    flat = [key for step in steps for key in step]
    assert sorted(flat) == sorted(chosen)
    before = plan.rests_on(items, chosen)
    for number, step in enumerate(steps):
        earlier = {key for one in steps[:number] for key in one}
        assert all(before[key] <= earlier for key in step)


@given(orders(), st.data())
def test_going_on_always_ends(items: tuple[Item, ...], data: st.DataObject) -> None:
    """Whatever offices decide, every item ends; a lost one blocks exactly what rests on it."""
    states = {one.key: ItemState.WAITING for one in items}
    for _ in range(len(items) + 1):
        states = plan.settled(items, states)
        for key in plan.ready(items, states):
            states[key] = data.draw(st.sampled_from([ItemState.DONE, ItemState.REFUSED, ItemState.SKIPPED]))
    states = plan.settled(items, states)
    assert plan.over(states)
    before = plan.rests_on(items, set(states))
    for key, state in states.items():
        lost = any(states[one].lost for one in before[key])
        assert (state is ItemState.BLOCKED) == lost


@given(orders(), st.data())
def test_a_circle_is_named(items: tuple[Item, ...], data: st.DataObject) -> None:
    if len(items) < 2:
        return
    first, last = items[0].key, data.draw(st.sampled_from([one.key for one in items[1:]]))
    chain = tuple(
        one.model_copy(update={"after": (last,)}) if one.key == first
        else one.model_copy(update={"after": (*one.after, first)}) if one.key == last else one
        for one in items
    )  # fmt: skip
    with pytest.raises(plan.Cycle) as found:
        plan.layers(chain, {one.key for one in chain})
    path = found.value.path
    after = {one.key: one.after for one in chain}
    assert path[0] == path[-1]
    assert all(there in after[here] for here, there in pairwise(path))


def _answers(theme: Theme) -> st.SearchStrategy[dict[str, object]]:
    made: dict[str, st.SearchStrategy[object]] = {}
    for one in theme.questionnaire.fields:
        made[one.key] = (
            st.sampled_from([option.value for option in one.options]) if one.options else st.integers(1, 500)
        )
    return st.fixed_dictionaries(made)


@pytest.mark.parametrize("code", sorted(THEMES))
@given(data=st.data())
def test_whatever_is_answered_no_fact_is_asked_twice_and_none_is_lacking(
    code: str, data: st.DataObject
) -> None:
    theme = THEMES[code]
    answers = data.draw(_answers(theme))
    chosen = plan.choose(theme, answers, {"kind": "firm"})
    facts = plan.facts_for(theme, chosen, answers)
    keys = [one.key for one in facts]
    assert len(keys) == len(set(keys))
    refused = data.draw(st.booleans())
    consents = {one.key: not refused for one in plan.consents_for(theme, chosen)}
    uploads = plan.uploads_for(theme, chosen, consents)
    assert len({one.key for one in uploads}) == len(uploads)
    values = dict.fromkeys(keys, "x")
    results = {key: {"licence": "N", "licence_code": "N", "child_id_number": "N"} for key in chosen}
    for key in chosen:
        found = plan.filled(theme, key, values, results, consents, answers=answers)
        item = theme.of(key)
        if not refused:
            assert not found.uploads
            for name, source in item.results.items():
                assert name in found.form or source.partition(".")[0] not in chosen
        given_fields = {*item.fields, *item.results, *item.constants, *item.answers}
        assert set(found.form) <= given_fields


def test_answers_choose_the_restaurant_s_offices() -> None:
    theme = THEMES["restaurant"]
    small = {
        "licence": "yes",
        "category": "drinks",
        "area": 30,
        "open_kitchen": "no",
        "signboard": "no",
        "sewage": "no",
    }
    assert plan.choose(theme, small) == ("food",)
    large = small | {"licence": "no", "area": 120, "signboard": "yes", "sewage": "yes"}
    assert plan.layers(theme.item, set(plan.choose(theme, large))) == (
        ("licence",),
        ("food", "fire", "sign", "drainage"),
    )


def test_an_unanswered_question_chooses_nothing_by_itself() -> None:
    assert not plan.holds('answers.signboard = "yes"', {})
    assert plan.holds("", {})


@given(
    st.dates(min_value=date(2020, 1, 1), max_value=date(2026, 1, 1)),
    st.booleans(),
)
def test_a_given_number_is_a_valid_one_of_that_child(day, girl) -> None:
    taken: set[str] = set()
    for _ in range(3):
        number = resident_id("370102", day, girl=girl, taken=taken.__contains__)
        child = parse_resident_id(number, on=day)
        assert child.birth_date == day
        assert int(number[16]) % 2 == (0 if girl else 1)
        assert number not in taken
        taken.add(number)


def test_a_day_can_run_out_of_numbers() -> None:
    with pytest.raises(Conflict):
        resident_id("370102", date(2026, 1, 1), girl=True, taken=lambda _number: True)


def test_the_receipt_has_a_check_character() -> None:
    number = receipt_number(date(2026, 11, 22), 7)
    assert number == "YJ20261122000000007" + compute_check("20261122000000007")
    assert len(number) <= 24
