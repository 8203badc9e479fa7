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
        raise ProofError(ProofReason.INDEX_OUT_OF_RANGE, f"no leaf {index} in a tree of {head.size}")
    _lengths(hasher, (leaf_hash, *proof))
    root = leaf_hash
    for sibling, on_left in zip(proof, _sides(index, head.size - 1, len(proof)), strict=True):
        root = hasher.node(sibling, root) if on_left else hasher.node(root, sibling)
    if not hmac.compare_digest(root, head.root):
        raise ProofError(ProofReason.ROOT_MISMATCH, "the proof leads to another root")


def verify_consistency(hasher: MerkleHasher, old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Return if the tree of ``new`` begins with the tree of ``old``, else ``ProofError``.

    RFC 9162 section 2.1.4.2, which is defined for 0 < old size only. An old size of 0 is refused
    (``EMPTY_TREE``) even with equal sizes and roots: every tree begins with the empty one, so
    such a "proof" says nothing and a caller that relies on it has lost its last head.
    """
    _sizes(old, new)
    if old.size == new.size:
        if proof:
            raise ProofError(ProofReason.PROOF_TOO_LONG, "equal sizes need an empty proof")
        if not hmac.compare_digest(old.root, new.root):
            raise ProofError(ProofReason.ROOT_MISMATCH, "equal sizes, different roots")
        return
    if not proof:
        raise ProofError(ProofReason.PROOF_TOO_SHORT, "empty proof")
    _lengths(hasher, proof)
    whole = old.size & (old.size - 1) == 0  # a power of two: the old tree is one perfect subtree
    start, path = (old.root, proof) if whole else (proof[0], proof[1:])
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_root = new_root = start
    for sibling, on_left in zip(path, _sides(node, last, len(path)), strict=True):
        if on_left:
            old_root = hasher.node(sibling, old_root)
        new_root = hasher.node(sibling, new_root) if on_left else hasher.node(new_root, sibling)
    if not hmac.compare_digest(old_root, old.root):
        raise ProofError(ProofReason.OLD_ROOT_MISMATCH, "the proof leads to another old root")
    if not hmac.compare_digest(new_root, new.root):
        raise ProofError(ProofReason.ROOT_MISMATCH, "the proof leads to another new root")


def _sizes(old: TreeHead, new: TreeHead) -> None:
    if old.size < 0 or old.size > new.size:
        raise ProofError(ProofReason.SIZE_ORDER, f"sizes {old.size} and {new.size}")
    if old.size == 0:
        raise ProofError(ProofReason.EMPTY_TREE, "consistency with the empty tree says nothing")


def _sides(node: int, last: int, count: int) -> list[bool]:
    """For each hash of a path up from ``node``: whether it stands on the left.

    The walk with fn and sn of RFC 9162 section 2.1.3.2 steps 2 to 5 (2.1.4.2 steps 5 to 7); a
    path of another length than the walk is refused.
    """
    sides: list[bool] = []
    for _ in range(count):
        if last == 0:
            raise ProofError(ProofReason.PROOF_TOO_LONG, f"{count} hashes")
        on_left = bool(node & 1) or node == last
        sides.append(on_left)
        while on_left and not node & 1 and node != 0:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(ProofReason.PROOF_TOO_SHORT, f"{count} hashes")
    return sides


def _lengths(hasher: MerkleHasher, hashes: Sequence[bytes]) -> None:
    """Refuse hashes of another length: concatenations of shorter parts would be ambiguous."""
    for position, value in enumerate(hashes):
        if len(value) != hasher.size:
            raise ProofError(
                ProofReason.HASH_LENGTH,
                f"hash {position} has {len(value)} bytes, not {hasher.size}",
            )
