"""State machine, receipts, search, spec and checks: pure functions against properties."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.services import checks, flow, receipt, search, spec, sync, timing
from quancheng.capabilities.services.checks import Facts, FileFact, Outcome, Subject
from quancheng.core.calendar import LegalClock
from quancheng.core.identity import compute_check
from quancheng.core.rules import RuleBook
from quancheng.kernel.calendar import working_calendar

RESOURCES = Path(spec.__file__).parent / "resources"
BOOK = RuleBook.from_toml_dicts(
    tomllib.loads((RESOURCES / f"{name}.toml").read_text("utf-8"))
    for name in ("parameters", "periods", "deadlines", "standards")
)
SPECS = {path.stem: spec.read_spec(sync.load(path)) for path in sorted(RESOURCES.glob("*-*.toml"))}
SENIOR = SPECS["senior-card"]
TODAY = date(2026, 6, 1)
DAYS = st.dates(date(1900, 1, 1), date(2026, 6, 1))


def number_of(birth: date) -> str:
    first = f"370102{birth:%Y%m%d}002"
    return first + compute_check(first)


def facts(birth: date = date(1950, 1, 1), on: date = TODAY, **more) -> Facts:
    subject = Subject(
        name="王秀英", resident_id=number_of(birth), residence=more.pop("residence", "370102001001")
    )
    return Facts(
        on=on,
        region="370100",
        subject=more.pop("subject", subject),
        parameter=lambda name: BOOK.find(name, on=on, region="370100"),
        **more,
    )


def outcome(found, condition: str) -> Outcome:
    return next(one.outcome for one in found if one.condition == condition)


# -- flow ------------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from([step.verb for step in flow.STEPS]), max_size=30))
def test_over_is_over_and_every_state_was_reached_by_a_listed_step(verbs):
    state = flow.State.SUBMITTED
    for verb in verbs:
        allowed = {step.verb: step.target for step in flow.steps_from(state)}
        if verb in allowed:
            assert flow.next_state(state, verb) == allowed[verb]
            state = allowed[verb]
        else:
            with pytest.raises(flow.IllegalStep) as wrong:
                flow.next_state(state, verb)
            assert state.text.zh in wrong.value.text.zh
    if state in {flow.State.REFUSED, flow.State.WITHDRAWN, flow.State.COMPLETED}:
        assert flow.steps_from(state) == ()


def test_every_open_state_has_a_way_out_and_none_a_dead_end():
    for state in flow.OPEN:
        assert any(step.target in flow.DONE for step in flow.steps_from(state)), state
    with pytest.raises(flow.IllegalStep):
        flow.next_state("submitted", "no such verb")


# -- receipts ----------------------------------------------------------------------------------------
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, receipt.MAX_SERIAL), st.data())
def test_one_wrong_digit_in_a_receipt_is_noticed(day, serial, data):
    made = receipt.make_receipt("370102", day, serial)
    assert receipt.is_receipt(made)
    place = data.draw(st.sampled_from([n for n, char in enumerate(made[:-2]) if char != "-"]))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != made[place]]))
    assert not receipt.is_receipt(made[:place] + other + made[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "370102", "370102-20261122-000123", "x" * 500, "370102-20261122-00012３-7"]
)
def test_what_is_no_receipt(text):
    assert not receipt.is_receipt(text)


# -- matters -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", SPECS)
def test_every_matter_file_is_whole(code):
    matter = SPECS[code]
    assert matter.code == code
    for row in matter.condition:
        assert row.check in checks.CHECKS
        if "parameter" in row.options:
            assert BOOK.rules(row.options["parameter"])
        if "field" in row.options:
            assert matter.field_of(row.options["field"])
    for rule in (matter.period.legal, matter.period.promised, matter.result.validity_years):
        assert rule is None or BOOK.rules(rule)
    assert matter.result.licence in {None, *(kind.code for kind in matter.licence_type)}
    assert matter.online == bool(matter.field)


def test_a_wrong_definition_is_refused():
    content = tomllib.loads((RESOURCES / "senior-card.toml").read_text("utf-8"))
    for change in ({"zones": []}, {"surprise": 1}, {"code": "Not A Code"}, {"online": False}):
        with pytest.raises(ValueError, match="validation error"):
            spec.read_spec({**content, **change})


def test_there_are_enough_matters_and_parameters_do_not_contradict():
    assert len(SPECS) >= 8
    assert sum(one.online for one in SPECS.values()) >= 4
    assert BOOK.check() == ()


# -- search ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("老年证", "senior-card"),
        ("60岁怎么办老年卡", "senior-card"),
        ("老人坐公交免费", "senior-card"),
        ("暂住证", "residence-permit"),
        ("外地人租房要办什么", "residence-permit"),
        ("开饭店", "food-business"),
        ("养狗要办证吗", "dog-registration"),
        ("工地晚上施工", "night-construction"),
        ("打井", "water-abstraction"),
        ("senior card", "senior-card"),
        ("准生证", "birth-registration"),
        ("评残", "disability-card"),
        ("门头招牌", "outdoor-advertising"),
    ],
)
def test_people_find_what_they_mean(query, code):
    index = search.Index(
        search.Document(one.code, (one.name.zh, one.name.en), one.keywords, one.summary.zh + one.summary.en)
        for one in SPECS.values()
    )
    hits = index.search(query)
    assert hits, query
    assert hits[0].key == code


@given(st.text(max_size=200))
def test_search_never_fails(query):
    index = search.Index([search.Document("a", ("老年人优待证", "Senior card"))])
    assert all(hit.score > 0 for hit in index.search(query))
    assert search.Index([]).search(query) == []


# -- checks -----------------------------------------------------------------------------------------------
@given(DAYS)
def test_age_agrees_with_the_birthday(birth):
    found = next(
        one for one in checks.run_checks(SENIOR, facts(birth), early_only=True) if one.condition == "age"
    )
    reached = checks._reaches(birth, 60)
    assert found.outcome is (Outcome.PASS if reached <= TODAY else Outcome.FAIL)
    assert found.rule == "services.senior_card.age"
    assert "第二条" in found.citation.zh
    if found.outcome is Outcome.FAIL:
        assert found.evidence["eligible_from"] == reached.isoformat()


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2026, 5, 31), Outcome.FAIL), (date(2026, 6, 1), Outcome.PASS)]
)
def test_the_sixtieth_birthday_itself(on, expected):
    assert outcome(checks.run_checks(SENIOR, facts(date(1966, 6, 1), on)), "age") is expected


def test_what_is_not_known_goes_to_a_person():
    unknown = Subject(name="?", resident_id="", birth_date=None, residence="")
    found = checks.run_checks(SENIOR, facts(subject=unknown), early_only=True)
    assert outcome(found, "age") is Outcome.PERSON
    assert outcome(found, "residence") is Outcome.PERSON
    good = number_of(date(1950, 1, 1))
    broken = Subject(resident_id=good[:-1] + ("1" if good[-1] != "1" else "2"), residence="370102")
    assert outcome(checks.run_checks(SENIOR, facts(subject=broken)), "age") is Outcome.PERSON


def test_a_missing_parameter_goes_to_a_person():
    found = checks.run_checks(SENIOR, facts(on=date(2010, 1, 1)))
    assert outcome(found, "age") is Outcome.PERSON


def test_residence_duplicate_and_photo():
    big = {"photo": FileFact("0" * 64, "image/jpeg", 1000, 358, 441)}
    good = checks.run_checks(SENIOR, facts(files=big))
    assert {one.outcome for one in good} == {Outcome.PASS}
    assert checks.worst(good) is Outcome.PASS
    outside = checks.run_checks(SENIOR, facts(residence="110101001001", files=big))
    assert outcome(outside, "residence") is Outcome.FAIL
    held = checks.run_checks(SENIOR, facts(licences=frozenset({"senior-card"}), licence_type="senior-card"))
    assert outcome(held, "duplicate") is Outcome.FAIL
    running = checks.run_checks(SENIOR, facts(open_receipts=("r",)))
    assert outcome(running, "duplicate") is Outcome.FAIL
    small = {"photo": FileFact("0" * 64, "image/jpeg", 1000, 200, 441)}
    assert outcome(checks.run_checks(SENIOR, facts(files=small)), "photo") is Outcome.FAIL
    assert outcome(checks.run_checks(SENIOR, facts()), "photo") is Outcome.FAIL


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)) | st.text(max_size=12) | st.none())
def test_half_a_year_of_residence(value):
    found = checks.run_checks(SPECS["residence-permit"], facts(form={"lived_since": value}))
    judged = outcome(found, "half_year")
    if not isinstance(value, date):
        assert judged in Outcome
    else:
        assert (judged is Outcome.PASS) == (value <= date(2025, 12, 1))


@given(st.floats() | st.text(max_size=10) | st.none())
def test_area_above_the_limit_is_for_a_person(value):
    found = checks.run_checks(SPECS["outdoor-advertising"], facts(form={"area": value}))
    assert outcome(found, "area") in {Outcome.PASS, Outcome.PERSON}


# -- clock ---
@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 45))
def test_a_clock_survives_json_and_always_has_a_due_day(start, limit):
    clock = LegalClock(start, limit)
    again = timing.from_dict(timing.to_dict(clock))
    assert again == clock
    due, provisional = timing.due_of(clock, working_calendar())
    assert due is not None
    assert due > start
    assert provisional == (due.year not in working_calendar().table.years)


def test_suspension_moves_the_due_day():
    calendar = working_calendar()
    clock = LegalClock(date(2026, 6, 1), 5)
    stopped = timing.suspend(clock, date(2026, 6, 3), "补正", calendar)
    assert timing.due_of(stopped, calendar)[0] is None
    resumed = timing.resume(stopped, date(2026, 6, 10))
    assert timing.due_of(resumed, calendar)[0] > timing.due_of(clock, calendar)[0]
    assert timing.from_dict(timing.to_dict(resumed)) == resumed
    late = timing.suspend(clock, date(2026, 7, 1), "太迟", calendar)
    assert late == clock, "an overdue clock is not healed"
    assert timing.resume(clock, date(2026, 6, 2)) == clock
    assert timing.reading(clock, date(2026, 6, 1), calendar).remaining == 5
    assert clock.started + timedelta(7) == timing.due_of(clock, calendar)[0]
