"""JSON Web Keys (RFC 7517, 7518, 8037; ML-DSA as "AKP" of draft-ietf-cose-dilithium) and thumbprints.

SM2 has no registered curve name; "SM2" is used here as private name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache

from quancheng.core.keys.algorithm import Algorithm, KeyFault
from quancheng.core.keys.public import PublicKey

__all__ = ["from_jwk", "thumbprint", "to_jwk"]

_CURVES = {Algorithm.ES256: "P-256", Algorithm.SM2: "SM2"}
_ALGORITHM_OF_CURVE = {name: algorithm for algorithm, name in _CURVES.items()}
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "AKP": ("alg", "kty", "pub")}


def to_jwk(public: PublicKey) -> dict[str, str]:
    """The key as JWK, with its ``alg``."""
    algorithm, data = public.algorithm, public.data
    if algorithm in _CURVES:
        return {
            "kty": "EC",
            "crv": _CURVES[algorithm],
            "x": _encode(data[1:33]),
            "y": _encode(data[33:]),
            "alg": str(algorithm),
        }
    if algorithm is Algorithm.EDDSA:
        return {"kty": "OKP", "crv": "Ed25519", "x": _encode(data), "alg": str(algorithm)}
    return {"kty": "AKP", "alg": str(algorithm), "pub": _encode(data)}


def from_jwk(jwk: Mapping[str, object]) -> PublicKey:
    """The key of a JWK; private members are refused. Raises KeyFault."""
    if "d" in jwk or "priv" in jwk:
        raise KeyFault("this JWK carries a private key: send the public one only")
    kind = _text(jwk, "kty")
    if kind == "EC":
        algorithm = _ALGORITHM_OF_CURVE.get(_text(jwk, "crv"))
        if algorithm is None:
            raise KeyFault(f"curve {jwk['crv']!r} is not known")
        data = b"\x04" + _decode(jwk, "x", 32) + _decode(jwk, "y", 32)
    elif kind == "OKP":
        if _text(jwk, "crv") != "Ed25519":
            raise KeyFault(f"curve {jwk['crv']!r} is not known")
        algorithm, data = Algorithm.EDDSA, _decode(jwk, "x", 32)
    elif kind == "AKP":
        algorithm, data = _named(_text(jwk, "alg")), _decode(jwk, "pub", None)
    else:
        raise KeyFault(f"key type {kind!r} is not known")
    if "alg" in jwk and jwk["alg"] != str(algorithm):
        raise KeyFault(f"a key for {algorithm} that says {jwk['alg']!r}")
    return PublicKey(algorithm, data)


@lru_cache(maxsize=1024)
def thumbprint(public: PublicKey) -> bytes:
    """SHA-256 thumbprint of RFC 7638 (RFC 8037 appendix A.3), 32 bytes."""
    jwk = to_jwk(public)
    members = {name: jwk[name] for name in _REQUIRED[jwk["kty"]]}
    return hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()


def _named(name: str) -> Algorithm:
    if not name.startswith("ML-DSA-"):
        raise KeyFault(f"algorithm {name!r} is not known for AKP keys")
    try:
        return Algorithm(name)
    except ValueError:
        raise KeyFault(f"algorithm {name!r} is not known") from None


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyFault(f"the JWK lacks {name!r}")
    return value


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(jwk: Mapping[str, object], name: str, size: int | None) -> bytes:
    text = _text(jwk, name)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeyFault(f"{name!r} is not base64url") from None
    if size is not None and len(data) != size:
        raise KeyFault(f"{name!r} has {len(data)} bytes, not {size}")
    if _encode(data) != text:
        raise KeyFault(f"{name!r} is not canonical base64url")
    return data
