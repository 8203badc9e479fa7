"""A small town with all matters, an author, a publisher, and a draft of the senior card."""

from __future__ import annotations

import pytest
from django.test import Client

from quancheng.capabilities.designer import actions, queries
from quancheng.capabilities.designer.models import MatterDraft
from quancheng.capabilities.people.models import User
from quancheng.kernel.actions import Call
from quancheng.testing import remembered


@pytest.fixture
def town(db: None) -> None:
    remembered.town(200, 10)


@pytest.fixture
def actor(town: None):
    from quancheng.capabilities.people.queries import actor_for

    return lambda key: actor_for(User.objects.get(demo_key=key))


@pytest.fixture
def author(actor) -> Call:
    return Call(actor("matter-author"))


@pytest.fixture
def publisher(actor) -> Call:
    return Call(actor("matter-publisher"))


@pytest.fixture
def draft(author: Call) -> MatterDraft:
    number, made = queries.running_content(author.actor, "senior-card")
    return actions.begin_draft(author, content_=made, base_version=number)


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign
