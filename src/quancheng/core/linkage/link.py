"""关联全程: block, compare, fit (or take a model), score, judge, pick partners."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.assign import one_to_one
from quancheng.core.linkage.blocking import BlockingRule, Blocks, Oversize
from quancheng.core.linkage.cluster import Edge
from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.compared import Compared, compare
from quancheng.core.linkage.comparisons import DIFFERENT, MISSING, Comparison, unpack
from quancheng.core.linkage.fit import Fitting, fit
from quancheng.core.linkage.model import Model, Thresholds
from quancheng.core.linkage.review import ScoredPair

__all__ = ["Linked", "link", "link_with", "rests_on_one"]

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """A run's result (关联结果): ``bits`` of every candidate; ``accepted``, ``review``, ``unclear`` and
    ``outbid`` are places in it. ``unclear`` pairs are strong enough but have a rival as good, or rest on
    one witness alone."""

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
    dependent: Collection[str] = (),
) -> tuple[Linked, Fitting]:
    """Learn and link (无监督关联).

    ``most_pairs``: cap of one block. ``sample``: random pairs for u. ``margin``: bits, see ``one_to_one``.
    ``dependent``: fields that say one thing twice, see :func:`rests_on_one`.
    """
    pairs = compare(frame, comparisons, Blocks(frame, rules, most_pairs))
    fitting = fit(pairs, random, sample=sample)
    return _judge(pairs, fitting.model, thresholds, margin, dependent), fitting


def link_with(
    model: Model,
    frame: Frame,
    rules: tuple[BlockingRule, ...],
    thresholds: Thresholds,
    *,
    most_pairs: int = 250_000,
    margin: float = 1.0,
    touching: NDArray[np.bool_] | None = None,
    dependent: Collection[str] = (),
) -> Linked:
    """Link with a model of an earlier run (用既有模型关联), as for the day's additions.

    ``touching``: rows that changed; pairs without one of them are not looked at. ``dependent``: see ``link``.
    """
    pairs = compare(frame, model.comparisons, Blocks(frame, rules, most_pairs), touching=touching)
    return _judge(pairs, model, thresholds, margin, dependent)


def rests_on_one(pairs: Compared, places: Index, dependent: Collection[str]) -> NDArray[np.bool_]:
    """Which pairs agree in nothing but ``dependent`` fields, against two or more others (孤证).

    The model adds up fields as if they were independent (Fellegi and Sunter 1969, assumption of section 3).
    A date of birth inside an identity number is not: the two are one witness, and where that one stands
    against name, telephone and home together, two people were given one number or a clerk took the
    neighbour's line. Such a pair is for a person, whatever its weight.
    """
    if not dependent or not len(places):
        return np.zeros(len(places), np.bool_)
    levels = unpack(pairs.patterns[places], pairs.comparisons)
    others = levels[:, [one.field not in dependent for one in pairs.comparisons]]
    against = (others == DIFFERENT).sum(axis=1)
    return np.asarray((against >= 2) & ((others == DIFFERENT) | (others == MISSING)).all(axis=1))


def _judge(
    pairs: Compared, model: Model, thresholds: Thresholds, margin: float, dependent: Collection[str]
) -> Linked:
    bits = model.score(pairs)
    verdicts = thresholds.verdicts(bits)
    strong, weak = np.flatnonzero(verdicts == 2), np.flatnonzero(verdicts == 1)
    if not pairs.frame.right:
        lone = rests_on_one(pairs, strong, dependent)
        return Linked(pairs, model, bits, strong[~lone], weak, strong[lone], np.zeros(0, np.int64))
    chosen = one_to_one(pairs.left[strong], pairs.right[strong], bits[strong], margin=margin)
    picked = strong[chosen.picked]
    taken = np.isin(pairs.left[weak], pairs.left[picked]) | np.isin(pairs.right[weak], pairs.right[picked])
    outbid = np.concatenate([strong[chosen.outbid], weak[taken]])
    lone = rests_on_one(pairs, picked, dependent)
    unclear = np.concatenate([strong[chosen.unclear], picked[lone]])
    return Linked(pairs, model, bits, picked[~lone], weak[~taken], unclear, outbid)
