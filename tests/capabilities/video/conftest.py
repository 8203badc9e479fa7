"""A small city of cameras on a fixed day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.people.models import User
from quancheng.capabilities.video import actions
from quancheng.capabilities.video.models import Camera
from quancheng.capabilities.video.values import Change
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

NOON = datetime(2026, 7, 18, 4, 0, tzinfo=UTC)
SYSTEM = Call.system("video")
LIXIA, SHIZHONG = "370102", "370103"
NVR = "37010200001180000001"


def code(number: int, region: str = LIXIA) -> str:
    return f"{region}0000131{number:07d}"


def official(
    user_id: int, role: str, region: str = "", name: str = "", departments: tuple[int, ...] = ()
) -> Actor:
    grant = RoleGrant(role, frozenset(departments), region)
    return Actor(ActorKind.OFFICIAL, name or f"user{user_id}", user_id=user_id, grants=(grant,))


VIEWER = official(7, "video.viewer", LIXIA, "历下区王工")
APPROVER = official(8, "video.approver", "3701", "市局李处")
OPERATOR = official(9, "video.operator", "3701", "运维赵工")


def call(actor: Actor, key: str | None = None) -> Call:
    return Call(actor, key=key)


@pytest.fixture
def noon() -> Iterator[datetime]:
    with clock.at(NOON):
        yield NOON


def device(number: int, region: str = LIXIA, **other: Any) -> dict[str, Any]:
    return {"code": code(number, region), "name": f"泉城路{number}号", "region": region, "lon": 117.0 + number / 1e4,
            "lat": 36.66, "simulated": True} | other  # fmt: skip


@pytest.fixture
def cameras(db: None, noon: datetime) -> list[Camera]:
    """Two online cameras in Lixia, one in Shizhong."""
    rows = [device(1), device(2), device(3, SHIZHONG)]
    actions.register_devices(Call.system("video"), rows=rows)
    changes = [Change(row["code"], True, NOON, "heard") for row in rows]
    actions.record_changes(Call.system("video"), changes=changes)
    return list(Camera.objects.order_by("code"))


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client whose official holds a role in a region."""

    def make(role: str, region: str = "3701") -> Client:
        user = User.objects.create_user(username=f"u-{role}-{region}", password="x" * 12)
        actor = official(user.pk, role, region, user.username)
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
