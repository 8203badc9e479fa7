"""Devices in the database, and a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from quancheng.capabilities.ingest import actions, api, registry
from quancheng.capabilities.ingest.values import ChannelSpec, Secret
from quancheng.capabilities.people.models import User
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

SYSTEM = Call.system("ingest")
OPERATOR = Call(Actor(ActorKind.OFFICIAL, "operator", user_id=7, grants=(RoleGrant("ingest.operator"),)))
VIEWER = Call(Actor(ActorKind.OFFICIAL, "viewer", user_id=8, grants=(RoleGrant("ingest.viewer"),)))


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    registry.devices.forget()
    registry.devices._newest = -1
    api._failures._held.clear()
    api._rates._held.clear()
    yield
    registry.devices.forget()


@pytest.fixture
def air(db: None) -> Secret:
    """An air station of two elements."""
    channels = [ChannelSpec("pm25", 1001), ChannelSpec("t", 1002, 0.1, -40.0)]
    return actions.register_device(
        SYSTEM, code="JN-AQ-1", protocol="mqtt", thing="things:JN-AQ-1", channels=channels
    )


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client whose official holds these roles."""

    def make(*roles: str) -> Client:
        user = User.objects.create_user(username=f"u-{'-'.join(roles) or 'none'}", password="x" * 12)
        actor = Actor(
            ActorKind.OFFICIAL,
            user.username,
            user_id=user.pk,
            grants=tuple(RoleGrant(role) for role in roles),
        )
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
