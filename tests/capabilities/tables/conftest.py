"""A table of a department, and those who ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.tables import actions, packs
from quancheng.capabilities.tables.values import ColumnSpec, TableInfo, TableSchema
from quancheng.core.tabular import Kind
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.models import writing

SYSTEM = Call.system("tests")
SCHEMA = TableSchema(
    (
        ColumnSpec("id", Kind.TEXT, "编号", "Number"),
        ColumnSpec("name", Kind.TEXT, "姓名", "Name", personal=True, level=3),
        ColumnSpec("age", Kind.INTEGER, "年龄", "Age"),
        ColumnSpec("paid", Kind.DECIMAL, "金额", "Amount"),
        ColumnSpec("since", Kind.DATE, "起始", "Since"),
        ColumnSpec("seen", Kind.DATETIME, "最近", "Seen"),
        ColumnSpec("alive", Kind.BOOLEAN, "在册", "Listed"),
    ),
    ("id",),
)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A store of the test's own."""
    settings.STORE_FOLDER = tmp_path / "store"
    yield tmp_path / "store"
    packs.forget()


def make_department(code: str, region: str = "370100000000") -> Department:
    found = Department.objects.filter(code=code).first()
    if found is not None:
        return found
    with writing("tests"):
        return Department.objects.create(
            code=code, path=f"/{code}/", level="city", region_code=region, zh=f"机构{code}", en=code
        )


@pytest.fixture
def office(db: None) -> Department:
    return make_department("jn-civil")


@pytest.fixture
def other(db: None) -> Department:
    return make_department("jn-market")


@pytest.fixture
def people(office: Department) -> TableInfo:
    """An empty table of the office."""
    return actions.create_table(
        SYSTEM, name="civil.elders", zh="老年人", en="Elders", schema=SCHEMA, owner=office.code
    )


def steward(department: Department, user_id: int = 7) -> Actor:
    grant = RoleGrant("tables.steward", frozenset({department.pk}))
    return Actor(ActorKind.OFFICIAL, "steward", user_id=user_id, grants=(grant,))


BUREAU = Actor(ActorKind.OFFICIAL, "bureau", user_id=8, grants=(RoleGrant("tables.bureau"),))
STRANGER = Actor(ActorKind.PERSON, "stranger", user_id=9)


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], Client]:
    """A client that acts as this actor."""

    def make(actor: Actor) -> Client:
        user = User.objects.create_user(username=f"u-{actor.name}", password="x" * 12)
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
