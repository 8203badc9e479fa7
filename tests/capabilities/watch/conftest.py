"""A street with ponding sensors, an air station and a kitchen, and the people who write and approve rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.people.models import User
from quancheng.capabilities.sensorthings import actions as sta
from quancheng.capabilities.watch.config import Limits
from quancheng.capabilities.watch.runner import Runner
from quancheng.capabilities.watch.values import Draft, Scope, micros
from quancheng.core.watch import Kind, Spec
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

NOW = datetime(2026, 7, 18, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYSTEM = Call.system("watch")


def official(name: str, *roles: str, user_id: int = 1) -> Call:
    grants = tuple(RoleGrant(role) for role in roles)
    return Call(Actor(ActorKind.OFFICIAL, name, user_id=user_id, grants=grants))


@pytest.fixture
def now(db: None) -> Iterator[Any]:
    with clock.at(NOW) as virtual:
        yield virtual


@pytest.fixture
def log(db: None, observation_folder: Path) -> Path:
    return observation_folder


@pytest.fixture
def streams(now: Any, log: Path) -> dict[str, int]:
    """Ponding depth at three places, smoke and temperature in a kitchen; stream ids by short name."""
    call, made = Call.system("things"), {}
    sensor = sta.upsert_sensor(call, key="t:sensor", name="probe")
    names = {
        "ponding_depth": ("积水深度", "m"),
        "smoke": ("烟雾浓度", "%/m"),
        "air_temperature": ("气温", "℃"),
    }
    props = {
        key: sta.upsert_observed_property(call, key=f"things:{key}", name=zh, definition=f"urn:{key}")
        for key, (zh, _) in names.items()
    }
    rows = [("P-1", "ponding_depth", 117.00), ("P-2", "ponding_depth", 117.01), ("P-3", "ponding_depth", 117.02),
            ("K-1", "smoke", 117.0), ("K-1", "air_temperature", 117.0)]  # fmt: skip
    for code, prop, lon in rows:
        facts = {"name_en": f"Place {code}", "region": "370102", "kind": "ponding", "simulated": True}
        thing = sta.upsert_thing(
            call, key=f"things:{code}", name=f"{code}点", description="", properties=facts, lon=lon, lat=36.66
        )
        made[f"{code}:{prop}"] = sta.upsert_stream(
            call, key=f"t:{code}:{prop}", thing=thing, name=f"{code} {names[prop][0]}", description="",
            unit_name="", unit_symbol=names[prop][1], unit_definition="", observed_property=props[prop],
            sensor=sensor, properties=facts | {"property": prop, "station": code},
        )  # fmt: skip
    return made


@pytest.fixture
def author() -> Call:
    return official("写规则的人", "watch.writer", user_id=11)


@pytest.fixture
def approver() -> Call:
    return official("批规则的人", "watch.approver", user_id=12)


def deep(**other: Any) -> Draft:
    """Twice in a row at least 0.27 m, over below 0.15 m."""
    spec = Spec(kind=Kind.HYSTERESIS, limit=0.27, clear=0.15, consecutive=2)
    facts: dict[str, Any] = {
        "spec": spec, "scope": Scope(property="things:ponding_depth"), "level": 2,
        "incident_type": "watch.water", "source": "测试依据",
    }  # fmt: skip
    return Draft(**facts | other)


Send = Callable[..., None]


@pytest.fixture
def send(log: Path) -> Send:
    """Append readings: ``send(stream, start, [0.1, 0.2], step=MINUTE)``."""

    def append(stream: int, start: datetime, values: list[float], step: timedelta = MINUTE) -> None:
        times = [micros(start + number * step) for number in range(len(values))]
        writer().append(Batch.numbers([stream] * len(values), times, values))

    return append


@pytest.fixture
def runner(tmp_path: Path) -> Callable[[], Runner]:
    """A runner on the same checkpoint folder each time it is asked for: as after a restart.

    The threads of a killed process die with it; those of an earlier runner here must have ended.
    """
    limits = Limits(
        memory=16, rules_seconds=0, absence_seconds=0, checkpoint_seconds=1e9, streams_seconds=1e9
    )
    made: list[Runner] = []

    def start() -> Runner:
        for one in made:
            one.close()
        made[:] = [Runner(limits, tmp_path / "watch")]
        return made[0]

    return start


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client whose official holds these roles."""
    actors: dict[int, Actor] = {}

    def make(*roles: str) -> Client:
        user = User.objects.create_user(username=f"w{len(actors)}", password="x" * 12)
        grants = tuple(RoleGrant(role) for role in roles)
        actors[user.pk] = Actor(ActorKind.OFFICIAL, user.username, user_id=user.pk, grants=grants)
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actors[who.pk] if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
