"""Two officers, a home of its own, purposes synced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.security import queries, sync
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered

SYSTEM = Call.system("security")


@pytest.fixture
def city(db: None, tmp_path: Any, settings: Any) -> Iterator[None]:
    remembered.synced()
    settings.HOME = tmp_path
    sync.sync()
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def officer(city: None) -> Callable[..., Actor]:
    """An official who looks after keys; each name is another person."""

    def make(name: str = "王安全", *roles: str) -> Actor:
        account, _ = User.objects.get_or_create(username=name, defaults={"kind": "official"})
        department = Department.objects.get(code="jn-data")
        grants = tuple(RoleGrant(role, frozenset({department.pk})) for role in roles or ("security.officer",))
        return Actor(ActorKind.OFFICIAL, name, account.pk, grants=grants)

    return make
