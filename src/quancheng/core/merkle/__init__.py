"""默克尔树: append-only Merkle trees of RFC 9162 (RFC 6962) over any hash function."""

from quancheng.core.merkle.compact import CompactRange, Node
from quancheng.core.merkle.hashing import SHA256, HashFunction, MerkleHasher, TreeHead, sha256
from quancheng.core.merkle.prove import (
    MemoryTree,
    NodeSource,
    prove_consistency,
    prove_inclusion,
    root_at,
)
from quancheng.core.merkle.verify import (
    ProofError,
    ProofReason,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "SHA256",
    "CompactRange",
    "HashFunction",
    "MemoryTree",
    "MerkleHasher",
    "Node",
    "NodeSource",
    "ProofError",
    "ProofReason",
    "TreeHead",
    "prove_consistency",
    "prove_inclusion",
    "root_at",
    "sha256",
    "verify_consistency",
    "verify_inclusion",
]
