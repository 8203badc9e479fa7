"""签名: who signs and whose signatures are trusted; algorithms can be added (SM2) and none is assumed.

Ed25519 is RFC 8032. ECDSA is P-256 with SHA-256 (FIPS 186-5), written as r‖s of 64 bytes (as JWS
does, RFC 7518 section 3.4) with s in the lower half, so that one signature has one spelling. A key's name is
the SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1) in hex: a key cannot be swapped under
its name. Everything signed begins with a domain, so a signed stamp is never a signed message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from quancheng.core.exchange.errors import KeyFault

__all__ = [
    "VERIFIERS",
    "Domain",
    "EcdsaSigner",
    "EcdsaVerifier",
    "Ed25519Signer",
    "Ed25519Verifier",
    "KeyRole",
    "Signature",
    "Signer",
    "TrustedKey",
    "TrustedKeys",
    "Verifier",
    "key_name",
    "sign",
    "signature_holds",
]

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (SP 800-186, 3.2.1.3)."""


class Domain(StrEnum):
    """What kind of thing is signed (签名用途); goes before the signed bytes."""

    MESSAGE = "quancheng-exchange/1 message"
    STAMP = "quancheng-exchange/1 stamp"
    CASCADE = "quancheng-cascade/1 message"


class KeyRole(StrEnum):
    """What a key may sign (密钥用途)."""

    MESSAGE = "message"
    STAMP = "stamp"


class Signer(Protocol):
    """A private key, wherever it lives (签名者): memory, a card, a signing server."""

    @property
    def algorithm(self) -> str:
        """Name of the algorithm, as in ``VERIFIERS``."""
        ...

    @property
    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Signature over ``data``."""
        ...


class Verifier(Protocol):
    """An algorithm's check (验签者)."""

    def holds(self, public_der: bytes, data: bytes, signature: bytes) -> bool:
        """Whether the signature is right; ``False`` for a key it cannot read."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature with the name of its key (签名)."""

    algorithm: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that is believed to belong to a party (可信公钥).

    Valid in [``valid_from``, ``valid_until``); signatures made from ``revoked`` on do not count.
    """

    owner: str
    algorithm: str
    public_der: bytes
    roles: frozenset[KeyRole]
    valid_from: datetime
    valid_until: datetime
    revoked: datetime | None = None

    @property
    def name(self) -> str:
        """The key's name (密钥标识)."""
        return key_name(self.public_der)

    def valid_at(self, moment: datetime) -> bool:
        """Whether a signature of that moment counts (当时是否有效)."""
        ends = self.valid_until if self.revoked is None else min(self.valid_until, self.revoked)
        return self.valid_from <= moment < ends

    @classmethod
    def of_certificate(
        cls, der: bytes, owner: str, roles: frozenset[KeyRole], revoked: datetime | None = None
    ) -> TrustedKey:
        """Key and dates of an X.509 certificate (由证书得到); its chain was checked before by the caller."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            public = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFault("证书无法读取", "the certificate cannot be read") from error
        if isinstance(public, ed25519.Ed25519PublicKey):
            algorithm = "ed25519"
        elif isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
            algorithm = "ecdsa-p256"
        else:
            raise KeyFault("证书的算法不支持", "the certificate's algorithm is not supported")
        return cls(
            owner,
            algorithm,
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            roles,
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            revoked,
        )


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Trusted keys by name (可信公钥集)."""

    keys: Mapping[str, TrustedKey]

    @classmethod
    def of(cls, keys: Iterable[TrustedKey]) -> TrustedKeys:
        """From keys; two parties with one key are refused: it would prove nothing."""
        found: dict[str, TrustedKey] = {}
        for key in keys:
            if found.setdefault(key.name, key) != key:
                raise KeyFault("同一公钥登记了两次", "one key is registered twice")
        return cls(found)

    def find(self, name: str) -> TrustedKey | None:
        """The key of that name (查找)."""
        return self.keys.get(name)


def key_name(public_der: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, hex (密钥标识)."""
    return hashlib.sha256(public_der).hexdigest()


def sign(signer: Signer, domain: Domain, data: bytes) -> Signature:
    """Sign bytes of a domain (签名): over ``domain`` ‖ 0x0A ‖ ``data``."""
    value = signer.sign(domain.encode() + b"\n" + data)
    return Signature(signer.algorithm, key_name(signer.public_der), value)


def signature_holds(
    signature: Signature,
    domain: Domain,
    data: bytes,
    public_der: bytes,
    verifiers: Mapping[str, Verifier] | None = None,
) -> bool:
    """Whether a signature is right for a key (验签); unknown algorithms are not."""
    verifier = (VERIFIERS if verifiers is None else verifiers).get(signature.algorithm)
    if verifier is None or key_name(public_der) != signature.key:
        return False
    return verifier.holds(public_der, domain.encode() + b"\n" + data, signature.value)


class Ed25519Signer:
    """Ed25519 with a key in memory (RFC 8032)."""

    algorithm = "ed25519"

    def __init__(self, private: ed25519.Ed25519PrivateKey) -> None:
        self._private = private
        self.public_der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(data)


class Ed25519Verifier:
    """Check of Ed25519."""

    def holds(self, public_der: bytes, data: bytes, signature: bytes) -> bool:
        """Whether the signature is right."""
        public = _load(public_der)
        if not isinstance(public, ed25519.Ed25519PublicKey):
            return False
        try:
            public.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class EcdsaSigner:
    """ECDSA P-256 with SHA-256 and a key in memory (FIPS 186-5)."""

    algorithm = "ecdsa-p256"

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private.curve, ec.SECP256R1):
            raise KeyFault("曲线应为 P-256", "the curve must be P-256")
        self._private = private
        self.public_der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """r‖s, 64 bytes, s in the lower half."""
        r, s = utils.decode_dss_signature(self._private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")


class EcdsaVerifier:
    """Check of ECDSA P-256."""

    def holds(self, public_der: bytes, data: bytes, signature: bytes) -> bool:
        """Whether the signature is right and in its one spelling."""
        public = _load(public_der)
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if len(signature) != 64 or s > _ORDER // 2:
            return False
        try:
            public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


VERIFIERS: Mapping[str, Verifier] = {"ed25519": Ed25519Verifier(), "ecdsa-p256": EcdsaVerifier()}
"""Algorithms known here; pass ``{**VERIFIERS, "sm2-sm3": …}`` to add one."""


def _load(public_der: bytes) -> object:
    try:
        return load_der_public_key(public_der)
    except (ValueError, UnsupportedAlgorithm):
        return None
