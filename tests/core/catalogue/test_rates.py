"""Duties against entries, and the rates: counted from ids, never rounded up, frozen for good."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    DeadLink,
    Demand,
    DemandState,
    DutyItem,
    LinkFault,
    Rate,
    RateName,
    ShareType,
    catalogue_rate,
    collection_rate,
    compare,
    demand_rate,
    difference,
    freeze,
    repair_rate,
    sharing_rate,
    similarity,
    total,
    verify_months,
)
from quancheng.core.text import Text
from tests.core.catalogue.worlds import DRIVERS, HEALTH, STOPS, TRANSPORT, patient

DUTIES = [
    DutyItem("D-BUS", Text("公交站点设置", "Placing of bus stops"), TRANSPORT.code),
    DutyItem("D-DRIVER", Text("公交驾驶员资格管理", "Licensing of bus drivers"), TRANSPORT.code),
    DutyItem("D-TAXI", Text("出租车经营许可", "Licensing of taxis"), TRANSPORT.code),
    DutyItem("D-ADVICE", Text("政策咨询", "Advice"), TRANSPORT.code, yields_data=False),
    DutyItem("D-CLINIC", Text("医疗机构执业登记", "Registration of clinics"), HEALTH.code),
]


def test_the_duty_list_shows_what_is_not_catalogued_and_what_nobody_needs() -> None:
    taxis = replace(STOPS, code="307015/3", name=Text("出租车经营许可信息", "Taxis"), duties=())
    stray = replace(
        STOPS, code="307015/4", name=Text("食堂菜单", "Menu"), duties=("D-ADVICE", "D-CLINIC", "D-X")
    )
    compared = compare(DUTIES, [STOPS, DRIVERS, taxis, stray])
    assert compared.covered == (("D-BUS", ("307015/1",)), ("D-DRIVER", ("307015/2",)))
    assert compared.missing == ("D-TAXI", "D-CLINIC")
    assert compared.exempt == ("D-ADVICE",)
    assert compared.unfounded == ("307015/3", "307015/4")
    assert compared.dead == (
        DeadLink("307015/4", "D-ADVICE", LinkFault.NO_DATA_EXPECTED),
        DeadLink("307015/4", "D-CLINIC", LinkFault.OTHER_ORGAN),
        DeadLink("307015/4", "D-X", LinkFault.UNKNOWN_DUTY),
    )
    assert [(one.duty, one.resource) for one in compared.proposals] == [("D-TAXI", "307015/3")]


def test_the_catalogue_rate_leads_to_the_duties() -> None:
    rate = catalogue_rate(compare(DUTIES, [STOPS]), TRANSPORT.code)
    assert rate.value == Fraction(1, 4)
    assert rate.open == ("D-CLINIC", "D-DRIVER", "D-TAXI")
    assert rate.percent() == "25.0"


def test_what_may_not_be_shared_is_neither_due_nor_done() -> None:
    secret = replace(DRIVERS, code="307015/3", share=ShareType.NONE)
    entries = [STOPS, DRIVERS, secret]
    assert collection_rate(entries, {"307015/1", "307015/3"}).due == ("307015/1", "307015/2")
    assert collection_rate(entries, {"307015/1", "307015/3"}).value == Fraction(1, 2)
    assert sharing_rate(entries, {"307015/1", "307015/2"}).value == 1


def test_demands_and_repairs() -> None:
    def demand(id: str, state: DemandState) -> Demand:
        return Demand(id, Text.of("x"), HEALTH.code, "核验", "法", state=state)

    asked = [
        demand("1", DemandState.SATISFIED),
        demand("2", DemandState.REFUSED),
        demand("3", DemandState.WITHDRAWN),
        demand("4", DemandState.OPEN),
    ]
    assert demand_rate(asked).value == Fraction(1, 3)
    assert repair_rate(["a", "b", "c"], {"a", "z"}).done == ("a",)


def test_nothing_due_is_no_rate_and_almost_all_is_not_all() -> None:
    nothing = repair_rate([], set())
    assert (nothing.value, nothing.percent(), nothing.meets(Fraction(1))) == (None, "—", None)
    ids = [str(number) for number in range(3000)]
    almost = repair_rate(ids, set(ids[1:]))
    assert almost.percent() == "99.9" and almost.percent(0) == "99"
    assert almost.meets(Fraction(99, 100)) is True and almost.meets(Fraction(1)) is False
    assert repair_rate(ids, set(ids)).percent(2) == "100.00"
    assert repair_rate(["a"], set()).percent(2) == "0.00"


def test_exactly_on_the_target_meets_it() -> None:
    rate = repair_rate([str(n) for n in range(10)], {str(n) for n in range(8)})
    assert rate.meets(Fraction(8, 10)) is True


def test_a_rate_that_counts_what_is_not_due_does_not_exist() -> None:
    with pytest.raises(ValueError, match="done but not due: b"):
        Rate(RateName.REPAIR, "", ("a",), ("a", "b"))


def test_a_city_adds_ids_and_never_averages() -> None:
    small = repair_rate(["a"], {"a"}, "one")
    large = repair_rate([f"b{n}" for n in range(9)], set(), "two")
    assert total(RateName.REPAIR, "city", [small, large]).value == Fraction(1, 10)
    with pytest.raises(ValueError, match="two organs"):
        total(RateName.REPAIR, "city", [small, small])
    with pytest.raises(ValueError, match="repair rate among"):
        total(RateName.SHARING, "city", [small])


def test_what_moved_a_rate_is_told_by_ids() -> None:
    before = repair_rate(["a", "b", "c"], {"a", "b"})
    after = repair_rate(["b", "c", "d"], {"c"})
    assert difference(before, after) == {
        "gained": ("c",),
        "lost": ("b",),
        "newly_due": ("d",),
        "no_longer_due": ("a",),
    }


def test_a_frozen_month_cannot_be_thawed_unseen() -> None:
    october = freeze("2026-10", [repair_rate(["a", "b"], {"a"}, "x"), repair_rate(["c"], set(), "w")])
    november = freeze("2026-11", [repair_rate(["a", "b"], {"a", "b"}, "x")], october)
    december = freeze("2026-12", [], november)
    assert [rate.organ for rate in october.rates] == ["w", "x"]
    assert verify_months([october, november, december]) is None
    better = replace(october, rates=(repair_rate(["a", "b"], {"a", "b"}, "x"),))
    assert verify_months([better, november, december]) == 0
    forged = freeze("2026-10", better.rates)
    assert verify_months([forged, november, december]) == 1
    assert verify_months([october, december]) == 1
    assert verify_months([november, october]) == 0


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "26-01", "2026-1", "2026/01", "２０２６-01", "", "2026-09"]
)
def test_months_go_forward_and_are_months(month: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        freeze(month, [], freeze("2026-09", []))


def test_one_rate_is_frozen_once() -> None:
    with pytest.raises(ValueError, match="two rates"):
        freeze("2026-10", [repair_rate([], [], "x"), repair_rate(["a"], [], "x")])


ids = st.lists(st.text("abc", min_size=1, max_size=3), max_size=12, unique=True)


@patient
@given(ids, ids)
def test_done_and_open_are_all_that_is_due(due: list[str], done: list[str]) -> None:
    rate = repair_rate(due, set(done))
    assert sorted((*rate.done, *rate.open)) == sorted(due)
    if rate.value is not None:
        shown = Fraction(rate.percent())
        assert shown <= rate.value * 100 < shown + Fraction(1, 10)


@patient
@given(st.text("公交站点设置x ", max_size=8), st.text("公交站点设置x ", max_size=8))
def test_similarity_is_a_measure(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, one) in (0, 1)
