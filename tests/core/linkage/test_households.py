"""一户一档 and 房屋空置: who lives together, and which flat seems empty, with reasons."""

from __future__ import annotations

import pytest

from quancheng.core.linkage import (
    Band,
    Feature,
    HeadReason,
    Kinship,
    LinkageError,
    Occupancy,
    Resident,
    VacancyRule,
    households,
    judge_vacancy,
)
from quancheng.core.text import Text

SPOUSE, CHILD = Text("配偶", "spouse"), Text("子女", "child")


def test_a_family_a_tenant_and_a_daughter_who_moved_out() -> None:
    people = [
        Resident("wang", "flat 1", "19600101", head=True),
        Resident("li", "flat 1", "19590101"),
        Resident("tenant", "flat 1", "19950101"),
        Resident("daughter", "flat 2", "19900101"),
        Resident("homeless", None),
    ]
    ties = [Kinship("wang", "li", SPOUSE), Kinship("li", "daughter", CHILD), Kinship("li", "unknown", CHILD)]
    tenant, family, daughter, nobody = households(people, ties)
    assert (family.members, family.head, family.because) == (("wang", "li"), "wang", HeadReason.REGISTERED)
    assert family.co_residents == ("tenant",) and family.kin_elsewhere == ("daughter",)
    assert family.ties == (ties[0],)
    assert tenant.because is HeadReason.OLDEST and tenant.co_residents == ("li", "wang")
    assert daughter.kin_elsewhere == ("li",)
    assert nobody.dwelling is None and nobody.members == ("homeless",) and nobody.co_residents == ()
    assert "共2人" in family.text.zh


def test_three_generations_are_one_household_and_two_heads_are_noticed() -> None:
    people = [
        Resident("old", "x", "1940", head=True),
        Resident("mid", "x", "1965", head=True),
        Resident("kid", "x", ""),
    ]
    (home,) = households(people, [Kinship("old", "mid", CHILD), Kinship("mid", "kid", CHILD)])
    assert home.members == ("old", "mid", "kid") and home.heads == ("old", "mid")


def test_the_register_joins_people_whose_kinship_nobody_wrote_down() -> None:
    people = [
        Resident("a", "x", register="7"),
        Resident("b", "x", register="7"),
        Resident("c", "y", register="7"),
    ]
    assert [home.members for home in households(people, [])] == [("a", "b"), ("c",)]
    with pytest.raises(LinkageError):
        households([people[0], people[0]], [])


WATER = Feature(
    "water",
    Text("月均用水", "water a month"),
    Text("立方米", "m³"),
    (Band(0.5, 3), Band(2, 0), Band(None, -3)),
)
POWER = Feature(
    "power",
    Text("月均用电", "power a month"),
    Text("千瓦时", "kWh"),
    (Band(5, 3), Band(30, 0), Band(None, -3)),
)
PEOPLE = Feature("people", Text("登记人口", "residents"), Text("人", ""), (Band(1, 1), Band(None, -1)))
RULE = VacancyRule((WATER, POWER, PEOPLE), occupied=-2, vacant=5, least_known=2)


@pytest.mark.parametrize(
    ("values", "state", "score"),
    [
        ({"water": 0.0, "power": 1.0, "people": 0}, Occupancy.VACANT, 7),
        ({"water": 0.0, "power": 1.0, "people": 2}, Occupancy.VACANT, 5),
        ({"water": 9.0, "power": 120.0, "people": 0}, Occupancy.OCCUPIED, -5),
        ({"water": 0.0, "power": 120.0, "people": 1}, Occupancy.UNCERTAIN, -1),
        ({"water": 0.0}, Occupancy.UNKNOWN, 3),
        ({"water": float("nan"), "power": -4.0, "people": 0}, Occupancy.UNKNOWN, 1),
        ({"water": 0.5, "power": 5.0}, Occupancy.UNCERTAIN, 0),
    ],
)
def test_an_empty_flat_is_judged_by_evidence(
    values: dict[str, float], state: Occupancy, score: float
) -> None:
    found = judge_vacancy(values, RULE)
    assert (found.state, found.score) == (state, score)
    assert sum(one.points or 0 for one in found.findings) == score


def test_the_reasons_are_told_and_what_is_unknown_too() -> None:
    found = judge_vacancy({"water": 0.0, "power": 1.0, "people": None}, RULE)
    assert (
        found.text.zh
        == "疑似空置（6分，2项依据）：月均用水0立方米，+3分；月均用电1千瓦时，+3分；登记人口：无数据。"
    )
    assert "no data" in found.text.en


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(LinkageError):
        Feature("x", SPOUSE, CHILD, (Band(5, 1), Band(2, 0), Band(None, 0)))
    with pytest.raises(LinkageError):
        Feature("x", SPOUSE, CHILD, (Band(5, 1),))
    with pytest.raises(LinkageError):
        VacancyRule((WATER,), occupied=3, vacant=1, least_known=1)
    with pytest.raises(LinkageError):
        VacancyRule((WATER,), occupied=0, vacant=1, least_known=2)
