"""The life of a licence as pure rules: what each day and each deed make of it."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.capabilities.trust.lifecycle import (
    Days,
    Deed,
    DeedRefused,
    Kept,
    State,
    after,
    meaning,
    months_on,
    state_of,
    status_index,
    years_on,
)
from quancheng.capabilities.trust.profiles import checked_items, documents, profile, profiles
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput

START = date(2026, 3, 1)
LIFE = Days(START, date(2028, 2, 29), date(2027, 3, 1))


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 2, 28), State.FUTURE),
        (START, State.VALID),
        (date(2026, 12, 30), State.VALID),
        (date(2026, 12, 31), State.CHECK_DUE),  # sixty days before
        (date(2027, 3, 1), State.CHECK_DUE),
        (date(2027, 3, 2), State.OVERDUE),
        (date(2028, 2, 29), State.OVERDUE),
        (date(2028, 3, 1), State.EXPIRED),  # an end goes before a check
    ],
)
def test_days_make_the_state(today: date, state: State) -> None:
    assert state_of(Kept.VALID, LIFE, today, 60) is state
    assert state_of(Kept.REVOKED, LIFE, today, 60) is State.REVOKED  # a decision goes before a day


def test_only_valid_ones_may_be_relied_on() -> None:
    assert {state for state in State if meaning(state).good} == {State.VALID, State.CHECK_DUE}


@settings(max_examples=60)
@given(st.lists(st.sampled_from(Deed), max_size=8))
def test_nothing_comes_back_from_revoked_or_replaced(deeds: list[Deed]) -> None:
    kept, ended = Kept.VALID, False
    for deed in deeds:
        try:
            kept = after(kept, deed)
        except DeedRefused:
            continue
        assert not ended, (kept, deed)
        ended = kept in {Kept.REVOKED, Kept.REPLACED}


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 30))
def test_years_and_months_end_where_people_expect(day: date, years: int) -> None:
    assert years_on(day, years) + timedelta(days=1) == months_on(day, 12 * years)
    assert months_on(day, 12 * years).month == day.month
    assert months_on(date(2026, 1, 31), 1) == date(2026, 2, 28)


def test_places_in_the_status_lists_are_unique_and_tell_no_order() -> None:
    places = [status_index("secret", serial) for serial in range(5000)]
    assert len(set(places)) == 5000
    assert max(places) < 1 << 20
    neighbours = sum(abs(a - b) < 100 for a, b in itertools.pairwise(places))
    assert neighbours < 20  # 5000 draws of a random order: about one
    assert status_index("secret", (1 << 20) + 7) >> 20 == 1
    assert status_index("other", 7) != status_index("secret", 7)


def test_a_whole_list_is_a_permutation() -> None:
    low = {status_index("k", serial) for serial in range((1 << 20) - 4000, (1 << 20) + 4000)}
    assert len(low) == 8000
    assert sum(one >> 20 for one in low) == 4000


def test_twenty_types_with_their_rules() -> None:
    assert len(profiles()) >= 20
    for row in documents():
        rules = profile(row["code"])
        assert rules.layout in {"card", "certificate", "permit"}
        assert rules.holder in {"person", "firm"}
        assert "《" in rules.citation or "TSG" in rules.citation
        for name in filter(None, (rules.years, rules.check_months)):
            assert rulebook.find(name).integer() > 0
        assert ("items" in row) != ("owner" in row)
    assert not profile("resident-identity-card").issued


def test_validity_follows_the_rule_of_the_day() -> None:
    assert profile("nurse-licence").valid_to(date(2026, 3, 1)) == date(2031, 2, 28)
    assert profile("road-transport-permit").check_until(date(2026, 3, 1)) == date(2027, 3, 1)
    assert profile("marriage-certificate").valid_to(START) is None
    assert profile("of-a-matter").valid_to(START) is None
    assert profile("nurse-licence").may_issue("district")
    assert not profile("nurse-licence").may_issue("street")
    assert not profile("resident-identity-card").may_issue("city")


NURSE = next(row["items"] for row in documents() if row["code"] == "nurse-licence")
GOOD = {"name": "李静", "place": "市立医院", "registered_on": "2026-03-01"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"registered_on": "1.3.2026"}, "registered_on"),
        ({"resident_id": "370102198801010000"}, "resident_id"),
        ({"place": " "}, "place"),
        ({"place": "字" * 201}, "place"),
        ({"place": "a\nb"}, "place"),
        ({"salary": "9000"}, "salary"),
    ],
)
def test_what_does_not_belong_on_a_face_is_named(change: dict[str, str], field: str) -> None:
    from quancheng.core.identity import parse_resident_id

    good = GOOD | {"resident_id": _number()}
    assert checked_items(NURSE, good) == good
    assert parse_resident_id(good["resident_id"]).number
    with pytest.raises(InvalidInput) as refused:
        checked_items(NURSE, good | change)
    assert set(refused.value.fields) == {field}


def _number() -> str:
    body = "37010219880101234"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, weights, strict=True)) % 11]
