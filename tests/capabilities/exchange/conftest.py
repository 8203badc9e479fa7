"""A provider with a table of people, a consumer that has a grant on it, and those who look on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from quancheng.capabilities.catalogue import actions as catalogue
from quancheng.capabilities.catalogue import facets
from quancheng.capabilities.exchange import actions, keyring, ledger
from quancheng.capabilities.exchange.actions.parties import KEY_DAYS
from quancheng.capabilities.exchange.exchange_client import ExchangeClient, Terms
from quancheng.capabilities.exchange.models import Grant, Party
from quancheng.capabilities.exchange.values import Asked, Given
from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import packs
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema
from quancheng.core import catalogue as entries
from quancheng.core import exchange as core
from quancheng.core.exchange import Ed25519Signer, Mask
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.models import writing

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
SYSTEM = Call.system("tests")
TABLE, RESOURCE = "civil.elders", "311001/000001"
SCHEMA = TableSchema(
    (
        ColumnSpec("id_number", Kind.TEXT, "身份证号", "Number", personal=True, level=3),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", personal=True, level=3),
        ColumnSpec("district", Kind.TEXT, "区县", "District"),
        ColumnSpec("age", Kind.INTEGER, "年龄", "Age"),
        ColumnSpec("since", Kind.DATE, "起始", "Since"),
    ),
    ("id_number",),
)
BUREAU = Actor(ActorKind.OFFICIAL, "bureau", user_id=90, grants=(RoleGrant("exchange.bureau"),))
STRANGER = Actor(ActorKind.PERSON, "stranger", user_id=99)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A store, a home and a quiet ledger of the test's own."""
    settings.STORE_FOLDER = tmp_path / "store"
    settings.HOME = tmp_path / "home"
    ledger.intake.forget()
    keyring._signer.cache_clear()
    facets.forget()
    yield tmp_path
    packs.forget()


@pytest.fixture(autouse=True)
def at() -> Iterator[datetime]:
    """A Monday morning."""
    with clock.at(NOW):
        yield NOW


def make_department(code: str, region: str = "370100000000") -> Department:
    """A department with nothing below it."""
    found = Department.objects.filter(code=code).first()
    if found is not None:
        return found
    with writing("tests"):
        return Department.objects.create(
            code=code,
            path=f"/{code}/",
            level="city",
            region_code=region,
            zh=f"机构{code}",
            en=f"Organ {code}",
        )


def officer(code: str, user_id: int) -> Actor:
    """The officer of a department."""
    unit = Department.objects.get(code=code)
    grant = RoleGrant("exchange.officer", frozenset({unit.pk}), unit.region_code)
    return Actor(ActorKind.OFFICIAL, f"officer of {code}", user_id=user_id, grants=(grant,))


def register(
    code: str,
    zh: str,
    table_id: str | None,
    schema: TableSchema = SCHEMA,
    share: entries.ShareType = entries.ShareType.CONDITIONAL,
    organ: str = "jn-civil",
) -> None:
    """A catalogue entry whose items are the columns of a table."""
    items = tuple(
        entries.Item(one.name, one.text, entries.DataType.TEXT, 50, personal=one.personal)
        for one in schema.columns
    )
    closed = share is entries.ShareType.NONE
    resource = entries.Resource(
        code, Text(zh, f"{zh} in English"), entries.Organ(organ, Text(organ, organ)),
        Text(f"{zh}的基本情况和所在区县。", "What it says."), ("311001",), ("CSV",), share,
        entries.Openness.CLOSED, entries.Level.THREE, entries.UpdateCycle.MONTHLY, date(2025, 3, 1), date(2025, 3, 1),
        items, share_modes=() if closed else (entries.ShareMode.API,),
        share_condition="用于履职" if share is entries.ShareType.CONDITIONAL else "",
        share_basis="《统计法》第九条" if closed else "", keywords=("养老",),
    )  # fmt: skip
    catalogue.register_entry(Call.system("catalogue"), resource=resource, table_id=table_id, simulated=True)


@dataclass
class World:
    """Who is who."""

    table: TableInfo
    consumer: Call
    provider: Call
    other: Call
    district: Call
    bureau: Call


def row_of(number: int) -> dict[str, Any]:
    """A person of the table, made up."""
    return {
        "id_number": f"37010219500101{number:04d}",
        "name": f"王秀{number}",
        "district": "370102" if number % 2 else "370105",
        "age": 60 + number % 40,
        "since": date(2020, 1, 1) + timedelta(days=number % 900),
    }


@pytest.fixture
def world(db: None) -> World:
    for code, region in (
        ("jn-civil", "370100000000"),
        ("jn-market", "370100000000"),
        ("jn-tax", "370100000000"),
        ("jn-lixia-data", "370102000000"),
    ):
        make_department(code, region)
    table = tables.create_table(
        SYSTEM, name=TABLE, zh="老年人名册", en="Elders", schema=SCHEMA, owner="jn-civil"
    )
    tables.apply_changes(
        SYSTEM, table_id=table.table_id, upserts=[row_of(number) for number in range(40)], run="r1"
    )
    register(RESOURCE, "老年人名册", table.table_id)
    calls = [
        Call(officer(code, pk))
        for code, pk in (("jn-market", 11), ("jn-civil", 12), ("jn-tax", 13), ("jn-lixia-data", 14))
    ]
    return World(table, *calls, Call(BUREAU))


def asked(**other: Any) -> Asked:
    """What the market bureau asks of the civil affairs bureau."""
    facts: dict[str, Any] = {
        "resource": RESOURCE,
        "fields": ("id_number", "name", "district", "age"),
        "purpose": "养老机构从业核验",
        "basis_title": "养老机构管理办法",
        "basis_clause": "第九条",
        "way": "api",
        "starts": date(2026, 3, 2),
        "ends": date(2026, 12, 31),
        "calls_per_day": 1000,
        "contact": "周敏",
    }
    return Asked(**facts | other)


def given(**other: Any) -> Given:
    """What it gets: names masked, found by number alone."""
    facts: dict[str, Any] = {
        "fields": {"id_number": Mask.RESIDENT_ID, "name": Mask.NAME, "district": Mask.KEEP, "age": Mask.KEEP},
        "ends": date(2026, 6, 30),
        "calls_per_day": 500,
        "search": ("id_number",),
        "rate_per_second": 500.0,
    }
    return Given(**facts | other)


def granted(world: World, ask: Asked | None = None, give: Given | None = None) -> Grant:
    """A grant by the whole way: asked, accepted and agreed."""
    request = actions.ask(world.consumer, consumer="jn-market", asked=ask or asked())
    return actions.agree(world.provider, number=request.number, given=give or given())


@pytest.fixture
def grant(world: World) -> Grant:
    return granted(world)


def terms_of(grant: Grant) -> Terms:
    """What a program of the consumer says under a grant."""
    party = core.Party(grant.provider.code, grant.provider.text)
    return Terms(grant.number, party, grant.resource, grant.purpose, grant.basis)


def through(client: Client) -> Callable[[str, bytes], tuple[int, bytes]]:
    """Requests without a socket."""

    def post(path: str, body: bytes) -> tuple[int, bytes]:
        answer = client.post(path, body, content_type="application/vnd.quancheng.exchange+json")
        return answer.status_code, answer.content

    return post


def program(world: World, client: Client, signer: Ed25519Signer | None = None) -> ExchangeClient:
    """A program of the market bureau with a key of its own."""
    import base64

    signer = signer or Ed25519Signer(Ed25519PrivateKey.generate())
    actions.register_key(
        world.consumer, party="jn-market", public=base64.b64encode(signer.public_der).decode(), days=KEY_DAYS
    )
    party = Party.objects.get(code="jn-market")
    return ExchangeClient(
        through(client), core.Party(party.code, party.text), signer, keyring.trusted(), clock.now
    )


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
