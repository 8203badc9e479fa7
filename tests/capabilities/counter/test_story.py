"""A citizen of 章丘 at a counter of 历下: received, sealed, sent, received, checked, decided, returned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.services.conftest import photo

from quancheng.capabilities.counter import actions, indicators, queries, scans, simulate
from quancheng.capabilities.counter.models import AppendOnlyError, Bag, BagEvent, Hall, Reception
from quancheng.capabilities.counter.values import Confirmation, Paper
from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.capabilities.services import actions as services
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

FORM = {"phone": "13900001111", "delivery": "electronic", "truthful": True}
COURIER = {"courier": "济南政务专递", "waybill": "JNZD00000001"}


@pytest.fixture
def elder(town: None) -> NaturalPerson:
    return NaturalPerson.objects.get(name="孟广田")


@pytest.fixture
def receive(actor, elder):
    def run(seal: str = "LX-000001", papers=(Paper("照片原件", 2), Paper("居住证明")), **more) -> Reception:
        clerk = actor("counter-clerk")
        return actions.receive_application(
            Call(clerk, key=more.pop("key", None)), hall=Hall.objects.get(code="lixia"),
            matter_code="senior-card", form=FORM, person_id=elder.pk, purpose="窗口收件",
            scans={"photo": scans.keep(photo())}, papers=list(papers), seal=seal, **more,
        )  # fmt: skip

    return run


def moved(who, bag: Bag, verb: str, **more) -> Bag:
    return actions.move_bag(Call(who), bag=bag, verb=verb, **more)


def titles(**who) -> list[str]:
    return [one.title["zh"] for one in Message.objects.filter(**who)]


def seen(count: int = 3, seal: str = "LX-000001", intact: bool = True) -> Confirmation:
    return Confirmation(count, seal, intact)


def test_received_far_from_home_decided_at_home(actor, elder, receive, settle) -> None:
    clerk, officer = actor("counter-clerk"), actor("clerk-zhangqiu")
    found = queries.identify(clerk, elder.id_number, purpose="窗口收件，核对身份")
    assert found == elder
    reception = receive()
    settle()
    case = reception.case
    assert case.channel == "counter" and case.department.code == "jn-zhangqiu-civil"
    assert case.applicant_id == elder.pk and case.receipt.startswith("370114")

    bag = Bag.objects.get(case=case)
    assert (bag.state, bag.holder, bag.count) == ("sealed", "hall", 3)
    bag = moved(clerk, bag, "dispatch", **COURIER)
    assert (bag.holder, bag.holder_name) == ("courier", "济南政务专递")
    with pytest.raises(Forbidden):
        moved(clerk, bag, "receive", confirmation=seen())  # the sender cannot sign for the taker
    bag = moved(officer, bag, "receive", confirmation=seen())
    bag = moved(officer, bag, "check", confirmation=seen())
    assert bag.holder == "office" and not bag.problem
    with pytest.raises(Conflict) as again:
        moved(officer, bag, "receive", confirmation=seen())
    assert "已清点" in again.value.detail.zh

    case = services.claim_case(Call(officer), case=case)
    case = services.approve_case(Call(officer), case=case)
    settle()
    citizen = actor("citizen-zhangqiu")
    assert queries.reception_of(citizen, case).hall.code == "lixia"
    mine = queries.bags_of(citizen, case)[0]
    assert "章丘区民政局" in mine.holder_text.zh
    assert queries.verdict(mine).good
    assert [one.kind for one in queries.chain(mine)] == ["seal", "dispatch", "receive", "check"]
    assert any("签收" in one for one in titles(person_id=elder.pk))
    assert "窗口收件，核对身份" in {row["purpose"] for row in people.uses_of_me(citizen)}


def test_the_way_back_to_the_applicant(actor, receive) -> None:
    clerk, officer = actor("counter-clerk"), actor("clerk-zhangqiu")
    bag = Bag.objects.get(case=receive().case)
    moved(clerk, bag, "dispatch", **COURIER)
    moved(officer, bag, "receive", confirmation=seen())
    moved(officer, bag, "send_back", courier="济南政务专递", waybill="JNZD00000002")
    moved(clerk, bag, "take_back", confirmation=seen())
    bag = moved(clerk, bag, "hand_out", note="本人领取")
    assert (bag.state, bag.holder, bag.holder_name) == ("returned", "applicant", "孟广田")
    assert bag.over and queries.verdict(bag).links == 6


def test_a_broken_seal_and_a_missing_paper_concern_both_sides(actor, receive, settle) -> None:
    clerk, officer = actor("counter-clerk"), actor("clerk-zhangqiu")
    bag = Bag.objects.get(case=receive().case)
    moved(clerk, bag, "dispatch", **COURIER)
    bag = moved(officer, bag, "receive", confirmation=seen(count=2, intact=False))
    assert bag.problem and bag.state == "received"
    told = [row["zh"] for row in queries.chain(bag)[-1].data["differences"]]
    assert told == ["登记3份，实收2份", "封签破损"]
    settle()
    for who in (clerk, officer):
        assert sum("差异" in one for one in titles(user_id=who.user_id)) == 1
    assert queries.explaining_side(clerk, bag) == "hall"
    bag = actions.explain_problem(Call(clerk), bag=bag, side="hall", text="装袋时漏放一张照片，已补寄")
    assert bag.problem
    with pytest.raises(Conflict):
        actions.explain_problem(Call(clerk), bag=bag, side="hall", text="再说一遍")
    with pytest.raises(Forbidden):
        actions.explain_problem(Call(clerk), bag=bag, side="office", text="代替对方")
    bag = actions.explain_problem(Call(officer), bag=bag, side="office", text="补寄照片已收到")
    assert not bag.problem and queries.verdict(bag).good


def test_history_cannot_be_changed_and_tampering_is_seen(receive) -> None:
    bag = Bag.objects.get(case=receive().case)
    link = queries.chain(bag)[0]
    with pytest.raises(AppendOnlyError):
        link.save()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE counter_bagevent SET taker = %s WHERE id = %s", ["别人", link.pk])
    verdict = queries.verdict(bag)
    assert not verdict.good and "第1条" in verdict.text.zh


def test_who_may_not(actor, elder, receive) -> None:
    reception = receive()
    bag = Bag.objects.get(case=reception.case)
    other, citizen = actor("clerk-civil"), actor("citizen-elder")
    for who in (other, citizen):
        with pytest.raises(NotFound):
            queries.bag(who, bag.number)
    with pytest.raises(Forbidden):
        queries.identify(other, elder.id_number, purpose="好奇")
    with pytest.raises(InvalidInput):
        queries.identify(actor("counter-clerk"), elder.id_number, purpose=" ")
    with pytest.raises(NotFound):
        people.person(actor("counter-clerk"), elder.pk)  # a counter clerk does not read the register
    with pytest.raises(Forbidden):
        actions.receive_application(
            Call(actor("counter-clerk")), hall=Hall.objects.get(code="zhangqiu"), matter_code="senior-card",
            form=FORM, person_id=elder.pk, purpose="窗口收件",
        )  # fmt: skip


def test_bad_input_leaves_nothing_half_written(receive) -> None:
    for papers, seal in (([Paper("照片", 0)], "LX-1000"), ([Paper("照片")], "短"), ([Paper(" ")], "LX-1001")):
        with pytest.raises(InvalidInput):
            receive(seal=seal, papers=papers)
    assert not Reception.objects.exists() and not BagEvent.objects.exists()
    receive()
    with pytest.raises(Conflict):
        receive(seal="LX-000002")  # the case is in progress already
    assert Bag.objects.count() == 1


def test_late_bags_are_listed_and_told(actor, receive, settle) -> None:
    with clock.at(clock.now() - timedelta(days=5)):
        bag = Bag.objects.get(case=receive().case)
    clerk = actor("counter-clerk")
    assert [one.pk for one in queries.bags(clerk, {"due": "late"}).items] == [bag.pk]
    assert queries.bag_counts(clerk)["late"] == 1 and indicators.late_bags() == 1
    from quancheng.capabilities.counter import tasks

    assert tasks.remind() == {"late": 1}
    settle()
    assert any("逾期" in one for one in titles(user_id=clerk.user_id))


def test_the_scan_field_finds_a_bag_by_any_of_its_numbers(actor, receive) -> None:
    clerk = actor("counter-clerk")
    reception = receive()
    bag = Bag.objects.get(case=reception.case)
    moved(clerk, bag, "dispatch", **COURIER)
    for text in (bag.number, bag.seal, reception.case.receipt, "JNZD00000001"):
        assert [one.pk for one in queries.bags(clerk, {"q": text}).items] == [bag.pk]
    assert not queries.bags(clerk, {"q": "XX-404"}).items


def test_demo_data_shows_bags_on_every_part_of_the_way(town, settle) -> None:
    import numpy as np

    said = simulate.seed(None, np.random.default_rng(7))
    assert said == "6次窗口收件", said
    assert set(Bag.objects.values_list("state", flat=True)) == {
        "sealed", "transit", "received", "checked", "archived", "returned",
    }  # fmt: skip
    assert all(queries.verdict(one).good for one in Bag.objects.all())
    assert simulate.seed(None, np.random.default_rng(7)) == "-"
    assert indicators.across_share() is not None and indicators.intact_share() == 100.0
