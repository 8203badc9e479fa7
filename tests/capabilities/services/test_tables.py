"""The decision tables of the matters: sound, and deciding as the published rules say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.capabilities.services.test_content import BOOK, RESOURCES, SPECS, TODAY

from quancheng.core import feel
from quancheng.core.feel import dmn
from quancheng.core.rules.model import thaw

DMN_FILES = sorted(RESOURCES.glob("*.dmn"))


@pytest.mark.parametrize("path", DMN_FILES, ids=lambda path: path.name)
def test_every_table_is_sound(path):
    assert dmn.check(dmn.read(path.read_bytes())) == []


def parameters() -> Any:
    return feel.from_json(
        {rule: thaw(BOOK.find(rule, on=TODAY, region="370100").value) for rule in BOOK.ids()}
    )


def ask(code: str, decision: str, **form: Any) -> Any:
    given = {
        "form": feel.from_json(form), "applicant": {}, "parameters": parameters(),
        "today": feel.parse(f'date("{TODAY}")').evaluate({}),
    }  # fmt: skip
    found = feel.to_json(dmn.read(SPECS[code].dmn.encode()).evaluate(decision, given).value)
    return found["outcome"] if isinstance(found, dict) and "outcome" in found else found


@pytest.mark.parametrize(
    ("code", "decision", "form", "expected"),
    [
        ("elder-allowance", "资格", {"birth_date": "1946-11-22"}, "pass"),
        ("elder-allowance", "资格", {"birth_date": "1946-11-23"}, "fail"),
        ("elder-allowance", "津贴标准", {"birth_date": "1946-11-22"}, 50),
        ("elder-allowance", "津贴标准", {"birth_date": "1936-11-22"}, 100),
        ("elder-allowance", "津贴标准", {"birth_date": "1926-11-22"}, 500),
        ("disability-subsidy", "资格", {"grade": "1", "income": "relief", "category": "visual"}, "pass"),
        ("disability-subsidy", "资格", {"grade": "4", "income": "edge", "category": "visual"}, "pass"),
        ("disability-subsidy", "资格", {"grade": "3", "income": "other", "category": "mental"}, "person"),
        ("disability-subsidy", "资格", {"grade": "3", "income": "other", "category": "visual"}, "fail"),
        ("disability-subsidy", "补贴合计", {"grade": "2", "income": "relief"}, 330),
        ("disability-subsidy", "补贴合计", {"grade": "3", "income": "other"}, 0),
        ("school-enrolment", "入学年龄", {"child_birth_date": "2021-08-31"}, "pass"),
        ("school-enrolment", "入学年龄", {"child_birth_date": "2021-09-01"}, "fail"),
        (
            "school-enrolment",
            "入学资格",
            {"household_kind": "district", "home_kind": "own", "permit": "no"},
            "pass",
        ),
        (
            "school-enrolment",
            "入学资格",
            {"household_kind": "city", "home_kind": "rent", "permit": "no"},
            "person",
        ),
        (
            "school-enrolment",
            "入学资格",
            {"household_kind": "outside", "home_kind": "rent", "permit": "yes"},
            "person",
        ),
        (
            "school-enrolment",
            "入学资格",
            {"household_kind": "outside", "home_kind": "rent", "permit": "no"},
            "fail",
        ),
        ("unemployment-benefit", "资格", {"reason": "dismissed", "paid_years": 1}, "pass"),
        ("unemployment-benefit", "资格", {"reason": "dismissed", "paid_years": 0.9}, "fail"),
        ("unemployment-benefit", "资格", {"reason": "quit", "paid_years": 9}, "fail"),
        ("unemployment-benefit", "领取月数", {"paid_years": 4.9}, 12),
        ("unemployment-benefit", "领取月数", {"paid_years": 5}, 18),
        ("unemployment-benefit", "领取月数", {"paid_years": 10}, 24),
        ("food-business", "资格", {"category": "prepacked"}, "fail"),
        ("food-business", "资格", {"category": "hot"}, "pass"),
        ("retiree-insurance", "退休医保", {"sex": "2", "insurance_years": 20}, "pass"),
        ("retiree-insurance", "退休医保", {"sex": "1", "insurance_years": 24}, "person"),
        ("newborn-household", "申报期限", {"child_birth_date": "2026-10-22"}, "pass"),
        ("newborn-household", "申报期限", {"child_birth_date": "2026-10-21"}, "person"),
        ("newborn-insurance", "待遇起算", {"child_birth_date": "2026-08-24"}, "pass"),
    ],
)
def test_tables_decide_as_the_rules_say(code, decision, form, expected):
    assert ask(code, decision, **form) == expected


@pytest.mark.parametrize(
    ("category", "area", "visit"), [("hot", 20, True), ("drinks", 50, False), ("bulk", 51, True)]
)
def test_food_business_is_visited_by_risk(category, area, visit):
    assert ask("food-business", "办理路径", category=category, premises_area=area)["visit"] is visit


@pytest.mark.parametrize(
    ("sex", "post", "born", "month"),
    [  # rows of the tables published with the measures on later retirement (国务院, 2024-09-13)
        ("1", "worker", "1964-12-31", "2024年12月"),
        ("1", "worker", "1965-01-01", "2025年2月"),
        ("1", "cadre", "1965-05-10", "2025年7月"),
        ("1", "worker", "1976-09-30", "2039年9月"),
        ("2", "cadre", "1970-01-01", "2025年2月"),
        ("2", "cadre", "1981-09-01", "2039年9月"),
        ("2", "worker", "1975-01-01", "2025年2月"),
        ("2", "worker", "1975-03-15", "2025年5月"),
        ("2", "worker", "1984-11-01", "2039年11月"),
    ],
)
def test_the_month_of_retirement_is_that_of_the_published_tables(sex, post, born, month):
    assert ask("pension-review", "法定退休年月", sex=sex, post=post, birth_date=born) == month


@pytest.mark.parametrize(
    ("born", "years"), [("1968-01-01", 15), ("1969-01-01", 15.5), ("1970-01-01", 16), ("1990-01-01", 20)]
)
def test_the_least_years_of_contributions_rise_from_2030(born, years):
    assert ask("pension-review", "最低缴费年限", sex="1", birth_date=born) == years


@pytest.mark.parametrize(
    ("born", "years", "choice", "outcome"),
    [
        ("1966-05-20", 30, "normal", "pass"),
        ("1966-10-01", 24, "early", "pass"),
        ("1966-10-01", 24, "normal", "fail"),
        ("1966-05-20", 14, "normal", "fail"),
        ("1970-01-01", 30, "early", "fail"),
    ],
)
def test_who_may_retire_now(born, years, choice, outcome):
    assert (
        ask("pension-review", "退休审核", sex="1", birth_date=born, work_years=years, choice=choice)
        == outcome
    )


@pytest.mark.parametrize("code", [code for code in SPECS if SPECS[code].dmn])
def test_an_empty_form_goes_to_a_person_and_never_passes(code):
    for row in SPECS[code].condition:
        if row.check == "decision":
            assert ask(code, row.options["decision"]) == "person"
