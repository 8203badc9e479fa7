"""Verification of proofs: RFC 9162 sections 2.1.3.2 (inclusion) and 2.1.4.2 (consistency)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from enum import StrEnum

from quancheng.core.merkle.hashing import MerkleHasher, TreeHead

__all__ = ["ProofError", "ProofReason", "verify_consistency", "verify_inclusion"]


class ProofReason(StrEnum):
    """Why a proof does not hold (证明不成立的原因)."""

    INDEX_OUT_OF_RANGE = "INDEX_OUT_OF_RANGE"
    SIZE_ORDER = "SIZE_ORDER"
    EMPTY_TREE = "EMPTY_TREE"
    HASH_LENGTH = "HASH_LENGTH"
    PROOF_TOO_SHORT = "PROOF_TOO_SHORT"
    PROOF_TOO_LONG = "PROOF_TOO_LONG"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    OLD_ROOT_MISMATCH = "OLD_ROOT_MISMATCH"


class ProofError(Exception):
    """A proof that does not hold, with its machine reason (证明不成立)."""

    def __init__(self, reason: ProofReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def verify_inclusion(
    hasher: MerkleHasher, leaf_hash: bytes, index: int, head: TreeHead, proof: Sequence[bytes]
) -> None:
    """Return if the leaf hash stands at ``index`` in the tree of ``head``, else ``ProofError``.

    RFC 9162 section 2.1.3.2. The proof must have exactly the length that index and size demand.
    """
    if not 0 <= index < head.size:
        raise ProofError(
            ProofReason.INDEX_OUT_OF_RANGE, f"no leaf {index} in a tree of {head.size}"
        )
    _lengths(hasher, (leaf_hash, *proof))
    node, last, root = index, head.size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError(ProofReason.PROOF_TOO_LONG, f"{len(proof)} hashes")
        if node & 1 or node == last:
            root = hasher.node(sibling, root)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            root = hasher.node(root, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(ProofReason.PROOF_TOO_SHORT, f"{len(proof)} hashes")
    if not hmac.compare_digest(root, head.root):
        raise ProofError(ProofReason.ROOT_MISMATCH, "the proof leads to another root")


def verify_consistency(
    hasher: MerkleHasher, old: TreeHead, new: TreeHead, proof: Sequence[bytes]
) -> None:
    """Return if the tree of ``new`` begins with the tree of ``old``, else ``ProofError``.

    RFC 9162 section 2.1.4.2, which is defined for 0 < old size only. An old size of 0 is refused
    (``EMPTY_TREE``) even with equal sizes and roots: every tree begins with the empty one, so
    such a "proof" says nothing and a caller that relies on it has lost its last head.
    """
    if old.size < 0 or old.size > new.size:
        raise ProofError(ProofReason.SIZE_ORDER, f"sizes {old.size} and {new.size}")
    if old.size == 0:
        raise ProofError(ProofReason.EMPTY_TREE, "consistency with the empty tree says nothing")
    if old.size == new.size:
        if proof:
            raise ProofError(ProofReason.PROOF_TOO_LONG, "equal sizes need an empty proof")
        if not hmac.compare_digest(old.root, new.root):
            raise ProofError(ProofReason.ROOT_MISMATCH, "equal sizes, different roots")
        return
    _lengths(hasher, proof)
    power_of_two = old.size & (old.size - 1) == 0
    path = [old.root, *proof] if power_of_two else list(proof)
    if not proof:
        raise ProofError(ProofReason.PROOF_TOO_SHORT, "empty proof")
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(ProofReason.PROOF_TOO_LONG, f"{len(proof)} hashes")
        if node & 1 or node == last:
            old_root = hasher.node(sibling, old_root)
            new_root = hasher.node(sibling, new_root)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            new_root = hasher.node(new_root, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(ProofReason.PROOF_TOO_SHORT, f"{len(proof)} hashes")
    if not hmac.compare_digest(old_root, old.root):
        raise ProofError(ProofReason.OLD_ROOT_MISMATCH, "the proof leads to another old root")
    if not hmac.compare_digest(new_root, new.root):
        raise ProofError(ProofReason.ROOT_MISMATCH, "the proof leads to another new root")


def _lengths(hasher: MerkleHasher, hashes: Sequence[bytes]) -> None:
    """Refuse hashes of another length: concatenations of shorter parts would be ambiguous."""
    for position, value in enumerate(hashes):
        if len(value) != hasher.size:
            raise ProofError(
                ProofReason.HASH_LENGTH,
                f"hash {position} has {len(value)} bytes, not {hasher.size}",
            )
