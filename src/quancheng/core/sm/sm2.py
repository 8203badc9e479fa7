"""SM2 椭圆曲线公钥密码算法 (GB/T 32918.1–5): signatures and encryption on the recommended curve.

Keys are plain bytes: the private scalar (32), the public point uncompressed (65, ``04 || x || y``).
Signatures are ``r || s`` (64). Ciphertexts are ``C1 || C3 || C2`` as GB/T 32918.4-2016 orders them.
"""

from __future__ import annotations

import secrets
from functools import lru_cache

from asn1crypto.core import Integer, OctetString, Sequence
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from quancheng.core.sm import libcrypto
from quancheng.core.sm.curve import ORDER, base_times
from quancheng.core.sm.errors import SmFault

__all__ = [
    "DEFAULT_ID",
    "SPKI_PREFIX",
    "sm2_decrypt",
    "sm2_encrypt",
    "sm2_generate",
    "sm2_public",
    "sm2_sign",
    "sm2_verify",
]

DEFAULT_ID = b"1234567812345678"
"""The signer's identity when none is agreed (GM/T 0009-2012 section 10)."""

SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""SubjectPublicKeyInfo up to the point: id-ecPublicKey with curve 1.2.156.10197.1.301 (GB/T 20518)."""


def sm2_generate() -> bytes:
    """A new private scalar, 1 to n−2 (GB/T 32918.1 section 6.1)."""
    return (secrets.randbelow(ORDER - 2) + 1).to_bytes(32, "big")


@lru_cache(maxsize=256)
def sm2_public(private: bytes) -> bytes:
    """The public point of a private scalar. Raises SmFault: out of range."""
    scalar = int.from_bytes(private, "big")
    if len(private) != 32 or not 0 < scalar < ORDER - 1:
        raise SmFault("an SM2 private key is 32 bytes, 1 to n-2")
    x, y = base_times(scalar)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sm2_sign(private: bytes, message: bytes, identity: bytes = DEFAULT_ID) -> bytes:
    """Signature ``r || s`` over SM3(Z || message). Raises SmFault."""
    r, s = decode_dss_signature(libcrypto.sign(_private(private), identity, message))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sm2_verify(public: bytes, message: bytes, signature: bytes, identity: bytes = DEFAULT_ID) -> bool:
    """Whether ``r || s`` holds. Raises SmFault: the key is no point of the curve."""
    key = _public(public)
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not 0 < r < ORDER or not 0 < s < ORDER:
        return False
    return libcrypto.verify(key, identity, message, encode_dss_signature(r, s))


class _Cipher(Sequence):  # type: ignore[misc]
    """SM2Cipher of GM/T 0009-2012 section 7.2."""

    _fields = [("x", Integer), ("y", Integer), ("c3", OctetString), ("c2", OctetString)]


def sm2_encrypt(public: bytes, plain: bytes) -> bytes:
    """Encrypt a short message, such as a key. Raises SmFault: empty, or not a key."""
    if not plain:
        raise SmFault("nothing to encrypt")
    parts = _Cipher.load(libcrypto.encrypt(_public(public), plain), strict=True)
    x, y = parts["x"].native, parts["y"].native
    c1 = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    return c1 + parts["c3"].native + parts["c2"].native  # type: ignore[no-any-return]


def sm2_decrypt(private: bytes, sealed: bytes) -> bytes:
    """The message of ``sm2_encrypt``. Raises SmFault when anything was changed."""
    if len(sealed) < 98 or sealed[0] != 4:
        raise SmFault("not an SM2 ciphertext")
    parts = _Cipher(
        {
            "x": int.from_bytes(sealed[1:33], "big"),
            "y": int.from_bytes(sealed[33:65], "big"),
            "c3": sealed[65:97],
            "c2": sealed[97:],
        }
    )
    return libcrypto.decrypt(_private(private), parts.dump())


@lru_cache(maxsize=4096)
def _public(point: bytes) -> libcrypto.KeyHandle:
    if len(point) != 65 or point[0] != 4:
        raise SmFault("an SM2 public key is an uncompressed point of 65 bytes")
    return libcrypto.load_public(SPKI_PREFIX + point)


@lru_cache(maxsize=256)
def _private(scalar: bytes) -> libcrypto.KeyHandle:
    point = sm2_public(scalar)
    # ECPrivateKey of RFC 5915: version 1, scalar, [0] curve, [1] public key
    body = b"\x02\x01\x01\x04\x20" + scalar
    body += bytes.fromhex("a00a06082a811ccf5501822d") + bytes.fromhex("a144034200") + point
    return libcrypto.load_private(b"\x30" + bytes([len(body)]) + body)
