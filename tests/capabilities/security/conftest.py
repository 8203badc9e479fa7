"""Two officers, a home of its own, purposes synced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.security import actions, queries, sync
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered

SYSTEM = Call.system("security")
MODULES = {
    "code.issuer": "ES256", "code.issuer-sm2": "SM2-SM3", "code.status": "ES256", "vault.receipt": "ES256",
    "chain.checkpoint": "EdDSA", "quantum.link": "ML-DSA-65",
}  # fmt: skip
"""Purposes that modules of a test publish, as any module may."""


def publish() -> None:
    """The purposes of this module and those of the tests."""
    sync.sync()
    for code, algorithm in MODULES.items():
        actions.publish_purpose(SYSTEM, code=code, name={"zh": code, "en": code}, algorithm=algorithm)


@pytest.fixture
def city(db: None, tmp_path: Any, settings: Any) -> Iterator[None]:
    remembered.synced()
    settings.HOME = tmp_path
    publish()
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
