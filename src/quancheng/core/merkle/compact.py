"""Compact range: all a log must remember to append and to know its root (紧凑区间).

A tree of n leaves is a row of perfect subtrees, one for each 1 bit of n, largest first. Their
hashes are enough to append a leaf and to fold the root of RFC 9162 section 2.1.1: at most log2(n)
hashes of memory, amortised one inner hash a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quancheng.core.merkle.hashing import MerkleHasher, TreeHead

__all__ = ["CompactRange", "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """The hash of a perfect subtree: leaves index·2^level up to (index+1)·2^level (完全子树)."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class CompactRange:
    """State of an append-only tree: its size and the hashes of its perfect subtrees, largest first.

    A value: every operation returns a new one. Store ``size`` and ``nodes`` and make it again.
    """

    hasher: MerkleHasher
    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.nodes) != self.size.bit_count():
            raise ValueError(f"{len(self.nodes)} subtree hashes cannot make a tree of {self.size}")
        if any(len(node) != self.hasher.size for node in self.nodes):
            raise ValueError(f"a {self.hasher.name} subtree hash has {self.hasher.size} bytes")

    def append(self, leaf_hash: bytes) -> CompactRange:
        """Return the range with one more leaf hash (追加)."""
        return self.append_nodes((leaf_hash,))[0]

    def extend(self, leaf_hashes: Iterable[bytes]) -> CompactRange:
        """Return the range with more leaf hashes (批量追加)."""
        return self.append_nodes(leaf_hashes)[0]

    def append_nodes(self, leaf_hashes: Iterable[bytes]) -> tuple[CompactRange, tuple[Node, ...]]:
        """Append and also tell every perfect subtree that became complete, leaves included.

        A store that keeps these nodes by (level, index) can serve all proofs (``NodeSource``).
        """
        stack, size, made = list(self.nodes), self.size, []
        for leaf_hash in leaf_hashes:
            if len(leaf_hash) != self.hasher.size:
                raise ValueError(f"a {self.hasher.name} leaf hash has {self.hasher.size} bytes")
            stack.append(leaf_hash)
            made.append(Node(0, size, leaf_hash))
            level, index = 0, size
            while index & 1:
                right = stack.pop()
                stack[-1] = self.hasher.node(stack[-1], right)
                level, index = level + 1, index >> 1
                made.append(Node(level, index, stack[-1]))
            size += 1
        return CompactRange(self.hasher, size, tuple(stack)), tuple(made)

    def root(self) -> bytes:
        """Root hash (树根): the subtrees folded from the smallest to the largest."""
        if not self.nodes:
            return self.hasher.empty()
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = self.hasher.node(node, root)
        return root

    def head(self) -> TreeHead:
        """Size and root (树头)."""
        return TreeHead(self.size, self.root())
