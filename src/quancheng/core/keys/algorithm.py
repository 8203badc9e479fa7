"""The signature algorithms the city knows (算法登记)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Algorithm", "KeyFault", "SignatureError"]


class Algorithm(StrEnum):
    """Signature algorithms by the names of their own registries.

    ES256 and EdDSA: RFC 7518, RFC 8037. SM2-SM3: GB/T 32918.2 with the default identity of
    GM/T 0009. ML-DSA: FIPS 204, names of draft-ietf-cose-dilithium.
    """

    ES256 = "ES256"
    EDDSA = "EdDSA"
    SM2 = "SM2-SM3"
    ML_DSA_44 = "ML-DSA-44"
    ML_DSA_65 = "ML-DSA-65"
    ML_DSA_87 = "ML-DSA-87"


class KeyFault(Exception):
    """A key that is none: wrong length, not on the curve, unknown algorithm (密钥不成立)."""


class SignatureError(Exception):
    """A signature that does not hold (签名不成立)."""
