"""Partner cities over real connections: order, duplicates, wrong signatures, garbage, a peer cut off."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from quancheng.capabilities.counter import actions, exchanging, partner_client, tasks
from quancheng.capabilities.counter.models import Exchange, Letter, Partner
from quancheng.capabilities.counter.partner_client import BadMessage, Message, NotTaken, PartnerClient
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput

PEER = Path(__file__).with_name("reference_peer.py")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def peer() -> Iterator[Callable[[str], str]]:
    running: list[subprocess.Popen[str]] = []

    def start(mode: str = "good", port: int = 0) -> str:
        city = partner_client.public_hex(exchanging.own_key())
        process = subprocess.Popen(
            [sys.executable, str(PEER), str(port), bytes(range(32)).hex(), city, mode],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        return f"http://127.0.0.1:{process.stdout.readline().split()[1]}"

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def connected(town):
    def connect(address: str) -> Partner:
        row = Partner.objects.get(code="370900")
        content = {"code": row.code, "name": row.name, "circle": row.circle, "matters": row.matters}
        content |= {"address": address, "public_key": partner_client.public_hex(KEY)}
        return actions.register_partner(Call.system("counter"), content=content)

    return connect


def offered(actor, partner: Partner) -> Exchange:
    person = NaturalPerson.objects.get(name="孟广田")
    return actions.offer_exchange(
        Call(actor("counter-clerk")),
        partner=partner,
        matter="senior-card",
        person=person,
        content={"note": ""},
    )


def message(sequence: int, kind: str = "offer", exchange: str = "370900-x", **more) -> Message:
    body = (
        {"matter": "senior-card", "applicant": {"name": "泰安人"}} if kind == "offer" else {"note": "已制证"}
    )
    values = {
        "id": uuid.uuid4().hex,
        "sender": "370900",
        "recipient": exchanging.own_code(),
        "at": "2026-11-22",
    }
    return Message(
        **(values | {"sequence": sequence, "kind": kind, "exchange": exchange, "body": body} | more)
    )


def post(text: str):
    return Client().post("/crossing/messages/", text, content_type="application/json")


def test_delivered_in_order_with_a_genuine_receipt(actor, connected, peer) -> None:
    address = peer()
    partner = connected(address)
    offered(actor, partner)
    offered(actor, partner)
    assert tasks.deliver(partner=partner.code) == {"sent": 2}
    assert tasks.deliver(partner=partner.code) == {"sent": 0}
    assert httpx.get(address, trust_env=False).json() == ["offer", "offer"]
    assert not Letter.objects.filter(delivered_at=None).exists()
    first = Letter.objects.order_by("sequence").first()
    again = PartnerClient(address, exchanging.own_key(), partner.public_key).send_sealed(
        partner_client.unseal(first.body, partner_client.public_hex(exchanging.own_key())), first.body
    )
    assert again == first.receipt, "sending again is safe"


@pytest.mark.parametrize("mode", ["garbage", "forged", "cut"])
def test_a_bad_peer_keeps_the_queue_and_a_good_one_gets_it(actor, connected, peer, mode: str) -> None:
    partner = connected(peer(mode))
    offered(actor, partner)
    with pytest.raises(NotTaken):
        tasks.deliver(partner=partner.code)
    letter = Letter.objects.get()
    assert letter.delivered_at is None and letter.attempts == 1 and letter.problem
    connected(peer("good"))
    assert tasks.deliver(partner=partner.code) == {"sent": 1}


def test_taken_once_answered_and_told(actor, connected) -> None:
    partner = connected("http://127.0.0.1:9")
    one = message(1)
    text = partner_client.seal(one.payload(), KEY)
    first, second = post(text), post(text)
    assert first.status_code == second.status_code == 200 and first.content == second.content
    city = partner_client.public_hex(exchanging.own_key())
    assert one.id in partner_client.unseal(first.content, city)
    exchange = Exchange.objects.get(outgoing=False)
    clerk = actor("counter-clerk")
    with pytest.raises(InvalidInput):
        actions.decide_exchange(Call(clerk), exchange=exchange, kind="refuse")
    done = actions.decide_exchange(Call(clerk), exchange=exchange, kind="accept")
    assert done.state == "accepted"
    with pytest.raises(Conflict):
        actions.decide_exchange(Call(clerk), exchange=exchange, kind="refuse", note="反悔")
    assert [one.kind for one in Letter.objects.filter(outgoing=True, partner=partner)] == ["accept"]


def test_answers_to_our_offer_move_it(actor, connected) -> None:
    partner = connected("http://127.0.0.1:9")
    exchange = offered(actor, partner)
    for number, (kind, state) in enumerate(
        (("accept", "accepted"), ("deciding", "deciding"), ("decided", "decided")), 1
    ):
        sealed = partner_client.seal(message(number, kind, exchange.reference).payload(), KEY)
        assert post(sealed).status_code == 200
        exchange.refresh_from_db()
        assert exchange.state == state
    late = partner_client.seal(message(4, "accept", exchange.reference).payload(), KEY)
    assert post(late).status_code == 409


def test_wrong_signature_gap_other_content_and_garbage(connected) -> None:
    connected("http://127.0.0.1:9")
    stranger = Ed25519PrivateKey.generate()
    assert post(partner_client.seal(message(1).payload(), stranger)).status_code == 403
    gap = post(partner_client.seal(message(3).payload(), KEY))
    assert gap.status_code == 409 and gap.json()["expected"] == 1
    for garbage in ("", "[]", "{}", '{"payload": 1}', '{"payload": "{}"}', "[" * 5000, '{"payload": "[1]"}'):
        assert post(garbage).status_code == 422, garbage[:20]
    for wrong in (message(1, kind="steal"), message(0), message(1, body=[]), message(1, exchange="")):
        assert post(partner_client.seal(wrong.payload(), KEY)).status_code == 422
    assert post(partner_client.seal(message(1, recipient="371600").payload(), KEY)).status_code == 422
    assert post(partner_client.seal(message(1, sender="999999").payload(), KEY)).status_code == 403
    assert post(partner_client.seal(message(1, id="same").payload(), KEY)).status_code == 200
    assert post(partner_client.seal(message(2, id="same").payload(), KEY)).status_code == 409
    assert Exchange.objects.count() == 1


def test_what_is_not_a_message_is_refused_with_a_reason() -> None:
    with pytest.raises(BadMessage):
        partner_client.read("{}")
    with pytest.raises(BadMessage):
        partner_client.unseal('{"payload": "x", "signature": "zz"}', "00" * 32)


def test_a_city_not_connected_is_said_so(actor, town) -> None:
    with pytest.raises(Conflict):
        offered(actor, Partner.objects.get(code="370900"))
