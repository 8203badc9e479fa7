"""一对一: of two clean lists each row has at most one partner; the best pairs first.

Greedy by weight, done in rounds of "each other's best", which gives the same pairs without a loop over
rows. A choice between two partners of (nearly) the same weight is not made here: it is ``unclear`` and
belongs to a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Assignment", "one_to_one"]

_PICKED, _UNCLEAR, _OUTBID = 1, 2, 3
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Places of pairs (分派结果): ``picked``; ``unclear``, best for a row but with a rival as good;
    ``outbid``, of which one row went to a better pair."""

    picked: Index
    unclear: Index
    outbid: Index


def one_to_one(
    left: NDArray[np.int32], right: NDArray[np.int32], bits: NDArray[np.float32], *, margin: float = 1.0
) -> Assignment:
    """Pick partners (一对一选择). ``margin``: bits a pair must be ahead of its rivals to be picked.

    A pair is picked when it is the best of both its rows and every other pair still possible for either
    row is at least ``margin`` worse. Pairs that share a row with a picked one are outbid. What is left
    has rivals of about its own weight and is unclear, and so is anything that would be picked only because
    an unclear pair were decided one way.
    """
    state = np.zeros(len(left), np.int8)
    open_ = np.arange(len(left))
    while len(open_):
        a, b, weight = left[open_], right[open_], bits[open_].astype(np.float64)
        ahead_a, ahead_b = _lead(a, weight), _lead(b, weight)
        picked = (ahead_a >= margin) & (ahead_b >= margin)
        if not picked.any():
            break
        state[open_[picked]] = _PICKED
        lost = ~picked & (np.isin(a, a[picked]) | np.isin(b, b[picked]))
        state[open_[lost]] = _OUTBID
        open_ = open_[~picked & ~lost]
    state[open_] = _UNCLEAR
    return Assignment(*(np.flatnonzero(state == kind) for kind in (_PICKED, _UNCLEAR, _OUTBID)))


def _lead(rows: NDArray[np.int32], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each pair is ahead of the best other pair of its row; negative when behind."""
    order = np.lexsort((-weight, rows))
    sorted_rows, sorted_weight = rows[order], weight[order]
    first = np.concatenate([[True], sorted_rows[1:] != sorted_rows[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    best = sorted_weight[start]
    following = np.concatenate([sorted_weight[1:], [-np.inf]])
    alone = np.concatenate([first[1:], [True]])
    rival = np.where(first, np.where(alone, -np.inf, following), best)
    lead = np.empty(len(rows))
    lead[order] = sorted_weight - rival
    return lead
