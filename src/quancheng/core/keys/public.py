"""A public key: an algorithm and bytes."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.keys.algorithm import Algorithm
from quancheng.core.keys.suites import SUITES

__all__ = ["PublicKey"]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """公钥, a value. Making one checks it. Raises KeyFault.

    ``data`` is raw: the uncompressed point (65 bytes) of ES256 and SM2, 32 bytes of Ed25519, the
    encoding of FIPS 204 of ML-DSA.
    """

    algorithm: Algorithm
    data: bytes

    def __post_init__(self) -> None:
        SUITES[self.algorithm].check(self.data)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Nothing when the signature holds. Raises SignatureError.

        ES256 and SM2 signatures are ``r || s``, 64 bytes.
        """
        SUITES[self.algorithm].verify(self.data, message, signature)

    @property
    def kid(self) -> bytes:
        """Short name of the key: the first 8 bytes of its RFC 7638 thumbprint."""
        from quancheng.core.keys.jwk import thumbprint

        return thumbprint(self)[:8]
