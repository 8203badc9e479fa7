"""A mother, a bank that asks her, and everything between them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.people.models import Department, NaturalPerson, User
from quancheng.capabilities.vault import actions, trusted
from quancheng.capabilities.vault.models import DataRequest, Recipient
from quancheng.core.identity import compute_check
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.vault import HEADER, Envelope, sign_message
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, Assurance, RoleGrant
from quancheng.kernel.models import writing
from quancheng.testing import remembered

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
PURPOSE, ITEMS = "个人住房贷款审查", ["name", "address"]
SYSTEM = Call.system("vault")
BANK_NAME = {"zh": "泉城示范银行", "en": "Quancheng Model Bank"}


def number_of(first: str) -> str:
    """A well-formed identity number."""
    return first + compute_check(first)


MOTHER_ID, OTHER_ID = number_of("37010219910101002"), number_of("37010219910101004")


def make_person(number: str = MOTHER_ID, name: str = "李静") -> NaturalPerson:
    """A person of the population register."""
    with writing("tests"):
        return NaturalPerson.objects.create(
            id_number=number, name=name, sex="2", birth_date=date(1991, 1, 1), region_code="370102012005",
            address="济南市历下区龙洞街道全运村社区8号楼", phone="19953100002",
        )  # fmt: skip


def citizen(person: NaturalPerson, user_id: int = 501) -> Call:
    """A deed of the person."""
    who = Actor(
        ActorKind.PERSON, person.name, user_id=user_id, person_id=person.pk, assurance=Assurance.REAL_NAME
    )
    return Call(who)


def official(*roles: str, user_id: int, department: str = "jn-police") -> Call:
    """A deed of an official with roles at a department."""
    unit = frozenset({Department.objects.get(code=department).pk})
    grants = tuple(RoleGrant(role, unit, "370100") for role in roles)
    return Call(Actor(ActorKind.OFFICIAL, f"official {user_id}", user_id=user_id, grants=grants))


def make_bank(
    key: MemoryKey, code: str = "bank-quan", callback: str = "", name: dict[str, str] | None = None
) -> Recipient:
    """A bank in the register: proposed by one, approved by another."""
    one, two = official("vault.registrar", user_id=91), official("vault.registrar", user_id=92)
    row = actions.propose_recipient(
        one, code=code, name=name or BANK_NAME, kind="bank", jwk=to_jwk(key.public), callback=callback
    )
    return actions.approve_recipient(two, recipient=row)


@dataclass
class Program:
    """The bank's program without a socket: signed requests through Django's test client."""

    key: MemoryKey
    client: Client = field(default_factory=Client)

    def send(
        self, method: str, path: str, said: Any, jti: str, *, at: datetime | None = None, **headers: str
    ) -> Any:
        import json

        body = b"" if said is None else json.dumps(said, ensure_ascii=False).encode()
        moment = int((at or clock.now()).timestamp())
        header = sign_message(self.key, Envelope(moment, jti, method, path), body)
        sent = {
            "HTTP_" + HEADER.upper().replace("-", "_"): header,
            "HTTP_ACCEPT": "application/json",
            **headers,
        }
        return self.client.generic(method, path, body, content_type="application/json", **sent)

    def ask(self, jti: str = "ask-1", **other: Any) -> Any:
        return self.send("POST", "/vault/v1/requests", wanted() | other, jti)

    def use(self, number: str, jti: str = "use-1", **other: Any) -> Any:
        said = {"purpose": PURPOSE, "items": ITEMS, **other}
        return self.send("POST", f"/vault/v1/requests/{number}/use", said, jti)

    def state(self, number: str) -> Any:
        return self.send("GET", f"/vault/v1/requests/{number}", None, "poll")


def wanted(**other: Any) -> dict[str, Any]:
    """What the bank asks."""
    return {
        "subject": {"id_number": MOTHER_ID, "name": "李静"}, "purpose": PURPOSE, "basis": "本人的贷款申请",
        "items": ["name", "address", "phone"], "mode": "period",
        "until": (clock.now() + timedelta(days=30)).isoformat(), **other,
    }  # fmt: skip


@dataclass
class World:
    """Who is who."""

    mother: NaturalPerson
    bank: Recipient
    key: MemoryKey
    program: Program

    @property
    def call(self) -> Call:
        return citizen(self.mother)

    def asked(self, jti: str = "ask-1", **other: Any) -> DataRequest:
        answer = self.program.ask(jti, **other)
        assert answer.status_code == 202, answer.content
        return DataRequest.objects.get(number=answer.json()["number"])

    def granted(
        self, mode: str = "period", jti: str = "ask-1", items: list[str] | None = None
    ) -> DataRequest:
        row = self.asked(jti, mode=mode)
        until = clock.now() + timedelta(days=10)
        actions.grant_request(self.call, request=row, items=items or ITEMS, mode=mode, until=until)
        return DataRequest.objects.get(pk=row.pk)


@pytest.fixture
def base(db: None, settings: Any, tmp_path: Any) -> None:
    """Declared resources, and keys of the test's own."""
    settings.HOME = tmp_path / "home"
    remembered.synced()


@pytest.fixture
def world(base: None) -> World:
    key = MemoryKey.generate(Algorithm.ES256)
    with clock.at(NOW - timedelta(days=1)):
        bank = make_bank(key)
        mother = make_person()
    return World(mother, bank, key, Program(key))


@pytest.fixture
def at(world: World) -> Any:
    """A Monday morning."""
    with clock.at(NOW):
        yield NOW


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], Client]:
    """A browser of an actor."""

    def make(actor: Actor) -> Client:
        user = User.objects.filter(pk=actor.user_id).first() or User.objects.create_user(
            pk=actor.user_id, username=f"u{actor.user_id}", password="x" * 12
        )
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make


def b64(text: str) -> bytes:
    return base64.b64decode(text)


__all__ = ["trusted"]
