"""Handshake messages as values, in deterministic CBOR (RFC 8949 section 4.2), read strictly."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import cbor2

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.suite import Strength, Suite

__all__ = ["MESSAGE_BYTES", "VERSION", "Finish", "Hello", "Refusal", "Reply", "is_refusal"]

VERSION = 1
MESSAGE_BYTES = 16 * 1024
"""No handshake message is larger; ML-DSA-87 signatures fit."""

_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Hello:
    """First message (发起): who calls whom, key shares, the name of a QKD key or why there is none."""

    link: str
    initiator: str
    responder: str
    nonce: bytes
    suites: tuple[Suite, ...]
    x25519: bytes
    ml_kem: bytes
    qkd: uuid.UUID | None
    away: str
    weakest: Strength

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        return _dump(
            {
                "t": "hello",
                "v": VERSION,
                "link": self.link,
                "from": self.initiator,
                "to": self.responder,
                "nonce": self.nonce,
                "suites": [str(suite) for suite in self.suites],
                "x25519": self.x25519,
                "mlkem": self.ml_kem,
                "qkd": None if self.qkd is None else self.qkd.bytes,
                "away": self.away,
                "weakest": str(self.weakest),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Hello:
        """Raises LinkFault (MESSAGE, VERSION). Suites unknown here are left out."""
        plain = _load(data, "hello")
        names = _get(plain, "suites", list)
        if not all(isinstance(name, str) for name in names):
            raise LinkFault(LinkReason.MESSAGE, "suites")
        qkd = plain.get("qkd")
        hello = cls(
            _name(plain, "link"),
            _name(plain, "from"),
            _name(plain, "to"),
            _bytes(plain, "nonce", 32),
            tuple(suite for suite in Suite if str(suite) in names),
            _bytes(plain, "x25519", 32),
            _bytes(plain, "mlkem", 1184),
            None if qkd is None else uuid.UUID(bytes=_bytes(plain, "qkd", 16)),
            _name(plain, "away", empty=True),
            _strength(plain, "weakest"),
        )
        return _only(plain, hello, {"suites": names})


@dataclass(frozen=True, slots=True)
class Reply:
    """Second message (应答): shares, what was chosen, the responder's signature and confirmation."""

    nonce: bytes
    suite: Suite
    x25519: bytes
    ml_kem: bytes
    strength: Strength
    away: str
    signature: bytes = b""
    confirm: bytes = b""

    def core(self) -> bytes:
        """The part that is signed: everything but signature and confirmation."""
        return replace(self, signature=b"", confirm=b"").to_bytes()

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        return _dump(
            {
                "t": "reply",
                "v": VERSION,
                "nonce": self.nonce,
                "suite": str(self.suite),
                "x25519": self.x25519,
                "mlkem": self.ml_kem,
                "strength": str(self.strength),
                "away": self.away,
                "sig": self.signature,
                "confirm": self.confirm,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Reply:
        """Raises LinkFault (MESSAGE, VERSION)."""
        plain = _load(data, "reply")
        name = _get(plain, "suite", str)
        if name not in list(Suite):
            raise LinkFault(LinkReason.SUITE, name[:40])
        reply = cls(
            _bytes(plain, "nonce", 32),
            Suite(name),
            _bytes(plain, "x25519", 32),
            _bytes(plain, "mlkem", 1088),
            _strength(plain, "strength"),
            _name(plain, "away", empty=True),
            _get(plain, "sig", bytes),
            _bytes(plain, "confirm", 32),
        )
        return _only(plain, reply)


@dataclass(frozen=True, slots=True)
class Finish:
    """Third message (完成): the initiator's signature and confirmation."""

    signature: bytes
    confirm: bytes

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        return _dump({"t": "finish", "v": VERSION, "sig": self.signature, "confirm": self.confirm})

    @classmethod
    def from_bytes(cls, data: bytes) -> Finish:
        """Raises LinkFault (MESSAGE, VERSION)."""
        plain = _load(data, "finish")
        return _only(plain, cls(_get(plain, "sig", bytes), _bytes(plain, "confirm", 32)))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Instead of the next message (拒绝): a reason. Not signed, so only a hint to people."""

    reason: LinkReason

    def to_bytes(self) -> bytes:
        """Deterministic CBOR."""
        return _dump({"t": "refusal", "v": VERSION, "reason": str(self.reason)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Refusal:
        """Raises LinkFault (MESSAGE, VERSION)."""
        plain = _load(data, "refusal")
        name = _get(plain, "reason", str)
        if name not in list(LinkReason):
            raise LinkFault(LinkReason.MESSAGE, "reason")
        return _only(plain, cls(LinkReason(name)))


_Message = TypeVar("_Message", Hello, Reply, Finish, Refusal)
_Value = TypeVar("_Value")


def is_refusal(data: bytes) -> bool:
    """Whether a message says no; its form is checked by ``Refusal.from_bytes``."""
    try:
        return bool(_plain(data).get("t") == "refusal")
    except LinkFault:
        return False


def _dump(plain: Mapping[str, Any]) -> bytes:
    return cbor2.dumps(plain, canonical=True)


def _plain(data: bytes) -> dict[Any, Any]:
    if len(data) > MESSAGE_BYTES:
        raise LinkFault(LinkReason.TOO_LARGE, "handshake")
    try:
        plain = cbor2.loads(data)
        again = _dump(plain) if isinstance(plain, dict) else b""
    except (cbor2.CBORError, ValueError, TypeError, RecursionError):
        raise LinkFault(LinkReason.MESSAGE, "cbor") from None
    if again != data:
        raise LinkFault(LinkReason.MESSAGE, "cbor")
    return plain  # type: ignore[no-any-return]


def _load(data: bytes, kind: str) -> dict[Any, Any]:
    plain = _plain(data)
    if plain.get("v") != VERSION:
        raise LinkFault(LinkReason.VERSION, str(plain.get("v"))[:20])
    if plain.get("t") != kind:
        raise LinkFault(LinkReason.MESSAGE, kind)
    return plain


def _only(plain: Mapping[Any, Any], message: _Message, kept: Mapping[str, Any] | None = None) -> _Message:
    """The message, if it says all that was received: members nobody reads must not be signed by anybody."""
    if _dump({**cbor2.loads(message.to_bytes()), **(kept or {})}) != _dump(plain):
        raise LinkFault(LinkReason.MESSAGE, "members")
    return message


def _get(plain: Mapping[Any, Any], name: str, kind: type[_Value]) -> _Value:
    value = plain.get(name)
    if not isinstance(value, kind):
        raise LinkFault(LinkReason.MESSAGE, name)
    return value


def _bytes(plain: Mapping[Any, Any], name: str, size: int) -> bytes:
    value = _get(plain, name, bytes)
    if len(value) != size:
        raise LinkFault(LinkReason.MESSAGE, name)
    return value


def _name(plain: Mapping[Any, Any], name: str, *, empty: bool = False) -> str:
    value = _get(plain, name, str)
    if len(value) > _NAME_CHARACTERS or not (value or empty):
        raise LinkFault(LinkReason.MESSAGE, name)
    return value


def _strength(plain: Mapping[Any, Any], name: str) -> Strength:
    value = _get(plain, name, str)
    if value not in list(Strength):
        raise LinkFault(LinkReason.MESSAGE, name)
    return Strength(value)
