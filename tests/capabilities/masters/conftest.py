"""A town whose departments hold tables about its people, and masters built from them once a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.test import Client

from quancheng.capabilities.masters import simulate
from quancheng.capabilities.people import simulate as people
from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.tables import packs
from quancheng.kernel import registry
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

SYSTEM = Call.system("masters")
CITY = SimpleNamespace(persons=220, firms=16, seed=7)
"""Small enough that a build takes a second, large enough for slips, moves and twins."""


@pytest.fixture(scope="module")
def town(
    django_db_setup: Any, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The town, kept for the tests of a file; each test's own writes are rolled back."""
    from django.conf import settings
    from django.db import transaction
    from django.test.utils import override_settings

    with django_db_blocker.unblock(), override_settings(STORE_FOLDER=tmp_path_factory.mktemp("store")):
        assert settings.STORE_FOLDER
        with transaction.atomic():
            registry.sync()
            people.seed(CITY, None)
            simulate.seed(CITY, np.random.default_rng(1))
            yield
            transaction.set_rollback(True)
        packs.forget()


@pytest.fixture
def base(town: None, db: None) -> None:
    """The town; what a test does is taken back afterwards."""


def official(name: str, *roles: str, region: str = "3701", department: str = "jn-data") -> Actor:
    """An official of a department with roles in a region."""
    user, _ = User.objects.get_or_create(username=name, defaults={"kind": "official", "display_name": name})
    home = Department.objects.get(code=department)
    ids = frozenset(Department.objects.filter(path__startswith=home.path).values_list("pk", flat=True))
    grants = tuple(RoleGrant(role, ids, region) for role in roles)
    return Actor(ActorKind.OFFICIAL, name, user.pk, grants=grants)


def citizen(person: Any) -> Actor:
    """A person with an account."""
    user, _ = User.objects.get_or_create(
        username=f"p{person.pk}", defaults={"kind": "person", "person": person}
    )
    return Actor(ActorKind.PERSON, person.name, user.pk, person.pk)


@pytest.fixture
def steward(base: None) -> Actor:
    return official("管理员", "masters.steward")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], Client]:
    """A browser signed in as an actor."""
    actors: dict[int, Actor] = {}
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: (
            lambda who, request: (
                actors.get(who.pk, Actor.anonymous()) if who.is_authenticated else Actor.anonymous()
            )
        ),
    )

    def sign(actor: Actor) -> Client:
        assert actor.user_id is not None
        actors[actor.user_id] = actor
        client = Client()
        client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return sign


__all__ = ["CITY", "SYSTEM", "Path", "citizen", "official"]
