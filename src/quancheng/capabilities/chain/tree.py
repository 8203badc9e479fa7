"""树: leaves appended to a shard, its tiles kept in step, proofs made from them. Called by actions and queries."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.chain.models import Shard, Tile
from quancheng.core.merkle import TreeHead, prove_consistency, prove_inclusion, root_at
from quancheng.core.tlog import TILE_WIDTH, TileSource


def grow(shard: Shard, leaves: Sequence[bytes]) -> int:
    """Append commitments; returns the index of the first. The shard's row is locked by the caller."""
    hasher, first = shard.tree, shard.size
    grown, made = shard.range.append_nodes([hasher.leaf(leaf) for leaf in leaves])
    fresh: dict[tuple[int, int], list[bytes]] = {}
    for node in made:
        if node.level % 8 == 0:
            fresh.setdefault((node.level // 8, node.index // TILE_WIDTH), []).append(node.hash)
    for (level, number), hashes in fresh.items():
        _extend(shard, level, number, b"".join(hashes))
    shard.size, shard.nodes = grown.size, b"".join(grown.nodes)
    shard.save(update_fields=["size", "nodes"])
    return first


def _extend(shard: Shard, level: int, number: int, more: bytes) -> None:
    tile = Tile.objects.filter(shard=shard, level=level, number=number).first()
    if tile is None:
        Tile.objects.create(shard=shard, level=level, number=number, data=more)
    else:
        tile.data = bytes(tile.data) + more
        tile.save(update_fields=["data"])


def source(shard: Shard) -> TileSource:
    """Hashes of a shard, read from its tiles."""

    def read(level: int, number: int) -> bytes:
        tile = Tile.objects.filter(shard=shard, level=level, number=number).first()
        return bytes(tile.data) if tile else b""

    return TileSource(shard.tree, read)


def head(shard: Shard, size: int | None = None) -> TreeHead:
    """Head of a shard now, or when it had ``size`` leaves."""
    if size is None or size == shard.size:
        return shard.range.head()
    return TreeHead(size, root_at(shard.tree, source(shard), size))


def inclusion(shard: Shard, index: int, size: int) -> tuple[bytes, ...]:
    """Path of a leaf in the tree of ``size``."""
    return prove_inclusion(shard.tree, source(shard), index, size)


def consistency(shard: Shard, old: int, new: int) -> tuple[bytes, ...]:
    """Proof that the tree of ``new`` begins with that of ``old``; nothing to prove from the empty tree."""
    return prove_consistency(shard.tree, source(shard), old, new) if old else ()
