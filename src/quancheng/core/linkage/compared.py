"""比较结果: every candidate pair with its pattern of levels, packed into one integer.

The model needs patterns and their counts only, so ten million pairs cost 14 bytes each and are compared
once, however often the model is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.blocking import Blocks, Oversize
from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.comparisons import Comparison, levels_of, unpack
from quancheng.core.linkage.errors import LinkageError, LinkageReason, bad_setting
from quancheng.core.text import Text

__all__ = ["Compared", "compare", "pack"]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Candidate pairs (候选对): rows, packed pattern, bits of the rules; ``oversize`` blocks were left out."""

    frame: Frame
    comparisons: tuple[Comparison, ...]
    blocks: Blocks
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    patterns: NDArray[np.int32]
    rules: NDArray[np.uint16]

    @property
    def oversize(self) -> tuple[Oversize, ...]:
        """Blocks beyond the cap; their pairs were not compared unless another rule found them."""
        return tuple(self.blocks.oversize)

    def levels(self) -> NDArray[np.int8]:
        """Levels of each pair, a column for each comparison."""
        return unpack(self.patterns, self.comparisons)

    def counts(self, rule: int | None = None) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Distinct patterns (as levels) and how many pairs, of one rule or all, have each."""
        chosen = (
            self.patterns
            if rule is None
            else self.patterns[(self.rules >> np.uint16(rule)) & np.uint16(1) > 0]
        )
        values, counts = np.unique(chosen, return_counts=True)
        return unpack(values, self.comparisons), counts.astype(np.float64)


def compare(
    frame: Frame,
    comparisons: tuple[Comparison, ...],
    blocks: Blocks,
    *,
    batch: int = 1 << 15,
    touching: NDArray[np.bool_] | None = None,
) -> Compared:
    """Compare all candidates (比较全部候选对); ``batch`` pairs at a time bound the memory.

    ``touching``: rows that changed; only pairs with such a row are compared (增量), all if ``None``.
    """
    if not comparisons:
        raise LinkageError(
            LinkageReason.NOTHING_TO_COMPARE,
            "comparisons",
            Text("没有比较项。", "There is nothing to compare."),
        )
    if prod(levels_of(comparisons)) > np.iinfo(np.int32).max:
        raise LinkageError(
            LinkageReason.TOO_MANY_PATTERNS,
            "comparisons",
            Text("比较项或其级数过多，请减少。", "Too many comparisons or levels; use fewer."),
        )
    parts: tuple[list[NDArray[Any]], ...] = ([], [], [], [])
    if touching is not None and len(touching) != frame.rows:
        raise bad_setting("touching", "标记应与行数相同。", "One mark for each row, please.")
    for found in blocks.batches(batch):
        if touching is not None:
            found = found.of(touching[found.left] | touching[found.right])
        row: tuple[NDArray[Any], ...] = (
            found.left,
            found.right,
            pack(frame, comparisons, found.left, found.right),
            found.rules,
        )
        for column, values in zip(parts, row, strict=True):
            column.append(values)
    kinds = (np.int32, np.int32, np.int32, np.uint16)
    whole = [np.concatenate([np.zeros(0, kind), *part]) for kind, part in zip(kinds, parts, strict=True)]
    return Compared(frame, comparisons, blocks, *whole)


def pack(
    frame: Frame, comparisons: tuple[Comparison, ...], left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The pattern of each pair: its levels as digits of one number."""
    patterns = np.zeros(len(left), np.int32)
    unit = 1
    for one, radix in zip(comparisons, levels_of(comparisons), strict=True):
        patterns += (one.compare(frame, left, right).astype(np.int32) + 1) * unit
        unit *= radix
    return patterns
