"""谁能看见什么: for every list, page and API, what a stranger, another department, a district and both sides see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.exchange.conftest import STRANGER, SYSTEM, World, granted, row_of

from quancheng.capabilities.exchange import actions, queries, trying
from quancheng.capabilities.exchange.models import Exchange, Grant, ShareRequest, UseLine
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db
API = "/api/v1/exchange"
WHO = {
    "stranger": lambda world: STRANGER,
    "another": lambda world: world.other.actor,
    "district": lambda world: world.district.actor,
    "consumer": lambda world: world.consumer.actor,
    "provider": lambda world: world.provider.actor,
    "bureau": lambda world: world.bureau.actor,
}
SEES = {"consumer", "provider", "bureau"}


@pytest.fixture
def used(world: World) -> Grant:
    grant = granted(world)
    trying.try_call(world.consumer, grant=grant.number, field="id_number", value=str(row_of(1)["id_number"]))
    actions.stamp_waiting(SYSTEM)
    return grant


@pytest.mark.parametrize("who", list(WHO))
def test_lists_and_apis(
    world: World, used: Grant, signed_in: Callable[[Actor], Client], client: Client, who: str
) -> None:
    browser = signed_in(WHO[who](world))
    exchange = Exchange.objects.get()
    request = ShareRequest.objects.get()
    lists: dict[str, Any] = {
        f"{API}/requests": [request.number], f"{API}/grants": [used.number], f"{API}/exchanges": [exchange.pk],
    }  # fmt: skip
    singles = [
        f"{API}/requests/{request.number}", f"{API}/grants/{used.number}",
        f"{API}/exchanges/{exchange.pk}/evidence/consumer", f"{API}/exchanges/{exchange.pk}/evidence/provider",
        f"/work/exchange/requests/{request.number}/", f"/work/exchange/grants/{used.number}/",
        f"/work/exchange/exchanges/{exchange.pk}/", f"/work/exchange/exchanges/{exchange.pk}/consumer.json",
    ]  # fmt: skip
    for address, ids in lists.items():
        answer = browser.get(address)
        if who == "stranger":
            assert answer.status_code == 403
        else:
            shown = [one.get("number", one.get("id")) for one in answer.json()["items"]]
            assert shown == (ids if who in SEES else []), (who, address)
    for address in singles:
        expected = 200 if who in SEES else 403 if who == "stranger" else 404
        assert browser.get(address).status_code == expected, (who, address)
    ledger = browser.get("/work/exchange/ledger/").status_code
    assert ledger == (200 if who == "bureau" else 403)
    assert client.get(f"{API}/requests").status_code == 401


@pytest.mark.parametrize(
    "path",
    ["", "find/", "requests/", "grants/", "exchanges/", "parties/", "parties/jn-market/", "objections/"],
)
def test_pages_of_the_desk(
    world: World, used: Grant, signed_in: Callable[[Actor], Client], client: Client, path: str
) -> None:
    assert client.get(f"/work/exchange/{path}").status_code in (302, 401)
    assert signed_in(STRANGER).get(f"/work/exchange/{path}").status_code == 403
    page = signed_in(world.consumer.actor).get(f"/work/exchange/{path}")
    assert page.status_code == 200, page.content[:500]


def test_deeds_belong_to_their_side(world: World, used: Grant) -> None:
    number = used.request.number
    for call, deed in ((world.consumer, "suspend"), (world.other, "withdraw"), (Call(STRANGER), "withdraw")):
        with pytest.raises(QuanchengError):
            actions.advance(call, number=number, deed=deed, reason="x")
    for call in (world.provider, world.other, world.bureau, Call(STRANGER)):
        with pytest.raises((Forbidden, NotFound)):
            trying.try_call(call, grant=used.number)
        with pytest.raises((Forbidden, NotFound)):
            actions.order_file(call, grant=used.number)
        with pytest.raises((Forbidden, NotFound)):
            actions.subscribe(call, grant=used.number, endpoint="http://127.0.0.1:1/")
    for call in (world.provider, world.other, Call(STRANGER)):
        with pytest.raises((Forbidden, NotFound)):
            actions.rotate_key(call, party="jn-market")
        with pytest.raises((Forbidden, NotFound)):
            actions.register_key(call, party="jn-market", public="x")
    assert used.refresh().status == "active"


def test_a_citizen_reads_uses_of_their_own_data_and_objects(
    world: World, signed_in: Callable[[Actor], Client]
) -> None:
    with writing("tests"):
        me, other = (
            NaturalPerson.objects.create(
                id_number=row_of(n)["id_number"], name=str(row_of(n)["name"]), sex="2", birth_date="1950-01-01",
                region_code="370102001002",
            )
            for n in (1, 2)
        )  # fmt: skip
    grant = granted(world)
    for number in (1, 2, 3):
        trying.try_call(
            world.consumer, grant=grant.number, field="id_number", value=str(row_of(number)["id_number"])
        )
    assert sorted(UseLine.objects.values_list("person_id", flat=True), key=str) == sorted(
        [me.pk, other.pk, None], key=str
    )
    mine = Actor(ActorKind.PERSON, "me", user_id=21, person_id=me.pk)
    browser = signed_in(mine)
    page = browser.get("/me/data-uses/")
    assert page.status_code == 200 and "养老机构从业核验" in page.content.decode()
    [line] = queries.uses_of_me(mine, {})
    refused = browser.post("/me/data-uses/", {"use": line.pk, "text": "短"})
    assert refused.status_code == 422
    assert browser.post("/me/data-uses/", {"use": line.pk, "text": "我没有在养老机构工作"}).status_code == 302
    theirs = UseLine.objects.get(person_id=other.pk)
    assert browser.post("/me/data-uses/", {"use": theirs.pk, "text": "别人的记录不能提"}).status_code == 404
    with pytest.raises(QuanchengError):
        actions.object_to_use(Call(mine), use=line.pk, text="再次提出同样的异议")
    [objection] = queries.objections(world.provider.actor, {})
    assert not list(queries.objections(world.other.actor, {}))
    with pytest.raises(InvalidInput):
        actions.answer_objection(world.provider, objection=objection.pk, answer="")
    for call in (world.consumer, world.other, Call(mine)):
        with pytest.raises((Forbidden, NotFound)):
            actions.answer_objection(call, objection=objection.pk, answer="已核实，属实")
    desk = signed_in(world.provider.actor)
    answered = desk.post(
        "/work/exchange/objections/", {"objection": objection.pk, "answer": "已核实，误查，已提醒"}
    )
    assert answered.status_code == 302
    assert "已核实" in signed_in(mine).get("/me/data-uses/").content.decode()
    assert not list(queries.uses_of_me(world.consumer.actor, {}))
