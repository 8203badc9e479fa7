"""Rules as regions of what may be asked (规则覆盖): which overlap, what none covers. Pure set arithmetic.

Each dimension has some pieces; a rule covers in each dimension a set of them, written as bits of an integer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Region", "Space", "gap", "is_hidden", "overlaps"]

#: Situations looked at before a search is given up.
BUDGET: Final = 100_000

#: For each dimension the pieces covered, bit n for piece n.
Region = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """How many pieces each dimension has."""

    sizes: tuple[int, ...]


def overlaps(regions: Sequence[Region | None]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Pairs of regions that meet, each with a piece of every dimension where they do; None meets nothing."""
    for later, b in enumerate(regions):
        if b is None or not all(b):
            continue
        for earlier in range(later):
            a = regions[earlier]
            if a is None:
                continue
            for x, y in zip(a, b, strict=True):
                if not x & y:
                    break
            else:
                yield earlier, later, tuple(_lowest(x & y) for x, y in zip(a, b, strict=True))


def gap(space: Space, regions: Sequence[Region], budget: int = BUDGET) -> tuple[int, ...] | None:
    """Pieces, one of each dimension, that no region covers together; None when there are none or too many
    combinations to know within ``budget``.
    """
    return _Search(space, regions, budget).find(0, (1 << len(regions)) - 1)


def is_hidden(space: Space, regions: Sequence[Region], budget: int = BUDGET) -> bool:
    """Whether the last region surely lies within the union of those before it."""
    *before, last = regions
    search = _Search(space, before, budget, last)
    return search.find(0, (1 << len(before)) - 1) is None and search.certain


class _Search:
    """Goes dimension by dimension; the rules still possible are bits, so equal situations are met once."""

    def __init__(
        self, space: Space, regions: Sequence[Region], budget: int, within: Region | None = None
    ) -> None:
        self._budget = budget
        self._closed: set[tuple[int, int]] = set()
        self._pieces = [
            [p for p in range(size) if within is None or within[d] >> p & 1]
            for d, size in enumerate(space.sizes)
        ]
        self._covering = [
            [sum(1 << n for n, region in enumerate(regions) if region[d] >> p & 1) for p in pieces]
            for d, pieces in enumerate(self._pieces)
        ]

    @property
    def certain(self) -> bool:
        """Whether the search was not given up."""
        return self._budget >= 0

    def find(self, dimension: int, possible: int) -> tuple[int, ...] | None:
        """The rest of an uncovered combination from ``dimension`` on."""
        rest = self._pieces[dimension:]
        if not possible:
            return tuple(pieces[0] for pieces in rest) if all(rest) else None
        if not rest or (dimension, possible) in self._closed:
            return None
        self._budget -= 1
        if self._budget < 0:
            return None
        for piece, covering in zip(self._pieces[dimension], self._covering[dimension], strict=True):
            found = self.find(dimension + 1, possible & covering)
            if found is not None:
                return (piece, *found)
        self._closed.add((dimension, possible))
        return None


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
