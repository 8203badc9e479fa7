"""A small city with a bank of its own: a real peer over a real connection."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quancheng.capabilities.payment import actions, connecting, reconciling
from quancheng.capabilities.payment.bank_peer import BankPeer, Merchant
from quancheng.capabilities.payment.models import PaymentOrder
from quancheng.capabilities.payment.values import Amount, Charge
from quancheng.capabilities.people.models import Department, NaturalPerson, User
from quancheng.core.payment import Ed25519Signer, Ed25519Verifier, FeeRule
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered

BANK, MERCHANT = "bank-test", "JN370100"
KEY = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
SYSTEM = Actor.system("tests")


@pytest.fixture
def city(db: None) -> SimpleNamespace:
    """Two payers, two organs and their staff."""
    remembered.synced()
    organs = {}
    for code in ("jn-approval", "jn-civil"):
        organs[code] = Department.objects.get(code=code)
    call = Call(SYSTEM)
    people = []
    for place, name in enumerate(("李静", "赵建军")):
        people.append(_person(call, place, name))
    return SimpleNamespace(organs=organs, people=people)


def _person(call: Call, place: int, name: str) -> NaturalPerson:
    from quancheng.kernel.models import writing

    with writing("tests"):
        found: NaturalPerson = NaturalPerson.objects.create(
            id_number=("11010519491231002X", "110105194912310038")[place],
            name=name,
            sex="2",
            birth_date="1949-12-31",
            region_code="370102001002",
        )
    return found


@pytest.fixture
def payer(city: SimpleNamespace) -> Callable[..., Actor]:
    def make(place: int = 0) -> Actor:
        person = city.people[place]
        account, _ = User.objects.get_or_create(username=f"payer-{place}", defaults={"kind": "person"})
        return Actor(ActorKind.PERSON, person.name, account.pk, person.pk)

    return make


@pytest.fixture
def staff(city: SimpleNamespace) -> Callable[..., Actor]:
    """An official with a role of payment at an organ."""

    def make(role: str, organ: str = "jn-approval", name: str = "") -> Actor:
        label = name or f"{role}@{organ}"
        account, _ = User.objects.get_or_create(username=label, defaults={"kind": "official"})
        grant = RoleGrant(f"payment.{role}", frozenset({city.organs[organ].pk}))
        return Actor(ActorKind.OFFICIAL, label, account.pk, grants=(grant,))

    return make


@pytest.fixture
def open_order(city: SimpleNamespace) -> Callable[..., PaymentOrder]:
    def make(
        subject: str = "tests.case:1", fen: int = 8000, payer: int = 0, organ: str = "jn-approval"
    ) -> PaymentOrder:
        row: PaymentOrder = actions.open_order(
            Call(SYSTEM),
            subject=subject,
            title=Text("不动产转移登记", "Transfer of a home"),
            charges=[Charge("103044433", Text("登记费", "Registration fee"), Amount(fen))],
            organ_id=city.organs[organ].pk,
            person_id=city.people[payer].pk,
            basis=Text("发改价格规〔2016〕2559号", "NDRC 2016 no. 2559"),
        )
        return row

    return make


@pytest.fixture
def bank(city: SimpleNamespace, tmp_path: Any, settings: Any) -> Iterator[BankPeer]:
    """A bank on a free port; its call-backs are sent when a test says so."""
    settings.HOME = tmp_path
    keys = {(MERCHANT, "k1"): Ed25519Verifier(connecting.signer().key.public_key())}
    peer = BankPeer(
        BANK,
        Merchant(MERCHANT, "http://127.0.0.1:9/nowhere", "http://127.0.0.1:9", keys),
        KEY,
        reconciling.cut_off(clock.today()),
        fee=FeeRule(3800),
        refund_after=timedelta(days=-1),
        now=clock.now,
        tells=False,
    ).start()
    register(peer)
    yield peer
    peer.stop()


def register(peer: BankPeer, **more: Any) -> None:
    raw = KEY.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    since = (clock.now() - timedelta(days=365)).isoformat()
    fields = {
        "name": {"zh": "测试银行", "en": "Test bank"},
        "url": peer.url,
        "merchant": MERCHANT,
        "account": "370100-TEST",
        "keys": {"b1": {"public": base64.b64encode(raw).decode(), "from": since, "until": None}},
    }
    actions.register_channel(Call(SYSTEM), code=BANK, **{**fields, **more})
