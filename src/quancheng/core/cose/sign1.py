"""COSE_Sign1 (RFC 9052 section 4.2): one payload, one signer.

Headers written here are protected only. A reader looks the algorithm up at the key, never the other way
round, and refuses critical headers it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from quancheng.core.cose.cbor import decode, encode
from quancheng.core.cose.errors import CoseFault, CoseReason
from quancheng.core.cose.labels import LABELS, algorithm_of
from quancheng.core.keys import Algorithm, PublicKey, SignatureError, SigningKey

__all__ = ["ALG", "CRIT", "KID", "TAG", "Sign1", "attach", "parse1", "sign1", "signed_bytes", "verify1"]

ALG, CRIT, CONTENT_TYPE, KID = 1, 2, 3, 4
TAG = 18
"""CBOR tag of COSE_Sign1."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A parsed message; nothing in it is believed before ``verify1`` gave it."""

    protected: bytes
    headers: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    payload: bytes
    signature: bytes

    @property
    def kid(self) -> bytes:
        """Name of the key, protected before unprotected; empty when none is given."""
        name = self.headers.get(KID, self.unprotected.get(KID, b""))
        return name if isinstance(name, bytes) else b""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm it says. Raises CoseFault."""
        return algorithm_of(self.headers.get(ALG))


def signed_bytes(protected: bytes, payload: bytes, external: bytes = b"") -> bytes:
    """Sig_structure of RFC 9052 section 4.4, what is signed."""
    return encode(["Signature1", protected, external, payload])


@lru_cache(maxsize=256)
def _headers(algorithm: Algorithm, kid: bytes) -> bytes:
    return encode({ALG: LABELS[algorithm], KID: kid} if kid else {ALG: LABELS[algorithm]})


def sign1(
    payload: bytes, key: SigningKey, *, kid: bytes | None = None, external: bytes = b"", named: bool = True,
    detached: bool = False,
) -> bytes:  # fmt: skip
    """An untagged COSE_Sign1. ``kid`` is the key's own name by default; ``named=False`` leaves it out.

    ``detached``: the payload is signed and travels apart (RFC 9052 section 4.1); ``attach`` puts it back.
    """
    public = key.public
    name = (public.kid if kid is None else kid) if named else b""
    protected = _headers(public.algorithm, name)
    signature = key.sign(signed_bytes(protected, payload, external))
    return encode([protected, {}, None if detached else payload, signature])


def attach(data: bytes, payload: bytes, *, canonical: bool = True) -> Sign1:
    """A detached message with the payload that came apart; no signature is checked. Raises CoseFault."""
    value = decode(data, canonical=canonical)
    parts = value.value if getattr(value, "tag", None) == TAG else value
    if not isinstance(parts, list | tuple) or len(parts) != 4 or parts[2] is not None:
        raise CoseFault(CoseReason.STRUCTURE, "not a detached message")
    return _parts([parts[0], parts[1], payload, parts[3]], canonical)


def parse1(data: bytes, *, canonical: bool = True) -> Sign1:
    """The parts of a message, tagged or not; no signature is checked. Raises CoseFault."""
    return _parts(decode(data, canonical=canonical), canonical)


def _parts(value: Any, canonical: bool) -> Sign1:
    if getattr(value, "tag", None) == TAG:
        value = value.value
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise CoseFault(CoseReason.STRUCTURE, "not an array of four")
    protected, unprotected, payload, signature = value
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise CoseFault(CoseReason.STRUCTURE, "parts of other types")
    if not isinstance(unprotected, Mapping):
        raise CoseFault(CoseReason.STRUCTURE, "unprotected headers are no map")
    return Sign1(protected, _read_headers(protected, canonical), unprotected, payload, signature)


@lru_cache(maxsize=1024)
def _read_headers(protected: bytes, canonical: bool) -> Mapping[Any, Any]:
    headers = decode(protected, canonical=canonical) if protected else {}
    if not isinstance(headers, Mapping):
        raise CoseFault(CoseReason.STRUCTURE, "protected headers are no map")
    if not all(type(label) in (int, str) for label in headers):  # true and 1.0 are equal to 1 in Python
        raise CoseFault(CoseReason.STRUCTURE, "a label is an integer or a text (RFC 9052 section 1.5)")
    if CRIT in headers:
        raise CoseFault(CoseReason.CRITICAL, repr(headers[CRIT]))
    return headers


def verify1(
    data: bytes | Sign1, keys: Mapping[bytes, PublicKey] | PublicKey, *, external: bytes = b""
) -> Sign1:
    """The message, when a trusted key signed it. Raises CoseFault.

    ``keys`` by name, or the one key expected.
    """
    message = data if isinstance(data, Sign1) else parse1(data)
    key = keys if isinstance(keys, PublicKey) else keys.get(message.kid)
    if key is None:
        raise CoseFault(CoseReason.UNKNOWN_KEY, message.kid.hex())
    if message.algorithm is not key.algorithm:
        raise CoseFault(CoseReason.ALGORITHM, f"{message.algorithm} under a key for {key.algorithm}")
    try:
        key.verify(signed_bytes(message.protected, message.payload, external), message.signature)
    except SignatureError:
        raise CoseFault(CoseReason.SIGNATURE, "") from None
    return message
