"""A reference peer beside the platform's node, and officials of several rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from tests.capabilities.cascade.peer import Peer

from quancheng.capabilities.cascade import actions
from quancheng.capabilities.cascade.cascade_client import fingerprint
from quancheng.capabilities.cascade.models import Neighbour
from quancheng.capabilities.cascade.network import own_name, public_der, signer
from quancheng.capabilities.people.models import User
from quancheng.core.cascade import Clause, RowId, Stream, StreamKind, Upsert
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

SYSTEM = Call.system("cascade")
CATALOGUE = Stream(StreamKind.CATALOGUE, "catalogue")
FIRMS = Stream(StreamKind.TABLE, "firms")


def official(name: str, number: int, *grants: RoleGrant, departments: frozenset[int] = frozenset()) -> Call:
    return Call(Actor(ActorKind.OFFICIAL, name, user_id=number, grants=grants))


OFFICER = official("officer", 901, RoleGrant("cascade.officer"))
SECOND = official("second", 902, RoleGrant("cascade.officer"))
VIEWER = official("viewer", 903, RoleGrant("cascade.viewer"))
STRANGER = official("stranger", 904)


def row(origin: str, local: str, region: str = "370102", body: str = '{"name":"泉水公司"}') -> Upsert:
    return Upsert(RowId(origin, local), region, "jn-market", body)


def join(peer: Peer, **fields: object) -> Neighbour:
    """Make the peer a neighbour whose key was compared by two people."""
    values: dict[str, object] = {
        "code": peer.node.name,
        "zh": "历下区节点",
        "kind": "lower",
        "address": peer.url,
        "public_key": peer.public,
        "gives": [{}],
        **fields,
    }
    actions.add_neighbour(OFFICER, **values)  # type: ignore[arg-type]
    read = fingerprint(public_der(peer.public))
    actions.confirm_key(OFFICER, code=peer.node.name, read=read)
    made = actions.confirm_key(SECOND, code=peer.node.name, read=read)
    peer.keys[own_name()] = signer().public_der
    return made


@pytest.fixture
def peer(db: None) -> Iterator[Peer]:
    """A district's node, not joined yet."""
    with Peer("370102", own_name(), (Clause(),)) as one:
        yield one


@pytest.fixture
def joined(peer: Peer) -> Peer:
    join(peer)
    return peer


@pytest.fixture
def signed_in(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client whose official holds these grants."""

    actors: dict[int, Actor] = {}

    def make(*grants: RoleGrant) -> Client:
        name = f"u{User.objects.count()}"
        user = User.objects.create_user(username=name, password="x" * 12)
        actor = Actor(ActorKind.OFFICIAL, user.username, user_id=user.pk, grants=grants)
        actors[user.pk] = actor
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actors[who.pk] if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make
