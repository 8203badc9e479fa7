"""链路密钥编排: HKDF over X25519 ‖ ML-KEM-768 ‖ QKD, bound to every public byte of the handshake.

Whoever lacks any one of the three inputs lacks the output, as HKDF-Extract is keyed by the transcript
and each input has its own length and name (the concatenation combiner of NIST SP 800-56C r2 section 2
and draft-ietf-tls-hybrid-design). An absent QKD key is written as absent, and the strength stands in
``info``: keys of a weaker link are never those of a stronger one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.suite import Strength, Suite

__all__ = ["QKD_KEY_BYTES", "LinkKeys", "Parts", "derive"]

QKD_KEY_BYTES = 32
"""A QKD key has at least 256 bits, as strong as the other two."""

_LABEL = b"quancheng link v1"


@dataclass(frozen=True, slots=True)
class Parts:
    """The three inputs (三份密钥材料); ``qkd`` None when no quantum key was to be had."""

    x25519: bytes = field(repr=False)
    ml_kem: bytes = field(repr=False)
    qkd: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.x25519) != 32 or len(self.ml_kem) != 32:
            raise LinkFault(LinkReason.KEY_SHARE, "32 bytes")
        if self.qkd is not None and len(self.qkd) < QKD_KEY_BYTES:
            raise LinkFault(LinkReason.QKD_KEY, f"{QKD_KEY_BYTES} bytes or more")

    @property
    def strength(self) -> Strength:
        """What these inputs amount to."""
        return Strength.POST_QUANTUM if self.qkd is None else Strength.FULL

    def joined(self) -> bytes:
        """One unambiguous string of bytes."""
        pieces = ((b"X25519", self.x25519), (b"ML-KEM-768", self.ml_kem), (b"QKD", self.qkd))
        return b"".join(_piece(name, value) for name, value in pieces)


def _piece(name: bytes, value: bytes | None) -> bytes:
    there = b"\0" if value is None else b"\1"
    data = value or b""
    return bytes([len(name)]) + name + there + len(data).to_bytes(2, "big") + data


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """What both sides derive (会话密钥): record keys and nonces by direction, confirmation keys, exporter."""

    initiator_key: bytes = field(repr=False)
    responder_key: bytes = field(repr=False)
    initiator_iv: bytes = field(repr=False)
    responder_iv: bytes = field(repr=False)
    initiator_confirm: bytes = field(repr=False)
    responder_confirm: bytes = field(repr=False)
    exporter: bytes = field(repr=False)
    session: bytes
    """8 bytes that name the session in the open."""


def derive(parts: Parts, transcript: bytes, suite: Suite) -> LinkKeys:
    """The keys of a session; ``transcript``: hash of all public bytes so far."""
    sizes = (suite.key_size, suite.key_size, 12, 12, 32, 32, 32, 8)
    info = b"|".join((_LABEL, suite.encode(), parts.strength.encode()))
    stream = suite.derive(parts.joined(), transcript, info, sum(sizes))
    cut: list[bytes] = []
    for size in sizes:
        cut.append(stream[:size])
        stream = stream[size:]
    return LinkKeys(*cut)
