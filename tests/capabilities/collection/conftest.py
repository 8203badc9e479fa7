"""A civil-affairs bureau with a feed of elders, officers who see their own, and the data bureau."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.collection import actions, engine, rawfiles
from quancheng.capabilities.collection.models import Feed, Run
from quancheng.capabilities.people.models import Department, User
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

NOW = datetime(2026, 7, 20, 1, 0, tzinfo=UTC)
SYSTEM = Call.system("collection")
COLUMNS: list[dict[str, Any]] = [
    {"name": "编号", "kind": "text", "zh": "编号", "required": True},
    {"name": "姓名", "kind": "text", "zh": "姓名", "personal": True, "level": 3},
    {"name": "身份证号", "kind": "resident_id", "zh": "公民身份号码", "personal": True, "level": 3},
    {"name": "登记日期", "kind": "date", "zh": "登记日期"},
    {"name": "补贴", "kind": "decimal", "zh": "补贴"},
]
LAYOUT = {"columns": {one["name"]: one["name"] for one in COLUMNS}}
HEAD = "编号,姓名,身份证号,登记日期,补贴"


def row(number: int, **other: Any) -> str:
    facts = {"day": "2026-07-18", "money": "120.50", "id": f"37010219500101{number % 10000:04d}"} | other
    return f"E{number:05d},张{number},{facts['id']},{facts['day']},{facts['money']}"


def csv_of(*rows: str, head: str = HEAD) -> bytes:
    return ("\n".join([head, *rows]) + "\n").encode()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, settings: Any) -> None:
    settings.HOME = tmp_path


@pytest.fixture
def now(db: None) -> Iterator[Any]:
    with clock.at(NOW) as virtual:
        yield virtual


@pytest.fixture
def organs(now: Any) -> dict[str, Department]:
    """Two bureaus of the city and a district with its own."""
    rows = [
        ("jn", None, "0001", "city", "370100", "济南市"), ("jn-civil", "jn", "0001.0001", "unit", "370100", "市民政局"),
        ("jn-market", "jn", "0001.0002", "unit", "370100", "市市场监管局"), ("jn-data", "jn", "0001.0003", "unit", "370100", "市大数据局"),
        ("jn-lixia", "jn", "0001.0004", "district", "370102", "历下区"),
    ]  # fmt: skip
    from quancheng.kernel.models import writing

    made: dict[str, Department] = {}
    with writing("test"):
        for code, parent, path, level, region, zh in rows:
            made[code] = Department.objects.create(
                code=code,
                parent=made.get(parent or ""),
                path=path,
                level=level,
                region_code=region,
                zh=zh,
                en=code,
            )
    return made


def official(name: str, organ: Department, *roles: str) -> Call:
    user_id = User.objects.create_user(username=name, password="x" * 12).pk
    grants = tuple(RoleGrant(role, frozenset({organ.pk})) for role in roles)
    return Call(Actor(ActorKind.OFFICIAL, name, user_id=user_id, grants=grants))


@pytest.fixture
def officer(organs: dict[str, Department]) -> Call:
    return official("民政数据官", organs["jn-civil"], "collection.officer")


@pytest.fixture
def bureau(organs: dict[str, Department]) -> Call:
    return official("市数据官", organs["jn-data"], "collection.bureau")


@pytest.fixture
def feed(officer: Call) -> Feed:
    """Elders of the city, uploaded as files, whole each time."""
    actions.create_feed(
        officer, code="elders", zh="老年人名册", organ="jn-civil", connector="upload", sla_minutes=1440
    )
    return actions.agree_layout(officer, code="elders", columns=COLUMNS, key=["编号"], layout=LAYOUT)


Deliver = Callable[..., Run]


@pytest.fixture
def deliver(officer: Call) -> Deliver:
    """Deliver bytes to a feed and work until it ends or waits."""

    def send(content: bytes, code: str = "elders", name: str = "elders.csv", **more: Any) -> Run:
        raw = rawfiles.keep(rawfiles.chunks(io.BytesIO(content)))
        run = actions.deliver(officer, code=code, digest=raw.digest, name=name, **more)
        engine.work(str(run.pk))
        return Run.objects.get(pk=run.pk)

    return send


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Call], Client]:
    """A client signed in as the actor of a call."""
    actors: dict[int, Actor] = {}

    def make(call: Call) -> Client:
        user = User.objects.get(pk=call.actor.user_id)
        actors[user.pk] = call.actor
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actors[who.pk] if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
