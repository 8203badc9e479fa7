"""A small city and its demo identities."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from quancheng.capabilities.people import simulate
from quancheng.capabilities.people.models import User
from quancheng.kernel.actor import Actor


@pytest.fixture
def town(db: None) -> None:
    """600 people, 60 firms, all departments, all demo identities."""
    simulate.seed(SimpleNamespace(persons=600, firms=60, seed=7), None)


@pytest.fixture
def user(town: None):
    def find(key: str) -> User:
        return User.objects.get(demo_key=key)

    return find


@pytest.fixture
def actor(user):
    from quancheng.capabilities.people.queries import actor_for

    def find(key: str) -> Actor:
        return actor_for(user(key))

    return find


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign
