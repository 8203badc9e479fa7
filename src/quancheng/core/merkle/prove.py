"""Making of proofs: RFC 9162 sections 2.1.3.1 (inclusion) and 2.1.4.1 (consistency).

Proofs are read from a ``NodeSource``, which knows the hashes of perfect subtrees by (level, index):
a table, a tile store or the ``MemoryTree`` here. Each proof needs O(log² n) reads at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from quancheng.core.merkle.compact import CompactRange
from quancheng.core.merkle.hashing import MerkleHasher, TreeHead

__all__ = ["MemoryTree", "NodeSource", "prove_consistency", "prove_inclusion", "root_at"]


class NodeSource(Protocol):
    """Where hashes of perfect subtrees are found (子树哈希来源)."""

    def node(self, level: int, index: int) -> bytes:
        """Hash of the leaves index·2^level up to (index+1)·2^level, all of them present."""
        ...


def root_at(hasher: MerkleHasher, source: NodeSource, size: int) -> bytes:
    """Root of the tree of the first ``size`` leaves (历史树根): MTH(D[0:size])."""
    if size < 0:
        raise ValueError("a tree has no negative size")
    return _range_hash(hasher, source, 0, size) if size else hasher.empty()


def prove_inclusion(hasher: MerkleHasher, source: NodeSource, index: int, size: int) -> tuple[bytes, ...]:
    """Inclusion proof PATH(index, D[0:size]) of RFC 9162 section 2.1.3.1 (存在性证明)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    spans: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return tuple(_range_hash(hasher, source, *span) for span in reversed(spans))


def prove_consistency(
    hasher: MerkleHasher, source: NodeSource, old_size: int, new_size: int
) -> tuple[bytes, ...]:
    """Consistency proof PROOF(old_size, D[0:new_size]) of RFC 9162 section 2.1.4.1 (一致性证明)."""
    if not 0 < old_size <= new_size:
        raise ValueError(f"no consistency proof from {old_size} to {new_size} leaves")
    spans: list[tuple[int, int]] = []
    start, end, known = 0, new_size, True
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, known = middle, False
    if not known:
        spans.append((start, end))
    return tuple(_range_hash(hasher, source, *span) for span in reversed(spans))


def _split(count: int) -> int:
    """Largest power of two smaller than ``count`` (RFC 9162 section 2.1.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(hasher: MerkleHasher, source: NodeSource, start: int, end: int) -> bytes:
    """MTH(D[start:end]) of a span as the tree cuts it: start is a multiple of its first subtree."""
    parts: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(source.node(level, start >> level))
        start += 1 << level
    result = parts.pop()
    while parts:
        result = hasher.node(parts.pop(), result)
    return result


@dataclass(slots=True)
class MemoryTree:
    """A whole tree in memory (内存树): for tests, small logs and rebuilding from a table.

    Keeps about 2n hashes. The one mutable object of this package; large logs keep a
    ``CompactRange`` and a table of nodes instead.
    """

    hasher: MerkleHasher
    _levels: list[list[bytes]] = field(init=False, repr=False, default_factory=list)
    _range: CompactRange = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._range = CompactRange(self.hasher)

    @property
    def size(self) -> int:
        """Number of leaves (叶数)."""
        return self._range.size

    def append(self, data: bytes) -> int:
        """Append an entry and return its index (追加)."""
        self.extend_hashes((self.hasher.leaf(data),))
        return self.size - 1

    def extend_hashes(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes (追加叶哈希)."""
        self._range, made = self._range.append_nodes(leaf_hashes)
        for node in made:
            if node.level == len(self._levels):
                self._levels.append([])
            self._levels[node.level].append(node.hash)

    def node(self, level: int, index: int) -> bytes:
        """Hash of a perfect subtree, as ``NodeSource`` wants it."""
        return self._levels[level][index]

    def head(self, size: int | None = None) -> TreeHead:
        """Head of the tree now or when it had ``size`` leaves (树头)."""
        wanted = self.size if size is None else self._had(size)
        return TreeHead(wanted, root_at(self.hasher, self, wanted))

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Inclusion proof of a leaf (存在性证明)."""
        wanted = self.size if size is None else self._had(size)
        return prove_inclusion(self.hasher, self, index, wanted)

    def consistency(self, old_size: int, new_size: int | None = None) -> tuple[bytes, ...]:
        """Consistency proof between two sizes (一致性证明)."""
        wanted = self.size if new_size is None else self._had(new_size)
        return prove_consistency(self.hasher, self, old_size, wanted)

    def _had(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise ValueError(f"this tree has {self.size} leaves, not {size}")
        return size
