"""The hash of chains and trees: SHA-256, or SM3 (GB/T 32905-2016) by ``QUANCHENG_AUDIT_HASH``."""

from __future__ import annotations

import hashlib
import os

from cryptography.hazmat.primitives import hashes
from django.conf import settings

from quancheng.core.merkle import SHA256, HashFunction, MerkleHasher

GENESIS = "0" * 64
"""What the first entry of a stream holds in place of the hash before it."""


def _openssl_sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def _cryptography_sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def sm3_function() -> HashFunction:
    """SM3 of the interpreter's OpenSSL when it has it, else of ``cryptography``."""
    return _openssl_sm3 if "sm3" in hashlib.algorithms_available else _cryptography_sm3


def hasher(name: str) -> MerkleHasher:
    """The hasher named ``sha256`` or ``sm3``; raises ValueError for any other name."""
    if name == "sha256":
        return SHA256
    if name == "sm3":
        return MerkleHasher("sm3", sm3_function())
    raise ValueError(f"QUANCHENG_AUDIT_HASH 应为 sha256 或 sm3,不是 {name}。 It must be sha256 or sm3.")


def chosen() -> MerkleHasher:
    """The hasher new streams get; a stream keeps the one it began with."""
    fallback = os.environ.get("QUANCHENG_AUDIT_HASH", "sha256")
    return hasher(getattr(settings, "QUANCHENG_AUDIT_HASH", fallback))
