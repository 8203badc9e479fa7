"""本节点密钥: the log's key and the witness's key of this city, and the policy others check it with."""

from __future__ import annotations

import os
from datetime import datetime

from django.conf import settings

from quancheng.capabilities.chain.models import HASHERS, Member
from quancheng.core.keys import Algorithm, SigningKey
from quancheng.core.merkle import MerkleHasher
from quancheng.core.tlog import NoteKey, Policy, quorum, shard_of
from quancheng.kernel import clock, keyring

_HASH = "QUANCHENG_CHAIN_HASH"


def base() -> str:
    """Begin of the names of this city's shards."""
    return f"{settings.CITY}.quancheng/chain"


def origin(at: datetime) -> str:
    """The shard of a moment, by the city's calendar."""
    return shard_of(base(), at.astimezone(clock.LOCAL))


def hasher_name() -> str:
    """Hash of new shards: sha256, or sm3 for sites that GB requires."""
    return str(getattr(settings, _HASH, os.environ.get(_HASH, "sha256")))


def log_signer() -> SigningKey:
    """Signs checkpoints."""
    return keyring.signer("chain-log", Algorithm.EDDSA)


def log_key() -> NoteKey:
    """The log's key, named as the city's chain."""
    return NoteKey(base(), log_signer().public)


def witness_name() -> str:
    """Name of this city as a witness."""
    return f"{settings.CITY}.quancheng/witness"


def witness_signer() -> SigningKey:
    """Cosigns checkpoints of other cities."""
    return keyring.signer("chain-witness", Algorithm.EDDSA)


def witness_key() -> NoteKey:
    """The witness's key."""
    return NoteKey(witness_name(), witness_signer().public, cosigns=True)


def members() -> list[Member]:
    """Members that take part."""
    return list(Member.objects.filter(state=Member.State.ACTIVE).order_by("name"))


def needed(count: int) -> int:
    """Witnesses a head needs; none while the city is alone."""
    return quorum(count) if count else 0


def policy(origins: dict[str, MerkleHasher]) -> Policy:
    """What anybody needs to check proofs of this city."""
    key = log_key()
    witnesses = tuple(NoteKey.read(one.witness_key) for one in members())
    return Policy({one: (key, hasher) for one, hasher in origins.items()}, witnesses, needed(len(witnesses)))


def tree_named(name: str) -> MerkleHasher:
    """A hash by its name."""
    return HASHERS[name]
