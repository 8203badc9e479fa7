"""What each algorithm does: one ``Suite`` a row, the only place that knows the primitives.

Wire forms: public keys and signatures as ``PublicKey`` documents them. ES256 and SM2 signatures are
``r || s``; the rest are as their standards print them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quancheng.core.keys.algorithm import Algorithm, KeyFault, SignatureError
from quancheng.core.sm import SmFault, sm2_generate, sm2_public, sm2_sign, sm2_verify

__all__ = ["SUITES", "Suite", "crypto_public"]


@dataclass(frozen=True, slots=True)
class Suite:
    """The five things an algorithm can do, on raw bytes."""

    generate: Callable[[], bytes]
    """A new private key, raw."""
    public: Callable[[bytes], bytes]
    """Its public key. Raises KeyFault."""
    sign: Callable[[bytes, bytes], bytes]
    """(private, message) → signature."""
    check: Callable[[bytes], object]
    """Raises KeyFault when these are no public key."""
    verify: Callable[[bytes, bytes, bytes], None]
    """(public, message, signature); raises SignatureError, KeyFault."""


_SHA256 = ec.ECDSA(hashes.SHA256())
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@lru_cache(maxsize=4096)
def _p256(point: bytes) -> ec.EllipticCurvePublicKey:
    if len(point) != 65 or point[0] != 4:
        raise KeyFault("an ES256 public key is an uncompressed point of 65 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as wrong:
        raise KeyFault(f"not a point of P-256: {wrong}") from None


@lru_cache(maxsize=256)
def _p256_private(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(scalar, "big")
    if len(scalar) != 32 or not 0 < number < _P256_ORDER:
        raise KeyFault("an ES256 private key is 32 bytes, 1 to n-1")
    return ec.derive_private_key(number, ec.SECP256R1())


def _p256_public(scalar: bytes) -> bytes:
    key = _p256_private(scalar).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _p256_generate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_numbers().private_value.to_bytes(32, "big")


def _p256_sign(scalar: bytes, message: bytes) -> bytes:
    r, s = decode_dss_signature(_p256_private(scalar).sign(message, _SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _p256_verify(point: bytes, message: bytes, signature: bytes) -> None:
    if len(signature) != 64:
        raise SignatureError("an ES256 signature has 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        _p256(point).verify(encode_dss_signature(r, s), message, _SHA256)
    except InvalidSignature:
        raise SignatureError("the ES256 signature does not hold") from None


@lru_cache(maxsize=4096)
def _ed25519(data: bytes) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(data)
    except ValueError as wrong:
        raise KeyFault(f"not an Ed25519 key: {wrong}") from None


@lru_cache(maxsize=256)
def _ed25519_private(seed: bytes) -> ed25519.Ed25519PrivateKey:
    try:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    except ValueError as wrong:
        raise KeyFault(f"not an Ed25519 seed: {wrong}") from None


def _ed25519_verify(data: bytes, message: bytes, signature: bytes) -> None:
    try:
        _ed25519(data).verify(signature, message)
    except InvalidSignature:
        raise SignatureError("the EdDSA signature does not hold") from None


def _sm2_public(scalar: bytes) -> bytes:
    try:
        return sm2_public(scalar)
    except SmFault as wrong:
        raise KeyFault(str(wrong)) from None


def _sm2_verify(point: bytes, message: bytes, signature: bytes) -> None:
    try:
        good = sm2_verify(point, message, signature)
    except SmFault as wrong:
        raise KeyFault(str(wrong)) from None
    if not good:
        raise SignatureError("the SM2 signature does not hold")


def _sm2_check(point: bytes) -> None:
    try:
        sm2_verify(point, b"", b"")
    except SmFault as wrong:
        raise KeyFault(str(wrong)) from None


def _mldsa(private: Any, public: Any, name: str) -> Suite:
    """FIPS 204: the private key is its 32-byte seed, the context empty."""

    @lru_cache(maxsize=256)
    def load(data: bytes) -> Any:
        try:
            return public.from_public_bytes(data)
        except ValueError as wrong:
            raise KeyFault(f"not an {name} key: {wrong}") from None

    @lru_cache(maxsize=64)
    def load_private(seed: bytes) -> Any:
        try:
            return private.from_seed_bytes(seed)
        except ValueError as wrong:
            raise KeyFault(f"not an {name} seed: {wrong}") from None

    def verify(data: bytes, message: bytes, signature: bytes) -> None:
        try:
            load(data).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise SignatureError(f"the {name} signature does not hold") from None

    return Suite(
        generate=lambda: private.generate().private_bytes_raw(),
        public=lambda seed: load_private(seed).public_key().public_bytes_raw(),
        sign=lambda seed, message: load_private(seed).sign(message),
        check=load,
        verify=verify,
    )


SUITES: Mapping[Algorithm, Suite] = {
    Algorithm.ES256: Suite(_p256_generate, _p256_public, _p256_sign, _p256, _p256_verify),
    Algorithm.EDDSA: Suite(
        generate=lambda: ed25519.Ed25519PrivateKey.generate().private_bytes_raw(),
        public=lambda seed: _ed25519_private(seed).public_key().public_bytes_raw(),
        sign=lambda seed, message: _ed25519_private(seed).sign(message),
        check=_ed25519,
        verify=_ed25519_verify,
    ),
    Algorithm.SM2: Suite(sm2_generate, _sm2_public, sm2_sign, _sm2_check, _sm2_verify),
    Algorithm.ML_DSA_44: _mldsa(mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey, "ML-DSA-44"),
    Algorithm.ML_DSA_65: _mldsa(mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey, "ML-DSA-65"),
    Algorithm.ML_DSA_87: _mldsa(mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey, "ML-DSA-87"),
}


def crypto_public(algorithm: Algorithm, data: bytes) -> Any:
    """The key as an object of ``cryptography``; SM2 has none there. Raises KeyFault."""
    match algorithm:
        case Algorithm.ES256:
            return _p256(data)
        case Algorithm.EDDSA:
            return _ed25519(data)
        case Algorithm.ML_DSA_44:
            return mldsa.MLDSA44PublicKey.from_public_bytes(data)
        case Algorithm.ML_DSA_65:
            return mldsa.MLDSA65PublicKey.from_public_bytes(data)
        case Algorithm.ML_DSA_87:
            return mldsa.MLDSA87PublicKey.from_public_bytes(data)
    raise KeyFault(f"cryptography has no {algorithm} keys")
