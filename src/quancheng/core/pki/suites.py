"""Names and wire forms of signatures in X.509 and CMS.

Sources: RFC 5480 and 5758 (ECDSA), RFC 8410 (Ed25519), GB/T 33560-2017 (SM2 with SM3, SM3). ML-DSA
(RFC 9881) is not here: few readers of certificates know it yet; its bare keys are in ``core.keys``.
ECDSA and SM2 signatures are ``SEQUENCE {r, s}`` on the wire, ``r || s`` with us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from quancheng.core.keys import Algorithm
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.sm import sm3

__all__ = [
    "DIGESTS",
    "SM3_OID",
    "Naming",
    "algorithm_of",
    "digest_of",
    "naming",
    "raw_signature",
    "wire_signature",
]

SHA256_OID, SM3_OID = "2.16.840.1.101.3.4.2.1", "1.2.156.10197.1.401"


def _hash(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


DIGESTS: Mapping[str, tuple[int, Callable[[bytes], bytes]]] = {
    SHA256_OID: (32, _hash("sha256")),
    "2.16.840.1.101.3.4.2.2": (48, _hash("sha384")),
    "2.16.840.1.101.3.4.2.3": (64, _hash("sha512")),
    SM3_OID: (32, sm3),
}
"""Digests accepted in imprints and attributes, by OID: length and function. SHA-1 is not among them."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What an algorithm is called on the wire."""

    signature: str
    """OID of the signature algorithm."""
    digest: str
    """OID of the digest CMS uses beside it."""
    integers: bool = False
    """Whether the signature is a SEQUENCE of two INTEGERs."""


_NAMES: Mapping[Algorithm, Naming] = {
    Algorithm.ES256: Naming("1.2.840.10045.4.3.2", SHA256_OID, integers=True),
    Algorithm.EDDSA: Naming("1.3.101.112", "2.16.840.1.101.3.4.2.3"),
    Algorithm.SM2: Naming("1.2.156.10197.1.501", SM3_OID, integers=True),
}
_OF_OID = {name.signature: algorithm for algorithm, name in _NAMES.items()}


def naming(algorithm: Algorithm) -> Naming:
    """How the algorithm is named in certificates and CMS. Raises PkiError (ALGORITHM): it is not used there."""
    if algorithm not in _NAMES:
        raise PkiError(PkiReason.ALGORITHM, f"no certificates with {algorithm}")
    return _NAMES[algorithm]


def algorithm_of(oid: str) -> Algorithm:
    """The algorithm of a signature OID. Raises PkiError (ALGORITHM)."""
    if oid not in _OF_OID:
        raise PkiError(PkiReason.ALGORITHM, f"signature algorithm {oid}")
    return _OF_OID[oid]


def digest_of(oid: str, data: bytes) -> bytes:
    """Digest of the data by the OID of the function. Raises PkiError (ALGORITHM)."""
    if oid not in DIGESTS:
        raise PkiError(PkiReason.ALGORITHM, f"digest {oid}")
    return DIGESTS[oid][1](data)


def wire_signature(algorithm: Algorithm, raw: bytes) -> bytes:
    """A signature of ``SigningKey.sign`` as certificates carry it."""
    if not _NAMES[algorithm].integers:
        return raw
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def raw_signature(algorithm: Algorithm, wire: bytes) -> bytes:
    """The other way. Raises PkiError (SIGNATURE): not the one DER form of two numbers."""
    if not _NAMES[algorithm].integers:
        return wire
    try:
        r, s = decode_dss_signature(wire)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        raise PkiError(PkiReason.SIGNATURE, "not a SEQUENCE of two INTEGERs") from None
    if encode_dss_signature(r, s) != wire:
        raise PkiError(PkiReason.SIGNATURE, "not DER")
    return raw
