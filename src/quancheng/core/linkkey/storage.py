"""加密存储: an envelope: data under a key of its own, that key under a master or link key.

Changing the master key rewraps 60 bytes and never touches the data. ``context`` (which record this
is) is authenticated: an envelope moved to another record does not open.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cbor2

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.suite import TAG, Aead, Suite

__all__ = ["Envelope", "MasterKey", "open_envelope", "rewrap", "seal_envelope"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A named key that wraps data keys (主密钥), 32 bytes. Raises LinkFault (KEY_SHARE)."""

    name: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != 32 or not self.name:
            raise LinkFault(LinkReason.KEY_SHARE, "32 bytes")

    def wrapping(self, suite: Suite) -> Aead:
        """The key that wraps with a suite; never the master key itself."""
        return Aead(suite, suite.derive(self.secret, b"quancheng storage v1", suite.encode(), suite.key_size))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Stored form (密文信封)."""

    suite: Suite
    master: str
    wrapped: bytes
    nonce: bytes
    body: bytes

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        plain = [_VERSION, str(self.suite), self.master, self.wrapped, self.nonce, self.body]
        return cbor2.dumps(plain, canonical=True)

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Raises LinkFault (MESSAGE, VERSION, SUITE)."""
        try:
            plain = cbor2.loads(data)
            good = isinstance(plain, list) and cbor2.dumps(plain, canonical=True) == data
        except (cbor2.CBORError, ValueError, TypeError, RecursionError):
            good = False
        if (
            not good
            or len(plain) != 6
            or [type(one) for one in plain] != [int, str, str, bytes, bytes, bytes]
        ):
            raise LinkFault(LinkReason.MESSAGE, "envelope")
        version, suite, *rest = plain
        if version != _VERSION:
            raise LinkFault(LinkReason.VERSION, str(version)[:20])
        if suite not in list(Suite):
            raise LinkFault(LinkReason.SUITE, suite[:40])
        envelope = cls(Suite(suite), *rest)
        if len(envelope.nonce) != 12 or len(envelope.wrapped) < 12 + TAG or len(envelope.body) < TAG:
            raise LinkFault(LinkReason.MESSAGE, "envelope")
        return envelope


def seal_envelope(
    master: MasterKey,
    plain: bytes,
    context: bytes,
    suite: Suite = Suite.AES_256_GCM,
    random: Callable[[int], bytes] = os.urandom,
) -> Envelope:
    """Encrypt under a fresh data key."""
    key, nonce = random(suite.key_size), random(12)
    body = Aead(suite, key).seal(nonce, plain, _bound(suite, context))
    return Envelope(suite, master.name, _wrap(master, suite, key, random), nonce, body)


def open_envelope(master: MasterKey, envelope: Envelope, context: bytes) -> bytes:
    """The plaintext. Raises LinkFault (OTHER_PARTY: another master key; TAMPERED)."""
    cipher = Aead(envelope.suite, _unwrap(master, envelope))
    return cipher.open(envelope.nonce, envelope.body, _bound(envelope.suite, context))


def rewrap(
    old: MasterKey, new: MasterKey, envelope: Envelope, random: Callable[[int], bytes] = os.urandom
) -> Envelope:
    """The same data under another master key. Raises LinkFault (OTHER_PARTY, TAMPERED)."""
    key = _unwrap(old, envelope)
    return replace(envelope, master=new.name, wrapped=_wrap(new, envelope.suite, key, random))


def _bound(suite: Suite, context: bytes) -> bytes:
    return suite.digest(b"body", context)


def _wrap(master: MasterKey, suite: Suite, key: bytes, random: Callable[[int], bytes]) -> bytes:
    nonce = random(12)
    return nonce + master.wrapping(suite).seal(nonce, key, master.name.encode())


def _unwrap(master: MasterKey, envelope: Envelope) -> bytes:
    if envelope.master != master.name:
        raise LinkFault(LinkReason.OTHER_PARTY, f"{envelope.master} / {master.name}")
    nonce, sealed = envelope.wrapped[:12], envelope.wrapped[12:]
    key = master.wrapping(envelope.suite).open(nonce, sealed, master.name.encode())
    if len(key) != envelope.suite.key_size:
        raise LinkFault(LinkReason.TAMPERED)
    return key
