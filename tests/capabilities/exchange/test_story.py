"""共享申请: stories of agreement, more said, lateness, refusal and dispute, and what is wrong with a form."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.capabilities.exchange.conftest import (
    NOW,
    RESOURCE,
    World,
    asked,
    given,
    granted,
    register,
)

from quancheng.capabilities.exchange import actions, queries
from quancheng.capabilities.exchange.models import Grant, ShareRequest
from quancheng.capabilities.messages.models import Message
from quancheng.core.catalogue import ShareType
from quancheng.core.exchange import Mask, Stage
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, QuanchengError

pytestmark = pytest.mark.django_db


def _ask(world: World) -> ShareRequest:
    return actions.ask(world.consumer, consumer="jn-market", asked=asked())


def _at(days: int, call: Call) -> Call:
    return Call(call.actor, at=NOW + timedelta(days=days))


def test_from_asking_to_use(world: World) -> None:
    row = _ask(world)
    assert (row.stage, row.limit) == ("submitted", "accept") and row.due is not None
    row = actions.advance(world.provider, number=row.number, deed="accept")
    shown = queries.clock_of(row)
    assert row.due == date(2026, 3, 16) and shown is not None and shown.remaining == 10
    grant = actions.agree(world.provider, number=row.number, given=given())
    row.refresh()
    assert row.stage == "delivered" and row.answered_on == date(2026, 3, 2) and not row.answered_late
    assert grant.fields["name"] == "name" and grant.person_field == "id_number" and grant.modes == ["query"]
    actions.advance(world.consumer, number=row.number, deed="confirm")
    actions.advance(world.provider, number=row.number, deed="suspend", reason="核查使用情况")
    assert grant.refresh().status == "suspended"
    actions.advance(world.provider, number=row.number, deed="resume")
    assert grant.refresh().status == "active"
    actions.advance(world.consumer, number=row.number, deed="withdraw", reason="不再需要")
    assert grant.refresh().status == "withdrawn" and row.refresh().stage == "withdrawn"
    assert queries.rate("jn-civil").percent() == "100.0"


def test_more_is_asked_and_the_clock_rests(world: World) -> None:
    row = _ask(world)
    actions.advance(world.provider, number=row.number, deed="accept")
    row = actions.advance(world.provider, number=row.number, deed="ask", reason="为何需要年龄")
    assert row.waiting and row.due is None
    row = actions.advance(_at(7, world.consumer), number=row.number, deed="supply", reason="判断资格")
    assert not row.waiting and row.due == date(2026, 3, 20)
    with pytest.raises(InvalidInput):
        actions.advance(_at(7, world.provider), number=row.number, deed="extend", days=30, reason="复杂")
    row = actions.advance(_at(7, world.provider), number=row.number, deed="extend", days=5, reason="复杂")
    assert row.due == date(2026, 3, 27)


def test_late_is_told_to_the_bureau_once(world: World) -> None:
    row = _ask(world)
    actions.advance(world.provider, number=row.number, deed="accept")
    with clock.at(NOW + timedelta(days=15)):
        for _ in range(2):
            actions.tick(Call.system("exchange"), number=row.number)
        row.refresh()
        assert row.late
        events.drain(strict=True)
        told = list(events.tail(0, ["exchange.request.overdue"]))
        assert [one.data["to"] for one in told] == ["provider", "authority"]
        actions.agree(Call(world.provider.actor), number=row.number, given=given())
    assert row.refresh().answered_late
    assert queries.rate("jn-civil").percent() == "0.0"


def test_a_no_needs_its_law_and_can_be_disputed(world: World) -> None:
    row = _ask(world)
    actions.advance(world.provider, number=row.number, deed="accept")
    for reason, basis, place in (("", "", "reason"), ("涉密", "", "basis")):
        with pytest.raises(InvalidInput) as refused:
            actions.advance(world.provider, number=row.number, deed="decline", reason=reason, basis=basis)
        assert place in refused.value.fields
    actions.advance(
        world.provider, number=row.number, deed="decline", reason="涉密", basis="《保守国家秘密法》第二十一条"
    )
    assert queries.rate("jn-civil").due == ()
    actions.advance(world.consumer, number=row.number, deed="object", reason="履职必需")
    actions.advance(world.consumer, number=row.number, deed="escalate", reason="未达成一致")
    with pytest.raises(Conflict):
        actions.advance(world.provider, number=row.number, deed="accept")
    row = actions.advance(
        world.bureau, number=row.number, deed="overrule", reason="依据不足", basis="《政务数据共享条例》"
    )
    assert row.stage == "agreed"
    grant = actions.agree(world.provider, number=row.number, given=given())
    assert grant.refresh().status == "active"


def test_what_is_shared_without_condition_is_there_at_once(world: World) -> None:
    register(RESOURCE, "老年人名册", world.table.table_id, share=ShareType.UNCONDITIONAL)
    row = _ask(world)
    assert row.stage == "delivered"
    grant = Grant.objects.get(request=row)
    assert set(grant.fields.values()) == {"keep"} and grant.calls_per_day == 1000
    register("311001/000002", "不共享的名册", None, share=ShareType.NONE)
    with pytest.raises(QuanchengError):
        actions.ask(world.consumer, consumer="jn-market", asked=asked(resource="311001/000002"))


def test_a_grant_is_never_wider_than_asked(world: World) -> None:
    row = _ask(world)
    for wrong, place in (
        ({"fields": {"since": Mask.KEEP}}, "fields"),
        ({"fields": {}}, "fields"),
        ({"ends": date(2027, 1, 1)}, "ends"),
        ({"ends": date(2026, 1, 1)}, "ends"),
        ({"calls_per_day": 1001}, "calls_per_day"),
        ({"search": ("since",)}, "search"),
        ({"rows_per_call": 0}, "rows_per_call"),
        ({"rate_per_second": 0.0}, "rate_per_second"),
        ({"condition": {"op": "eq"}}, "condition"),
    ):
        with pytest.raises(InvalidInput) as refused:
            actions.agree(world.provider, number=row.number, given=given(**wrong))
        assert place in refused.value.fields, wrong
    assert row.refresh().stage == "submitted" and not Grant.objects.exists()


def test_what_is_wrong_with_a_request_is_said_all_at_once(world: World) -> None:
    wrong = asked(
        fields=("since", "salary"), purpose=" ", basis_clause="", way="post", ends=date(2020, 1, 1), calls_per_day=0,
        condition={"op": "eq", "field": "x", "text": "1"},
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        actions.ask(world.consumer, consumer="jn-market", asked=wrong)
    assert set(refused.value.fields) == {
        "fields", "purpose", "basis_clause", "way", "ends", "calls_per_day", "condition",
    }  # fmt: skip
    with pytest.raises(NotFound):
        actions.ask(world.consumer, consumer="jn-market", asked=asked(resource="311001/999999"))
    with pytest.raises(Forbidden):
        actions.ask(world.consumer, consumer="jn-tax", asked=asked())
    with pytest.raises(Conflict):
        actions.ask(world.provider, consumer="jn-civil", asked=asked())


def test_drafts_corrections_and_renewal(world: World) -> None:
    draft = actions.ask(world.consumer, consumer="jn-market", asked=asked(), submit=False)
    with pytest.raises(NotFound):
        queries.request(world.provider.actor, draft.number)
    actions.revise(world.consumer, number=draft.number, asked=asked(purpose="改过的用途"))
    row = actions.advance(world.consumer, number=draft.number, deed="submit")
    row = actions.advance(world.provider, number=row.number, deed="return", reason="用途不具体")
    assert row.limit == "correct"
    actions.revise(world.consumer, number=row.number, asked=asked(purpose="养老机构备案核验"))
    actions.advance(world.consumer, number=row.number, deed="submit")
    first = actions.agree(world.provider, number=row.number, given=given())
    with pytest.raises(Conflict):
        actions.revise(world.consumer, number=row.number, asked=asked())
    again = actions.ask(world.consumer, consumer="jn-market", asked=asked(renews=first.number))
    second = actions.agree(world.provider, number=again.number, given=given(ends=date(2026, 9, 30)))
    assert first.refresh().status == "withdrawn" and second.refresh().status == "active"


def test_the_last_day_ends_it_and_a_lapsed_one_too(world: World) -> None:
    grant = granted(world)
    lapsing = _ask(world)
    actions.advance(world.provider, number=lapsing.number, deed="return", reason="用途不具体")
    with clock.at(NOW + timedelta(days=20)):
        actions.tick(Call.system("exchange"), number=lapsing.number)
    assert lapsing.refresh().stage == "withdrawn"
    with clock.at(NOW + timedelta(days=305)):
        actions.tick(Call.system("exchange"), number=grant.request.number)
    assert grant.refresh().status == "withdrawn"
    assert grant.request.refresh().stage == str(Stage.EXPIRED)


def test_the_same_key_asks_once(world: World) -> None:
    call = Call(world.consumer.actor, key="k-1")
    first = actions.ask(call, consumer="jn-market", asked=asked())
    assert actions.ask(call, consumer="jn-market", asked=asked()).number == first.number
    assert ShareRequest.objects.count() == 1


def test_news_reaches_officers(world: World) -> None:
    from quancheng.capabilities.people.models import Department, RoleGrant, User
    from quancheng.kernel.models import writing

    user = User.objects.create_user(username="civil", password="x" * 12)
    with writing("tests"):
        RoleGrant.objects.create(
            user=user, role="exchange.officer", department=Department.objects.get(code="jn-civil"),
            valid_from=date(2020, 1, 1), granted_by="tests", granted_at=NOW,
        )  # fmt: skip
    row = _ask(world)
    actions.advance(world.consumer, number=row.number, deed="withdraw")
    events.drain(strict=True)
    assert Message.objects.filter(user_id=user.pk, link__contains=row.number).exists()
