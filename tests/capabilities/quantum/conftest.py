"""A node with real key managers and a real neighbour, and its operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from tests.capabilities.quantum.world import THEIRS, Kmes, Process, start_peer

from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.quantum import actions, link_client
from quancheng.capabilities.quantum.models import Link
from quancheng.core.keys import to_jwk
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered


@pytest.fixture(scope="package")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kmes]:
    """The key managers, whose certificates the node keeps in its own folder."""
    home = tmp_path_factory.mktemp("home")
    pair = Kmes(home / "quantum" / "tls")
    yield pair
    pair.kill()


@pytest.fixture
def node(db: None, far: Kmes, settings: LazySettings) -> Iterator[None]:
    """This node with a home of its own, where the key managers' certificates lie."""
    settings.HOME = far.folder.parent.parent
    remembered.synced()
    far.command(intact=True, eve=0)
    far.filled()
    yield
    for code in list(link_client._callers):
        link_client._forget(code)


@pytest.fixture
def neighbour(node: None, far: Kmes, tmp_path: Path) -> Iterator[Process]:
    """The other city's node, a process of its own."""
    key = to_jwk(link_client.node_key().public)
    one = start_peer(tmp_path, far, peer=link_client.node_name(), peer_key=key)
    yield one
    one.kill()


@pytest.fixture
def office(node: None) -> SimpleNamespace:
    """Departments."""
    codes = ("jn-data", "jn-civil")
    return SimpleNamespace(**{code[3:]: Department.objects.get(code=code) for code in codes})


@pytest.fixture
def actor(office: SimpleNamespace) -> Callable[..., Actor]:
    """An official with a role of the module at an office."""

    def make(role: str = "operator", organ: str = "data") -> Actor:
        label = f"{role}@{organ}"
        account, _ = User.objects.get_or_create(username=label, defaults={"kind": "official"})
        grant = RoleGrant(f"quantum.{role}", frozenset({getattr(office, organ).pk}))
        return Actor(ActorKind.OFFICIAL, label, account.pk, grants=(grant,))

    return make


@pytest.fixture
def make_link(far: Kmes, actor: Callable[..., Actor]) -> Callable[..., Link]:
    """A registered link to the neighbour."""

    def make(port: int, *, quantum: bool = True, **more: Any) -> Link:
        call = Call(actor())
        actions.register_peer(
            call, code="qingdao", name={"zh": "青岛", "en": "Qingdao"}, public_key=to_jwk(THEIRS.public)
        )
        kme = {
            "kme_url": f"https://127.0.0.1:{far.ports[0]}",
            "kme_identity": "jinan",
            "kme_peer": "qingdao",
        }
        row: Link = actions.register_link(
            call,
            code="jn-qd",
            name={"zh": "济南—青岛", "en": "Jinan–Qingdao"},
            peer="qingdao",
            address=f"127.0.0.1:{port}" if port else "",
            **(kme if quantum else {}),
            **more,
        )
        return row

    return make
