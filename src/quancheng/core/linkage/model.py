"""概率模型: Fellegi–Sunter. What each level is worth, and what a pair's levels say together.

I. P. Fellegi, A. B. Sunter, "A theory for record linkage", JASA 64 (1969): with m = P(level | match) and
u = P(level | no match), independent given the truth, the weight of a level is log2(m/u) bits; the prior
odds of a match and all weights multiply. Term frequencies: for the agreeing level u is replaced by the
value's own frequency (W. E. Winkler 2000; Splink's documentation "Term frequency adjustments").
A missing value says nothing: 0 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log2

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.compared import Compared
from quancheng.core.linkage.comparisons import MISSING, Comparison, unpack
from quancheng.core.linkage.errors import bad_setting
from quancheng.core.text import Text

__all__ = ["LevelWeights", "Model", "Thresholds", "Verdict", "probability"]

VETO_BITS = -300.0
"""Weight of a level that rules a match out (一票否决): more than all agreement there can be."""


class Verdict(StrEnum):
    """What happens to a pair (判定)."""

    REJECT = "REJECT"
    REVIEW = "REVIEW"
    ACCEPT = "ACCEPT"

    @property
    def text(self) -> Text:
        """Label (判定名称)."""
        return {
            Verdict.REJECT: Text("不是同一对象", "not the same"),
            Verdict.REVIEW: Text("待人工核对", "to be reviewed by a person"),
            Verdict.ACCEPT: Text("同一对象", "the same"),
        }[self]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Match probabilities (阈值): from ``accept`` on linked, from ``review`` on shown to a person."""

    accept: float
    review: float

    def __post_init__(self) -> None:
        if not 0 < self.review <= self.accept < 1:
            raise bad_setting(
                "thresholds",
                "阈值应满足0＜复核≤接受＜1。",
                "Thresholds must satisfy 0 < review <= accept < 1.",
            )

    def verdicts(self, bits: NDArray[np.float32]) -> NDArray[np.int8]:
        """0 reject, 1 review, 2 accept for each weight."""
        accept, review = log2(self.accept / (1 - self.accept)), log2(self.review / (1 - self.review))
        return (bits >= review).astype(np.int8) + (bits >= accept)

    def verdict(self, bits: float) -> Verdict:
        """For one weight."""
        return tuple(Verdict)[int(self.verdicts(np.array([bits], np.float32))[0])]


@dataclass(frozen=True, slots=True)
class LevelWeights:
    """m and u of one comparison, from level 0 (different) up; ``learned``: m comes from data, not a start."""

    m: tuple[float, ...]
    u: tuple[float, ...]
    learned: bool = True

    def bits(self, level: int) -> float:
        """Weight of a level (权重, bits)."""
        return 0.0 if level == MISSING else log2(self.m[level] / self.u[level])


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model (模型). ``prior``: probability that two rows taken at random are the same.

    ``most_bits`` caps what a single comparison may say for or against, since levels are never quite
    independent.
    """

    comparisons: tuple[Comparison, ...]
    weights: tuple[LevelWeights, ...]
    prior: float
    most_bits: float = 30.0

    @property
    def prior_bits(self) -> float:
        """Log odds of the prior (先验, bits)."""
        return log2(self.prior / (1 - self.prior))

    def level_bits(self, column: int, level: int) -> float:
        """What a level of a comparison says, within ``most_bits``; a veto is beyond everything."""
        if self.comparisons[column].vetoes(level):
            return VETO_BITS
        return min(max(self.weights[column].bits(level), -self.most_bits), self.most_bits)

    def pattern_bits(self, levels: NDArray[np.int8]) -> NDArray[np.float64]:
        """Weight of patterns without prior and term frequencies; a column of ``levels`` per comparison."""
        total = np.zeros(len(levels))
        for column, weights in enumerate(self.weights):
            table = np.array([self.level_bits(column, level) for level in range(-1, len(weights.m))])
            total += table[levels[:, column] + 1]
        return total

    def score(self, pairs: Compared) -> NDArray[np.float32]:
        """Weight of every candidate pair, prior and term frequencies included (总权重, bits)."""
        values, places = np.unique(pairs.patterns, return_inverse=True)
        levels = unpack(values, self.comparisons)
        bits = (self.prior_bits + self.pattern_bits(levels)).astype(np.float32)[places]
        for column, comparison in enumerate(self.comparisons):
            if comparison.frequencies:
                rows = np.flatnonzero(levels[places, column] == comparison.levels - 1)
                bits[rows] += self.rarity(pairs.frame, column, pairs.left[rows])
        return bits

    def rarity(self, frame: Frame, column: int, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Bits that agreement on these rows' values is worth beyond agreement in general (词频调整)."""
        comparison, weights = self.comparisons[column], self.weights[column]
        codes = frame.column(comparison.field, comparison.steps[0].test.form).codes
        frequency = _frequency(frame, codes)
        base = float(np.clip(weights.bits(comparison.levels - 1), -self.most_bits, self.most_bits))
        extra = np.log2(weights.u[-1] / frequency[codes[rows]])
        return (np.clip(base + extra, -self.most_bits, self.most_bits) - base).astype(np.float32)


def _frequency(frame: Frame, codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share of rows with each value, in the list where it is more common; at least one row."""
    size = int(codes.max(initial=-1)) + 1
    shares = np.zeros(max(size, 1))
    for part in (codes[: frame.left], codes[frame.left :]):
        present = part[part >= 0]
        if len(present):
            shares = np.maximum(shares, np.bincount(present, minlength=len(shares)).clip(1) / len(present))
    return shares


def probability(bits: float) -> float:
    """Match probability of a weight in bits (匹配概率)."""
    return 1 / (1 + 2**-bits) if bits > -1000 else 0.0
