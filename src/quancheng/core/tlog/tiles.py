"""Tiles (C2SP tlog-tiles): the hashes of a tree in files of 256, that caches and mirrors can keep for ever.

Tile (level, n) holds the hashes of perfect subtrees of 256^level leaves, from n·256 on. Only level-0 tiles
and those of every eighth level are stored; hashes between are computed from them.
"""

from __future__ import annotations

from collections.abc import Callable

from quancheng.core.merkle import MerkleHasher

__all__ = ["TILE_WIDTH", "TileSource", "tile_path"]

TILE_WIDTH = 256
_HEIGHT = 8


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Path of a tile: ``tile/<level>/x001/067``, with ``.p/<width>`` when it is not full."""
    parts = []
    while True:
        parts.append(f"{number % 1000:03d}")
        number //= 1000
        if not number:
            break
    path = "/".join([*(f"x{part}" for part in reversed(parts[1:])), parts[0]])
    return f"tile/{level}/{path}" + ("" if width == TILE_WIDTH else f".p/{width}")


class TileSource:
    """A ``NodeSource`` over tiles: ``tile(level, number)`` gives the bytes of a tile, full or partial."""

    def __init__(self, hasher: MerkleHasher, tile: Callable[[int, int], bytes]) -> None:
        self._hasher, self._tile = hasher, tile
        self._kept: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Hash of the perfect subtree of 2^level leaves at index."""
        tile_level, rest = divmod(level, _HEIGHT)
        first = index << rest
        number, place = divmod(first, TILE_WIDTH)
        size = self._hasher.size
        data = self._read(tile_level, number)
        hashes = [data[at * size : (at + 1) * size] for at in range(place, place + (1 << rest))]
        if len(hashes[-1]) != size:
            raise ValueError(f"tile {tile_level}/{number} lacks hash {place + (1 << rest) - 1}")
        while len(hashes) > 1:
            hashes = [self._hasher.node(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes[0]

    def _read(self, level: int, number: int) -> bytes:
        if (level, number) not in self._kept:
            self._kept[level, number] = self._tile(level, number)
        return self._kept[level, number]
