"""The synthetic population: reproducible, valid, and shaped like the census."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.capabilities.people import city, simulate
from quancheng.capabilities.people.firms import firms
from quancheng.capabilities.people.synthesis import MALE, People
from quancheng.core.identity import parse_resident_id, parse_uscc

DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def crowd() -> People:
    return simulate.sample(20_000, on=DAY, seed=1)


def _ages(people: People) -> np.ndarray:
    days = list(people.birth.astype(object))
    return np.array([DAY.year - b.year - ((DAY.month, DAY.day) < (b.month, b.day)) for b in days])


def test_same_seed_is_the_same_city_person_by_person(crowd: People) -> None:
    assert simulate.sample(20_000, on=DAY, seed=1).digest() == crowd.digest()
    assert simulate.sample(20_000, on=DAY, seed=2).digest() != crowd.digest()


def test_ages_and_sexes_have_the_shares_of_the_census(crowd: People) -> None:
    """济南市七普: 0–14 16.44 %, 60+ 19.96 %, 65+ 14.07 %, men 50.13 %."""
    ages = _ages(crowd)
    assert (ages < 15).mean() == pytest.approx(0.1644, abs=0.002)
    assert (ages >= 60).mean() == pytest.approx(0.1996, abs=0.002)
    assert (ages >= 65).mean() == pytest.approx(0.1407, abs=0.002)
    assert (crowd.sex == MALE).mean() == pytest.approx(0.5013, abs=0.01)


def test_districts_have_their_share_of_people(crowd: People) -> None:
    shares = {k: v for k, v in city.document("population")["districts"].items() if k.isdigit()}
    known = city.all_regions()
    lives_in = [known[code].lies_in for code in crowd.home[crowd.household].tolist()]
    for code, residents in shares.items():
        expected = residents / sum(shares.values())
        assert lives_in.count(code) / len(crowd) == pytest.approx(expected, abs=0.012), code


def test_surnames_follow_their_frequency(crowd: People) -> None:
    first = [name[0] for name in crowd.name.tolist()]
    assert first.count("王") > first.count("刘") > first.count("宋") > first.count("谢")


def test_families_are_plausible(crowd: People) -> None:
    ages = _ages(crowd)
    sizes = np.bincount(crowd.household)
    assert 2.2 < sizes.mean() < 3.2
    spouse = np.flatnonzero(crowd.relation == "spouse")
    head_of = np.empty(sizes.size, dtype=int)
    heads = np.flatnonzero(crowd.relation == "head")
    head_of[crowd.household[heads]] = heads
    husbands = head_of[crowd.household[spouse]]
    partners = husbands[crowd.relation[husbands] == "head"]
    assert (crowd.sex[partners] != crowd.sex[spouse[crowd.relation[husbands] == "head"]]).mean() > 0.99
    assert ages[crowd.relation == "child"].max() < 36
    assert ages[crowd.relation == "parent"].min() > 40


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 1500), seed=st.integers(0, 2**32), year=st.integers(2020, 2040))
def test_any_city_is_valid(size: int, seed: int, year: int) -> None:
    """Numbers valid, unique and agreeing with birth and sex; homes exist; nobody twins a name."""
    day = date(year, 2, 28)
    people = simulate.sample(size, on=day, seed=seed)
    assert len(people) == size == len(set(people.id_number.tolist()))
    known = city.all_regions()
    assert all(code in known for code in people.home.tolist())
    assert set(range(len(people.home))) == set(people.household.tolist())
    births = people.birth.astype(object).tolist()
    rows = zip(people.id_number.tolist(), births, people.sex.tolist(), strict=True)
    for number, birth, sex in rows:
        parsed = parse_resident_id(number, on=day)
        assert (parsed.birth_date, parsed.sex.value) == (birth, str(sex))
    pairs = list(zip(people.household.tolist(), people.name.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    phones = [phone for phone in people.phone.tolist() if phone]
    assert len(set(phones)) == len(phones)


def test_firms_have_valid_unique_codes_and_grown_up_leaders(crowd: People) -> None:
    rows = firms(city.document("population")["firms"], crowd, 1500, on=DAY, seed=1)
    assert len({row.uscc for row in rows}) == len({row.name for row in rows}) == 1500
    ages = _ages(crowd)
    for row in rows:
        assert parse_uscc(row.uscc, require_organisation_check=True).organisation_check_ok
        assert ages[row.legal] >= 24
        assert row.legal not in row.agents
        assert row.established <= DAY
    assert rows == firms(city.document("population")["firms"], crowd, 1500, on=DAY, seed=1)


def test_an_empty_city_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate.sample(0, on=DAY, seed=1)
