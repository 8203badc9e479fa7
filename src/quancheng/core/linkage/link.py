"""关联全程: block, compare, fit (or take a model), score, judge, pick partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.assign import one_to_one
from quancheng.core.linkage.blocking import BlockingRule, Blocks, Oversize
from quancheng.core.linkage.cluster import Edge
from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.compared import Compared, compare
from quancheng.core.linkage.comparisons import Comparison
from quancheng.core.linkage.fit import Fitting, fit
from quancheng.core.linkage.model import Model, Thresholds
from quancheng.core.linkage.review import ScoredPair

__all__ = ["Linked", "link", "link_with"]

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """A run's result (关联结果): ``bits`` of every candidate; ``accepted``, ``review``, ``unclear`` and
    ``outbid`` are places in it. ``unclear`` pairs are strong enough but have a rival as good."""

    pairs: Compared
    model: Model
    bits: NDArray[np.float32]
    accepted: Index
    review: Index
    unclear: Index
    outbid: Index

    @property
    def oversize(self) -> tuple[Oversize, ...]:
        """Blocks that were too big to expand; show them to a person."""
        return self.pairs.oversize

    def rows(self, places: Index) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row numbers of some pairs; right ones count from the beginning of the right list."""
        shift = self.pairs.frame.left if self.pairs.frame.right else 0
        return self.pairs.left[places], self.pairs.right[places] - np.int32(shift)

    def edges(self, ids: Sequence[str]) -> list[Edge]:
        """Accepted pairs for :func:`cluster`; ``ids`` of all rows, left then right."""
        return [Edge(ids[i], ids[j], bits) for i, j, bits in self._triples(self.accepted)]

    def doubts(self, ids: Sequence[str]) -> list[ScoredPair]:
        """Pairs for :func:`review_queue`."""
        unclear = [
            ScoredPair(ids[i], ids[j], bits, unclear=True) for i, j, bits in self._triples(self.unclear)
        ]
        return unclear + [ScoredPair(ids[i], ids[j], bits) for i, j, bits in self._triples(self.review)]

    def _triples(self, places: Index) -> list[tuple[int, int, float]]:
        columns = (self.pairs.left[places], self.pairs.right[places], self.bits[places])
        return list(zip(*(column.tolist() for column in columns), strict=True))


def link(
    frame: Frame,
    comparisons: tuple[Comparison, ...],
    rules: tuple[BlockingRule, ...],
    thresholds: Thresholds,
    random: np.random.Generator,
    *,
    most_pairs: int = 250_000,
    sample: int = 250_000,
    margin: float = 1.0,
) -> tuple[Linked, Fitting]:
    """Learn and link (无监督关联).

    ``most_pairs``: cap of one block. ``sample``: random pairs for u. ``margin``: bits, see ``one_to_one``.
    """
    pairs = compare(frame, comparisons, Blocks(frame, rules, most_pairs))
    fitting = fit(pairs, random, sample=sample)
    return _judge(pairs, fitting.model, thresholds, margin), fitting


def link_with(
    model: Model,
    frame: Frame,
    rules: tuple[BlockingRule, ...],
    thresholds: Thresholds,
    *,
    most_pairs: int = 250_000,
    margin: float = 1.0,
    touching: NDArray[np.bool_] | None = None,
) -> Linked:
    """Link with a model of an earlier run (用既有模型关联), as for the day's additions.

    ``touching``: rows that changed; pairs without one of them are not looked at.
    """
    pairs = compare(frame, model.comparisons, Blocks(frame, rules, most_pairs), touching=touching)
    return _judge(pairs, model, thresholds, margin)


def _judge(pairs: Compared, model: Model, thresholds: Thresholds, margin: float) -> Linked:
    bits = model.score(pairs)
    verdicts = thresholds.verdicts(bits)
    strong, weak = np.flatnonzero(verdicts == 2), np.flatnonzero(verdicts == 1)
    none = np.zeros(0, np.int64)
    if not pairs.frame.right:
        return Linked(pairs, model, bits, strong, weak, none, none)
    chosen = one_to_one(pairs.left[strong], pairs.right[strong], bits[strong], margin=margin)
    picked = strong[chosen.picked]
    taken = np.isin(pairs.left[weak], pairs.left[picked]) | np.isin(pairs.right[weak], pairs.right[picked])
    outbid = np.concatenate([strong[chosen.outbid], weak[taken]])
    return Linked(pairs, model, bits, picked, weak[~taken], strong[chosen.unclear], outbid)
