"""One's own addresses: proved by a code, masked, one's own only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.messages import actions, queries
from quancheng.capabilities.messages.models import Contact, Delivery
from quancheng.capabilities.people.models import User
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


@pytest.fixture
def open_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANCHENG_SMS_URL", "cmpp://901234:secret@127.0.0.1:9?number=10690000&sign=泉城")


def the_code() -> str:
    found = re.search(r"验证码 (\d{6})", Delivery.objects.order_by("-pk").first().text)
    assert found is not None
    return found[1]


def test_a_phone_is_ones_own_when_the_code_comes_back(open_sms: None, citizen: Any) -> None:
    who = citizen()
    actions.ask_code(Call(who), channel="sms", address=PHONE)
    assert not actions.confirm_address(Call(who), channel="sms", code="000000x")
    assert Contact.objects.count() == 0
    assert actions.confirm_address(Call(who), channel="sms", code=f" {the_code()} ")
    assert queries.my_contact(who).phone == PHONE
    assert queries.my_contact(citizen(1)) is None
    with pytest.raises(Conflict):
        actions.confirm_address(Call(who), channel="sms", code=the_code())


def test_a_code_of_somebody_else_or_of_yesterday_is_none(open_sms: None, citizen: Any) -> None:
    who, other = citizen(), citizen(1)
    actions.ask_code(Call(who), channel="sms", address=PHONE)
    with pytest.raises(Conflict):
        actions.confirm_address(Call(other), channel="sms", code=the_code())
    with clock.at(clock.now() + timedelta(minutes=11)), pytest.raises(Conflict):
        actions.confirm_address(Call(who), channel="sms", code=the_code())


def test_guessing_ends_after_five_tries(open_sms: None, citizen: Any) -> None:
    who = citizen()
    actions.ask_code(Call(who), channel="sms", address=PHONE)
    right = the_code()
    for _ in range(5):
        assert not actions.confirm_address(Call(who), channel="sms", code="x")
    with pytest.raises(Conflict):
        actions.confirm_address(Call(who), channel="sms", code=right)


def test_five_codes_an_hour_for_a_person_and_for_a_number(open_sms: None, citizen: Any) -> None:
    who, other = citizen(), citizen(1)
    for _ in range(5):
        actions.ask_code(Call(who), channel="sms", address=PHONE)
    for one, place in ((who, "13900139000"), (other, PHONE)):
        with pytest.raises(TooMany):
            actions.ask_code(Call(one), channel="sms", address=place)


@pytest.mark.parametrize(("channel", "place"), [("sms", "123"), ("email", "li@"), ("email", "a@b\nBcc: c@d")])
def test_an_address_that_is_none_is_told_at_its_field(
    open_sms: None, citizen: Any, channel: str, place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.ask_code(Call(citizen()), channel=channel, address=place)
    assert refused.value.fields


def test_a_channel_the_city_does_not_have_says_so(citizen: Any) -> None:
    with pytest.raises(Unavailable):
        actions.ask_code(Call(citizen()), channel="sms", address=PHONE)


def test_quiet_hours_need_both_ends(citizen: Any) -> None:
    from datetime import time

    with pytest.raises(InvalidInput):
        actions.save_settings(
            Call(citizen()), sms_on=True, email_on=True, quiet_from=time(22), quiet_until=None
        )


def test_deliveries_are_for_operators(open_sms: None, citizen: Any) -> None:
    who = citizen()
    actions.ask_code(Call(who), channel="sms", address=PHONE)
    operator = Actor(ActorKind.OFFICIAL, "op", 1, grants=(RoleGrant("messages.operator"),))
    assert len(queries.deliveries(operator, {}).items) == 1
    row = Delivery.objects.get()
    for stranger in (who, Actor(ActorKind.OFFICIAL, "clerk", 7), Actor.anonymous()):
        assert not queries.deliveries(stranger, {}).items
        with pytest.raises(NotFound):
            queries.delivery(stranger, row.pk)
        with pytest.raises((Forbidden, NotSignedIn)):
            actions.cancel_delivery(Call(stranger), delivery_id=row.pk)
    actions.cancel_delivery(Call(operator), delivery_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.text) == ("cancelled", "")


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(open_sms: None, citizen: Any) -> None:
    client = Client()
    client.force_login(User.objects.get(pk=citizen().user_id))
    answer = client.post("/messages/settings/sms/code/", {"sms-phone": "138"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="138"' in page
    assert "请填 11 位手机号" in page
    assert client.post("/messages/settings/sms/code/", {"sms-phone": PHONE}).status_code == 302
    page = client.get("/messages/settings/").content.decode()
    assert "138****8000" in page
    assert PHONE not in page
    code = the_code()
    assert client.post("/messages/settings/sms/confirm/", {"sms-code-code": code}).status_code == 302
    assert "已确认" in client.get("/messages/settings/").content.decode()
    assert client.get("/messages/settings/pigeon/code/").status_code == 405
    assert client.post("/messages/settings/pigeon/drop/").status_code == 404
