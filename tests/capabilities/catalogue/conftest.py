"""Departments, entries and officials of several organs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client

from quancheng.capabilities.catalogue import facets
from quancheng.capabilities.people.models import Department, User
from quancheng.core.catalogue import (
    DataType,
    Item,
    Level,
    Openness,
    Organ,
    Resource,
    ShareMode,
    ShareType,
    UpdateCycle,
)
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.models import writing

SYSTEM = Call.system("catalogue")
NAMES = {
    "jn-civil": "市民政局",
    "jn-market": "市市场监管局",
    "jn-lixia-civil": "历下区民政局",
    "jn-data": "市大数据局",
}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    facets.forget()
    yield
    facets.forget()


@pytest.fixture
def organs(db: None) -> dict[str, int]:
    """Four organs and their ids."""
    found = {}
    with writing("test"):
        for place, (code, name) in enumerate(NAMES.items()):
            level = "district" if "lixia" in code else "city"
            made = Department.objects.create(
                code=code, path=f"/{code}/", level=level, region_code="370100", zh=name, en=code, order=place
            )
            found[code] = made.pk
    return found


@pytest.fixture
def as_officer(organs: dict[str, int]) -> Callable[..., Call]:
    """A call of an official with roles at an organ: ``as_officer("jn-civil", "officer", user=7)``."""

    def make(organ: str = "jn-civil", *roles: str, user: int = 7) -> Call:
        grants = tuple(RoleGrant(f"catalogue.{role}", frozenset({organs[organ]}), "3701") for role in roles)
        return Call(Actor(ActorKind.OFFICIAL, f"{organ}-{user}", user_id=user, grants=grants))

    return make


@pytest.fixture
def sign_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], Client]:
    """A client that is this actor."""

    def make(actor: Actor) -> Client:
        user = User.objects.create_user(username=f"u-{actor.name}-{actor.user_id}", password="x" * 12)
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make


def item(field: str, name: str, **more: object) -> Item:
    """An item of text."""
    return Item(field, Text(name, field), DataType.TEXT, 50, **more)  # type: ignore[arg-type]


def resource(name: str = "养老机构信息", organ: str = "jn-civil", **more: object) -> Resource:
    """A sound entry."""
    home = {"jn-civil": "311001", "jn-market": "319001", "jn-lixia-civil": "360001", "jn-data": "303001"}
    values: dict[str, object] = {
        "code": "",
        "name": Text(name, f"{name} in English"),
        "provider": Organ(organ, Text(organ, organ)),
        "abstract": Text(f"{name}的基本情况、地址和床位数。", "What it says."),
        "classes": (home[organ],),
        "formats": ("CSV",),
        "share": ShareType.UNCONDITIONAL,
        "openness": Openness.OPEN,
        "level": Level.ONE,
        "cycle": UpdateCycle.MONTHLY,
        "issued": date(2025, 3, 1),
        "modified": date(2025, 3, 1),
        "items": (item("org_name", "机构名称"), item("beds", "床位数")),
        "share_modes": (ShareMode.TABLE,),
        "keywords": ("养老", "机构"),
    }
    return Resource(**(values | more))  # type: ignore[arg-type]
