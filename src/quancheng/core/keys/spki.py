"""SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), the form of certificates and PEM files."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from quancheng.core.keys.algorithm import Algorithm, KeyFault
from quancheng.core.keys.public import PublicKey
from quancheng.core.keys.suites import crypto_public
from quancheng.core.sm.sm2 import SPKI_PREFIX

__all__ = ["from_spki", "to_spki"]

_RAW = {
    ed25519.Ed25519PublicKey: Algorithm.EDDSA,
    mldsa.MLDSA44PublicKey: Algorithm.ML_DSA_44,
    mldsa.MLDSA65PublicKey: Algorithm.ML_DSA_65,
    mldsa.MLDSA87PublicKey: Algorithm.ML_DSA_87,
}


def to_spki(public: PublicKey) -> bytes:
    """DER of the key."""
    if public.algorithm is Algorithm.SM2:
        return SPKI_PREFIX + public.data
    key = crypto_public(public.algorithm, public.data)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def from_spki(der: bytes) -> PublicKey:
    """The key of a DER. Raises KeyFault: no key, or of an algorithm the city does not know."""
    if der.startswith(SPKI_PREFIX):
        return PublicKey(Algorithm.SM2, der[len(SPKI_PREFIX) :])
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise KeyFault(f"not a public key: {wrong}") from None
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return PublicKey(Algorithm.ES256, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    for kind, algorithm in _RAW.items():
        if isinstance(key, kind):
            return PublicKey(algorithm, key.public_bytes_raw())  # type: ignore[union-attr]
    raise KeyFault("keys of this algorithm are not used here")
