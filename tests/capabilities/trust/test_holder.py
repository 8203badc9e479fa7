"""The holder: two facts of ten for ten minutes, who looked, what is wrong, a sealed paper."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from quancheng.capabilities.trust import actions, queries, showing, simulate
from quancheng.capabilities.trust.models import Licence, LicenceLook, LicenceObjection, LicenceShow
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

SYSTEM = Call.system("tests")


@pytest.fixture
def card(user):
    simulate.seed(SimpleNamespace(), None)
    return Licence.objects.get(person=user("citizen-elder").person)


def made(actor, card, **changes) -> LicenceShow:
    facts = {"keys": ["name", "_valid_to"], "purpose": "办理借书证", "minutes": 10}
    return actions.make_show(Call(actor("citizen-elder")), licence=card, **facts | changes)


def test_only_what_was_chosen_is_shown(card, actor, signed_in):
    show = made(actor, card)
    page = Client().get(f"/verify/p/{show.code}/")
    said = page.content.decode()
    assert card.holder_name in said
    assert "办理借书证" in said
    for hidden in (card.items["resident_id"], card.number, card.code, card.issued_by.zh):
        assert hidden not in said
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert show.refresh().views == 1
    mine = signed_in("citizen-elder").get(f"/wallet/{card.number}/show/").content.decode()
    assert show.code in mine
    assert LicenceLook.objects.get(licence=card, way="show").count == 1


def test_it_ends_by_time_by_views_and_by_its_holder(card, actor, signed_in):
    anybody = Client()
    show = made(actor, card)
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert anybody.get(f"/verify/p/{show.code}/").status_code == 410
    for _ in range(show.views_most):
        assert anybody.get(f"/verify/p/{show.code}/").status_code == 200
    assert anybody.get(f"/verify/p/{show.code}/").status_code == 410
    other = made(actor, card)
    stranger = signed_in("citizen-young")
    assert stranger.post(f"/wallet/{card.number}/show/{other.pk}/stop/").status_code == 404
    assert anybody.get(f"/verify/p/{other.code}/").status_code == 200
    holder = signed_in("citizen-elder")
    assert holder.post(f"/wallet/{card.number}/show/{other.pk}/stop/").status_code == 302
    gone = anybody.get(f"/verify/p/{other.code}/")
    assert gone.status_code == 410
    assert card.holder_name not in gone.content.decode()
    with pytest.raises(Conflict):
        actions.stop_show(Call(actor("citizen-elder")), show=other)
    for odd in ("x", "%00", "中" * 40):
        assert anybody.get(f"/verify/p/{odd}/").status_code in {404, 410, 422}


def test_what_was_shown_says_when_the_licence_is_revoked(card, actor):
    show = made(actor, card)
    actions.revoke_licence(SYSTEM, licence=card, reason="遗失")
    assert "已撤销" in Client().get(f"/verify/p/{show.code}/").content.decode()
    with pytest.raises(Conflict):
        made(actor, card.refresh())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"keys": []}, "keys"),
        ({"keys": ["name", "photo"]}, "keys"),
        ({"purpose": " "}, "purpose"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 99_999}, "minutes"),
    ],
)
def test_a_show_needs_facts_a_purpose_and_an_end(card, actor, change, field):
    with pytest.raises(InvalidInput) as refused:
        made(actor, card, **change)
    assert set(refused.value.fields) == {field}


def test_not_for_others_and_not_without_end(card, actor):
    with pytest.raises(Forbidden):
        actions.make_show(Call(actor("citizen-young")), licence=card, keys=["name"], purpose="x", minutes=5)
    for _ in range(10):
        made(actor, card)
    with pytest.raises(Conflict):
        made(actor, card)


def test_verifications_are_counted_by_day_and_nothing_else(card, signed_in, actor):
    for _ in range(3):
        Client().get(f"/verify/{card.code}/")
    Client().get(f"/api/v1/trust/verify/{card.code}")
    Client().get(f"/verify/{'A' * 20}/")
    assert list(showing.looks(actor("citizen-elder"), card)) == [{"day": clock.today(), "n": 4}]
    assert showing.looks(actor("citizen-young"), card) == []
    assert "被查验" in signed_in("citizen-elder").get(f"/wallet/{card.number}/history/").content.decode()
    assert signed_in("citizen-young").get(f"/wallet/{card.number}/history/").status_code == 404


def test_an_error_is_objected_to_corrected_and_answered(card, signed_in, actor, settle):
    holder = signed_in("citizen-elder")
    refused = holder.post(f"/wallet/{card.number}/objection/", {"item": "name", "claim": ""})
    assert refused.status_code == 422
    assert (
        holder.post(
            f"/wallet/{card.number}/objection/", {"item": "name", "claim": "名字写错，应为王秀瑛"}
        ).status_code
        == 302
    )
    with pytest.raises(Conflict):
        actions.file_objection(Call(actor("citizen-elder")), licence=card, item="name", claim="再说一次")
    row = LicenceObjection.objects.get()
    assert row.due_on > clock.today()
    with pytest.raises(Forbidden):
        actions.answer_objection(
            Call(actor("clerk-civil-city")), objection=row, corrected=False, answer="不归我们管"
        )
    with pytest.raises(Conflict):  # nothing was corrected yet
        actions.answer_objection(SYSTEM, objection=row, corrected=True, answer="已更正")
    new = actions.change_licence(
        SYSTEM, licence=card, items=card.items | {"name": "王秀瑛"}, reason="更正姓名"
    )
    actions.answer_objection(SYSTEM, objection=row.refresh(), corrected=True, answer="已换发新证")
    settle()
    page = holder.get(f"/wallet/{new.number}/history/").content.decode()
    assert "已换发新证" in page
    assert "已更正" in page
    with pytest.raises(Conflict):
        actions.answer_objection(SYSTEM, objection=row, corrected=False, answer="x")


def test_a_paper_is_sealed_once_and_only_for_its_holder(card, signed_in):
    holder = signed_in("citizen-elder")
    first = b"".join(holder.get(f"/wallet/{card.number}/paper/").streaming_content)
    assert first.startswith(b"%PDF")
    assert b"".join(holder.get(f"/wallet/{card.number}/paper/").streaming_content) == first
    assert signed_in("citizen-young").get(f"/wallet/{card.number}/paper/").status_code == 404
    actions.suspend_licence(SYSTEM, licence=card.refresh(), reason="核实")
    assert holder.get(f"/wallet/{card.number}/paper/").status_code == 409
    assert queries.licence(SYSTEM.actor, card.number).paper
