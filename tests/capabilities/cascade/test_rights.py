"""Who joins, sees and answers: keys compared by two, rights of every list and API, bad input at its field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.capabilities.cascade.conftest import (
    FIRMS,
    OFFICER,
    SECOND,
    STRANGER,
    SYSTEM,
    VIEWER,
    row,
)
from tests.capabilities.cascade.peer import DjangoTransport, Peer

from quancheng.capabilities.cascade import actions, moving
from quancheng.capabilities.cascade.cascade_client import PATH, Envelope, Refused, fingerprint, seal
from quancheng.capabilities.cascade.models import Holding, Letter, Neighbour, Wish
from quancheng.capabilities.cascade.network import own_name, public_der, signer
from quancheng.capabilities.people.models import Department
from quancheng.core.cascade import RowId, Upsert, correction_stream
from quancheng.kernel import clock
from quancheng.kernel.actor import RoleGrant
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db
GOOD = {"code": "370102", "zh": "历下", "kind": "lower", "address": "https://x.example"}


def test_two_different_people_must_compare_the_key(peer: Peer) -> None:
    actions.add_neighbour(OFFICER, **GOOD, public_key=peer.public)
    read = fingerprint(public_der(peer.public))
    with pytest.raises(InvalidInput) as refused:
        actions.confirm_key(OFFICER, code="370102", read="0" * 40)
    assert set(refused.value.fields) == {"read"}
    actions.confirm_key(OFFICER, code="370102", read=read.replace(" ", "").upper())
    with pytest.raises(Conflict):
        actions.confirm_key(OFFICER, code="370102", read=read)
    assert Neighbour.objects.get().state == "waiting"
    assert actions.confirm_key(SECOND, code="370102", read=read).state == "active"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "x"), ("code", "a b"), ("code", "370100"), ("zh", " "), ("kind", "boss"), ("address", "ftp://x"),
        ("address", ""), ("mode", "shout"), ("public_key", "%%%"), ("public_key", "AAAA"), ("silent_after", 1),
        ("gives", [{"kinds": ["poetry"]}]), ("gives", [{"regions": ["3701x"]}]),
    ],
)  # fmt: skip
def test_each_fault_of_a_new_neighbour_is_named_at_its_field(peer: Peer, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.add_neighbour(OFFICER, **{**GOOD, "public_key": peer.public, field: value})
    assert set(refused.value.fields) == {field}
    assert not Neighbour.objects.exists()


def test_nobody_is_answered_before_the_keys_were_compared_or_while_paused(joined: Peer) -> None:
    actions.publish(SYSTEM, stream=FIRMS, edits=[row(own_name(), "1")])
    with joined.client(signer().public_der, DjangoTransport()) as client:
        assert joined.pull(client, [FIRMS]) == 1
        actions.set_state(OFFICER, code="370102", paused=True)
        with pytest.raises(Refused) as refused:
            client.offer(FIRMS, None, 10)
        assert refused.value.status == 503
        assert moving.talk_with("370102").batches == 0
        with writing("test"):
            Neighbour.objects.update(state="waiting")
        with pytest.raises(Refused) as refused:
            client.offer(FIRMS, None, 10)
        assert refused.value.status == 403


def test_a_message_is_taken_once_and_only_unaltered(joined: Peer) -> None:
    with joined.client(signer().public_der, DjangoTransport()) as client:
        body = b'{"heads":[],"cursors":[]}'
        envelope = Envelope("370102", own_name(), datetime.now(UTC), "n" * 32, PATH + "pulse")
        headers = seal(envelope, body, joined.signer)
        assert client._post(PATH + "pulse", body + b" ", headers)[0] == 403
        assert client._post(PATH + "offer", body, headers)[0] == 403
        assert client._post(PATH + "pulse", body, headers)[0] == 200
        assert client._post(PATH + "pulse", body, headers)[0] == 403  # heard before
        late = replace(envelope, nonce="m" * 32, at=envelope.at - timedelta(minutes=6))
        assert client._post(PATH + "pulse", body, seal(late, body, joined.signer))[0] == 403


def test_a_silent_neighbour_is_told_of_once(joined: Peer) -> None:
    with clock.at(clock.now() + timedelta(hours=2)):
        assert moving.check_silence() == ["370102"]
        assert moving.check_silence() == []
    moving.talk_with("370102")
    assert not Neighbour.objects.get().silent


@pytest.mark.parametrize("call", [STRANGER, VIEWER])
def test_who_may_not_manage_changes_nothing(joined: Peer, call) -> None:  # type: ignore[no-untyped-def]
    for deed in (
        lambda: actions.add_neighbour(call, **GOOD, public_key=joined.public),
        lambda: actions.change_route(call, code="370102", gives=[]),
        lambda: actions.set_state(call, code="370102", paused=True),
        lambda: actions.publish(call, stream=FIRMS, edits=[row(own_name(), "1")]),
        lambda: actions.add_feed(call, code="x1", zh="x", kind="ckan", address="https://x.example"),
    ):
        with pytest.raises(Forbidden):
            deed()


PAGES = ("", "neighbours/370102/", "letters/", "corrections/", "feeds/")


@pytest.mark.parametrize(
    ("role", "sees"),
    [("", None), ("people.reader", None), ("cascade.viewer", True), ("cascade.officer", True)],
)
def test_pages_and_api_show_to_each_what_they_may_see(
    joined: Peer, signed_in: Callable[..., Client], role: str, sees: bool | None
) -> None:
    client = signed_in(RoleGrant(role)) if role else Client()
    for path in PAGES:
        status = client.get(f"/work/cascade/{path}").status_code
        assert status == (200 if sees else 403 if role else 302) or (not role and status == 401), (
            path,
            status,
        )
    answer = client.get("/api/v1/cascade/neighbours")
    if sees:
        assert [one["code"] for one in answer.json()["items"]] == ["370102"]
    else:
        assert answer.status_code in (401, 403) or answer.json()["items"] == []
    posted = client.post("/api/v1/cascade/neighbours/370102/pause", content_type="application/json")
    assert (posted.status_code == 200) == (role == "cascade.officer")


def test_a_steward_sees_and_answers_only_requests_about_rows_of_their_office(
    joined: Peer, signed_in: Callable[..., Client]
) -> None:
    with writing("test"):
        office = Department.objects.create(code="jn-market", path="jn-market", zh="市场局", en="Market")
        other = Department.objects.create(code="jn-civil", path="jn-civil", zh="民政局", en="Civil")
    actions.publish(SYSTEM, stream=FIRMS, edits=[row(own_name(), "1")])
    with joined.client(signer().public_der, DjangoTransport()) as client:
        joined.pull(client, [FIRMS])
    about = correction_stream(FIRMS)
    joined.edit(FIRMS, Upsert(RowId(own_name(), "1"), "370102", "jn-market", '{"name":"新名"}'))
    joined.streams.append(about)
    assert moving.talk_with("370102").changes == 1
    wish = Wish.objects.get()
    assert (wish.incoming, wish.department_id) == (True, office.pk)
    own = signed_in(RoleGrant("cascade.steward", frozenset([office.pk])))
    assert own.get(f"/work/cascade/corrections/{wish.pk}/").status_code == 200
    where = f"/api/v1/cascade/corrections/{wish.pk}/answer"
    empty = own.post(where, {"accepted": True, "note": " "}, content_type="application/json")
    assert empty.status_code == 422
    done = own.post(where, {"accepted": True, "note": "属实"}, content_type="application/json")
    assert (done.status_code, done.json()["state"]) == (200, "accepted")
    assert Holding.objects.get(local="1").body == '{"name":"新名"}'
    again = own.post(where, {"accepted": False, "note": "改主意"}, content_type="application/json")
    assert again.status_code == 409
    stranger = signed_in(RoleGrant("cascade.steward", frozenset([other.pk])))
    assert stranger.get(f"/work/cascade/corrections/{wish.pk}/").status_code == 404
    assert stranger.get("/api/v1/cascade/corrections").json() == []


def test_forms_keep_the_input_and_name_the_fault(joined: Peer, signed_in: Callable[..., Client]) -> None:
    client = signed_in(RoleGrant("cascade.officer"))
    answer = client.post("/work/cascade/neighbours/new/", {"code": "a b", "zh": "保留我"})
    assert answer.status_code == 422
    assert "保留我" in answer.content.decode()
    moved = client.post(
        "/work/cascade/neighbours/370102/",
        {"what": "route", "catalogue": "on", "tables": "on", "regions": "370102,370103"},
    )
    assert moved.status_code == 302
    found = Neighbour.objects.get()
    assert found.gives == [
        {"kinds": ["catalogue"]},
        {"kinds": ["table", "correction"], "regions": ["370102", "370103"]},
    ]
    assert found.revision == 2
    assert (
        client.post(
            "/work/cascade/neighbours/370102/", {"what": "route", "regions": "abc", "tables": "on"}
        ).status_code
        == 422
    )
    assert client.post("/work/cascade/neighbours/370102/do/", {"what": "explode"}).status_code == 422
    assert Letter.objects.count() == 0
