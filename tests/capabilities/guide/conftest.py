"""A town with matters and articles, citizens, an agent and an editor."""

from __future__ import annotations

import pytest
from django.test import Client

from quancheng.capabilities.guide import actions
from quancheng.capabilities.people.models import User
from quancheng.capabilities.people.queries import actor_for
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.testing import remembered


@pytest.fixture
def town(db: None) -> None:
    """People, departments, demo identities, and the registry synced."""
    remembered.town(300, 10)


@pytest.fixture
def actor(town: None):
    return lambda key: actor_for(User.objects.get(demo_key=key))


@pytest.fixture
def agent(actor) -> Actor:
    return actor("guide-agent")


@pytest.fixture
def editor(actor) -> Actor:
    return actor("guide-editor")


@pytest.fixture
def nobody() -> Call:
    """A citizen who has not signed in."""
    return Call(Actor.anonymous())


@pytest.fixture
def on_duty(agent: Actor) -> Actor:
    actions.set_presence(Call(agent), available=True)
    return agent


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign


@pytest.fixture
def settle():
    return lambda: events.drain(strict=True)
