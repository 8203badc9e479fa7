"""A small town with its offices, the internal items published, and a dossier near retirement."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from django.test import Client

from quancheng.capabilities.internal import simulate as internal_data
from quancheng.capabilities.internal import sync
from quancheng.capabilities.internal.models import Dossier
from quancheng.capabilities.people.models import User
from quancheng.kernel.actions import Call
from quancheng.testing import remembered


@pytest.fixture
def town(db: None) -> None:
    """People, departments, demo identities, items published."""
    remembered.town(60, 5)
    sync.sync()


@pytest.fixture
def busy(town: None) -> str:
    """The demo data of the module."""
    return internal_data.seed(SimpleNamespace(), np.random.default_rng(7))


@pytest.fixture
def actor(town: None):
    from quancheng.capabilities.people.queries import actor_for

    return lambda key: actor_for(User.objects.get(demo_key=key))


@pytest.fixture
def call(actor):
    """The call of a demo identity."""
    return lambda key: Call(actor(key))


@pytest.fixture
def signed_in(town: None):
    def sign(key: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        assert client.post("/demo/sign-in/", {"key": key}).status_code == 302
        return client

    return sign


@pytest.fixture
def retiree(busy: str) -> Dossier:
    """李桂芳, who reaches the statutory age in two months."""
    return Dossier.objects.get(name="李桂芳")
