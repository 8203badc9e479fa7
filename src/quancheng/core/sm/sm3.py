"""SM3 密码杂凑算法 (GB/T 32905-2016), alone, keyed (HMAC, GB/T 15852.2-2012) and in Merkle trees."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes, hmac

from quancheng.core.merkle import MerkleHasher

__all__ = ["SM3_TREE", "hmac_sm3", "sm3"]

_SM3 = hashes.SM3()


def sm3(data: bytes) -> bytes:
    """SM3 digest, 32 bytes."""
    digest = hashes.Hash(_SM3)
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC over SM3, 32 bytes."""
    code = hmac.HMAC(key, _SM3)
    code.update(data)
    return code.finalize()


SM3_TREE = MerkleHasher("sm3", sm3)
"""Hashing of RFC 9162 trees with SM3 instead of SHA-256, for sites that GB requires."""
