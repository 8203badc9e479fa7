"""握手: three messages, both sides sign every byte exchanged, both confirm the keys, then records flow.

    initiator                                    responder
    Hello: shares, QKD key ID           ──────▶  fetches that key from its own key manager
    checks signature and confirmation   ◀──────  Reply: shares, strength, signature, confirmation
    Finish: signature, confirmation     ──────▶  checks; both have a Session

Signatures cover roles and the whole transcript (SIGMA-I, Krawczyk 2003, without hiding of names), so
a party in the middle who strips the QKD key or the stronger suite is found out by both. When the QKD
key is away the session says so by its ``strength`` and ``away``; below ``weakest`` there is none.

No I/O here: the caller carries messages and fetches QKD keys.
"""

from __future__ import annotations

import hmac
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from quancheng.core.keys import PublicKey, SignatureError, SigningKey
from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.messages import Finish, Hello, Reply
from quancheng.core.linkkey.schedule import LinkKeys, Parts, derive
from quancheng.core.linkkey.session import Session
from quancheng.core.linkkey.suite import Strength, Suite

__all__ = ["Identity", "Initiator", "QkdKey", "Responder"]

_RESPONDER, _INITIATOR = b"quancheng link v1 responder", b"quancheng link v1 initiator"
_NO_KEY = "away"


@dataclass(frozen=True, slots=True)
class QkdKey:
    """A key from the key manager with the name both sides know it by."""

    key_id: uuid.UUID
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """One end of a link (链路一端): its name, its signing key, the other's name and public key, its policy."""

    link: str
    name: str
    key: SigningKey = field(repr=False)
    peer: str
    peer_key: PublicKey
    suites: tuple[Suite, ...] = (Suite.AES_256_GCM,)
    weakest: Strength = Strength.POST_QUANTUM


class Initiator:
    """The calling side. ``hello``, then ``finish(reply)``."""

    def __init__(
        self,
        identity: Identity,
        qkd: QkdKey | None,
        away: str = "",
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``away``: why there is no QKD key. Raises LinkFault (TOO_WEAK) when policy wants one."""
        self._me = identity
        _weak_enough(Strength.POST_QUANTUM if qkd is None else Strength.FULL, identity.weakest)
        self._qkd = qkd
        self._ordinary: X25519PrivateKey | None = X25519PrivateKey.generate()
        self._kem: mlkem.MLKEM768PrivateKey | None = mlkem.MLKEM768PrivateKey.generate()
        self._hello = Hello(
            identity.link,
            identity.name,
            identity.peer,
            random(32),
            identity.suites,
            self._ordinary.public_key().public_bytes_raw(),
            self._kem.public_key().public_bytes_raw(),
            None if qkd is None else qkd.key_id,
            "" if qkd else (away or _NO_KEY),
            identity.weakest,
        )

    @property
    def hello(self) -> bytes:
        """The first message."""
        return self._hello.to_bytes()

    def finish(self, data: bytes) -> tuple[bytes, Session]:
        """The last message and the session. Raises LinkFault; the keys of this attempt are forgotten."""
        ordinary, kem, qkd = self._ordinary, self._kem, self._qkd
        self._ordinary = self._kem = self._qkd = None
        if ordinary is None or kem is None:
            raise LinkFault(LinkReason.STEP)
        reply = Reply.from_bytes(data)
        self._acceptable(reply, qkd)
        used = qkd if reply.strength is Strength.FULL else None
        parts = Parts(_agreed(ordinary, reply.x25519), _opened(kem, reply.ml_kem), used.key if used else None)
        transcript = reply.suite.digest(self.hello, reply.core())
        keys = derive(parts, transcript, reply.suite)
        _verify(self._me.peer_key, _RESPONDER + transcript, reply.signature)
        expected = _confirm(reply.suite, keys.responder_confirm, transcript, reply.signature)
        _equal(expected, reply.confirm)
        after = reply.suite.digest(transcript, data)
        signature = self._me.key.sign(_INITIATOR + after)
        confirm = _confirm(reply.suite, keys.initiator_confirm, after, signature)
        session = _session(keys, reply.suite, reply, used, self._hello.away, initiator=True)
        return Finish(signature, confirm).to_bytes(), session

    def _acceptable(self, reply: Reply, qkd: QkdKey | None) -> None:
        if reply.suite not in self._me.suites:
            raise LinkFault(LinkReason.SUITE, str(reply.suite))
        if reply.strength is Strength.FULL and qkd is None:
            raise LinkFault(LinkReason.QKD_KEY)
        _weak_enough(reply.strength, self._me.weakest)


class Responder:
    """The called side. ``Responder(identity, hello)``, fetch the key named ``wanted``, ``reply``, ``finish``."""

    def __init__(self, identity: Identity, hello: bytes) -> None:
        """Raises LinkFault (MESSAGE, OTHER_PARTY, SUITE)."""
        self._me = identity
        self._data = hello
        self._hello = Hello.from_bytes(hello)
        mine = (identity.link, identity.peer, identity.name)
        if (self._hello.link, self._hello.initiator, self._hello.responder) != mine:
            raise LinkFault(LinkReason.OTHER_PARTY)
        self._suite = _choose(identity.suites, self._hello.suites)
        self._waiting: tuple[LinkKeys, Reply, bytes, QkdKey | None] | None = None

    @property
    def wanted(self) -> uuid.UUID | None:
        """The QKD key to fetch; None when the initiator has none."""
        return self._hello.qkd

    def reply(
        self,
        qkd: QkdKey | None,
        away: str = "",
        random: Callable[[int], bytes] = os.urandom,
    ) -> bytes:
        """The second message. Raises LinkFault (TOO_WEAK, QKD_KEY, KEY_SHARE)."""
        if qkd is not None and qkd.key_id != self._hello.qkd:
            raise LinkFault(LinkReason.QKD_KEY)
        why = "" if qkd else (self._hello.away or away or _NO_KEY)
        strength = Strength.POST_QUANTUM if qkd is None else Strength.FULL
        for weakest in (self._me.weakest, self._hello.weakest):
            _weak_enough(strength, weakest)
        ordinary = X25519PrivateKey.generate()
        shared, sealed = _encapsulated(self._hello.ml_kem)
        bare = Reply(random(32), self._suite, ordinary.public_key().public_bytes_raw(), sealed, strength, why)
        parts = Parts(_agreed(ordinary, self._hello.x25519), shared, qkd.key if qkd else None)
        transcript = self._suite.digest(self._data, bare.core())
        keys = derive(parts, transcript, self._suite)
        signature = self._me.key.sign(_RESPONDER + transcript)
        confirm = _confirm(self._suite, keys.responder_confirm, transcript, signature)
        whole = replace(bare, signature=signature, confirm=confirm)
        self._waiting = (keys, whole, self._suite.digest(transcript, whole.to_bytes()), qkd)
        return whole.to_bytes()

    def finish(self, data: bytes) -> Session:
        """The session, once the initiator has proved itself. Raises LinkFault."""
        if self._waiting is None:
            raise LinkFault(LinkReason.STEP)
        keys, reply, after, qkd = self._waiting
        self._waiting = None
        last = Finish.from_bytes(data)
        _verify(self._me.peer_key, _INITIATOR + after, last.signature)
        _equal(_confirm(self._suite, keys.initiator_confirm, after, last.signature), last.confirm)
        return _session(keys, self._suite, reply, qkd, "", initiator=False)


def _choose(mine: Sequence[Suite], theirs: Sequence[Suite]) -> Suite:
    """The responder's order decides."""
    for suite in mine:
        if suite in theirs:
            return suite
    raise LinkFault(LinkReason.SUITE)


def _weak_enough(strength: Strength, weakest: Strength) -> None:
    if strength.rank < weakest.rank:
        raise LinkFault(LinkReason.TOO_WEAK, f"{strength} < {weakest}")


def _agreed(mine: X25519PrivateKey, theirs: bytes) -> bytes:
    try:
        return mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:  # a point of small order: RFC 7748 section 6.1
        raise LinkFault(LinkReason.KEY_SHARE, "X25519") from None


def _encapsulated(theirs: bytes) -> tuple[bytes, bytes]:
    try:
        return mlkem.MLKEM768PublicKey.from_public_bytes(theirs).encapsulate()
    except ValueError:  # FIPS 203 section 7.2: modulus check
        raise LinkFault(LinkReason.KEY_SHARE, "ML-KEM-768") from None


def _opened(mine: mlkem.MLKEM768PrivateKey, sealed: bytes) -> bytes:
    return mine.decapsulate(sealed)


def _verify(key: PublicKey, signed: bytes, signature: bytes) -> None:
    try:
        key.verify(signed, signature)
    except SignatureError:
        raise LinkFault(LinkReason.SIGNATURE) from None


def _confirm(suite: Suite, key: bytes, transcript: bytes, signature: bytes) -> bytes:
    return suite.code(key, suite.digest(transcript, signature))


def _equal(expected: bytes, given: bytes) -> None:
    if not hmac.compare_digest(expected, given):
        raise LinkFault(LinkReason.CONFIRMATION)


def _session(
    keys: LinkKeys, suite: Suite, reply: Reply, qkd: QkdKey | None, away: str, *, initiator: bool
) -> Session:
    return Session(
        keys, suite, reply.strength, away or reply.away, None if qkd is None else qkd.key_id, initiator
    )
