"""Hashing of Merkle trees: RFC 9162 section 2.1.1 (RFC 6962 section 2.1), any hash function."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["SHA256", "HashFunction", "MerkleHasher", "TreeHead", "sha256"]

HashFunction = Callable[[bytes], bytes]

_LEAF = b"\x00"
_NODE = b"\x01"


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


@dataclass(frozen=True, slots=True)
class MerkleHasher:
    """A hash function with its name and the domain separation of RFC 9162 section 2.1.1.

    ``digest`` may be any function from bytes to bytes of fixed length, such as SM3
    (GB/T 32905-2016): the tree is the same, only the hash differs.
    """

    name: str
    digest: HashFunction
    size: int = 32

    def empty(self) -> bytes:
        """Root of the empty tree: HASH() of nothing (空树根)."""
        return self.digest(b"")

    def leaf(self, data: bytes) -> bytes:
        """Leaf hash: HASH(0x00 || data) (叶哈希)."""
        return self.digest(_LEAF + data)

    def node(self, left: bytes, right: bytes) -> bytes:
        """Inner hash: HASH(0x01 || left || right) (节点哈希)."""
        return self.digest(_NODE + left + right)


SHA256 = MerkleHasher("sha256", sha256)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """Size and root of a tree at one moment (树头), the thing that is signed and witnessed."""

    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.size}:{self.root.hex()}"
