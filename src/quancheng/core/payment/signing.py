"""签名算法: HMAC-SHA256, RSA-SHA256 and Ed25519 behind two small protocols.

HMAC: RFC 2104 with SHA-256. RSA: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2), keys of
2048 bits or more. Ed25519: RFC 8032. National algorithms (SM2 with SM3) fit the same protocols.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from quancheng.core.payment.errors import PaymentError, PaymentReason

__all__ = [
    "Ed25519Signer",
    "Ed25519Verifier",
    "HmacKey",
    "RsaSigner",
    "RsaVerifier",
    "Signer",
    "Verifier",
]

_LEAST_SECRET = 16
_LEAST_RSA = 2048


class Signer(Protocol):
    """Makes signatures under a name (签名者)."""

    @property
    def algorithm(self) -> str:
        """Name of the algorithm; part of what is signed."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Signature of the data."""
        ...


class Verifier(Protocol):
    """Judges signatures (验签者)."""

    @property
    def algorithm(self) -> str:
        """Name of the one algorithm accepted."""
        ...

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is of this data by this key."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class HmacKey:
    """A shared secret of at least 16 bytes (HMAC 密钥): signer and verifier in one."""

    secret: bytes
    algorithm: str = "HMAC-SHA256"

    def __post_init__(self) -> None:
        if len(self.secret) < _LEAST_SECRET:
            raise PaymentError(PaymentReason.KEY, self.algorithm)

    def sign(self, data: bytes) -> bytes:
        """HMAC-SHA256 of the data."""
        return hmac.new(self.secret, data, hashlib.sha256).digest()

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.sign(data), signature)


@dataclass(frozen=True, slots=True, repr=False)
class RsaSigner:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RSA 签名)."""

    key: RSAPrivateKey
    algorithm: str = "RSA-SHA256"

    def __post_init__(self) -> None:
        if self.key.key_size < _LEAST_RSA:
            raise PaymentError(PaymentReason.KEY, self.algorithm)

    def sign(self, data: bytes) -> bytes:
        """Signature, as long as the modulus."""
        return self.key.sign(data, PKCS1v15(), SHA256())


@dataclass(frozen=True, slots=True, repr=False)
class RsaVerifier:
    """The public side of ``RsaSigner`` (RSA 验签)."""

    key: RSAPublicKey
    algorithm: str = "RSA-SHA256"

    def __post_init__(self) -> None:
        if self.key.key_size < _LEAST_RSA:
            raise PaymentError(PaymentReason.KEY, self.algorithm)

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is good."""
        try:
            self.key.verify(signature, data, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class Ed25519Signer:
    """Ed25519 of RFC 8032 (Ed25519 签名)."""

    key: Ed25519PrivateKey
    algorithm: str = "Ed25519"

    def sign(self, data: bytes) -> bytes:
        """Signature of 64 bytes."""
        return self.key.sign(data)


@dataclass(frozen=True, slots=True, repr=False)
class Ed25519Verifier:
    """The public side of ``Ed25519Signer`` (Ed25519 验签)."""

    key: Ed25519PublicKey
    algorithm: str = "Ed25519"

    def holds(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is good."""
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True
