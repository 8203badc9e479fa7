"""参数估计: u from random pairs and value frequencies, m by expectation–maximisation, no labels needed.

W. E. Winkler, "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record
linkage" (1988); the way of Splink's documentation ("Estimating model parameters"): u is taken from random
pairs, nearly all of which are no matches, and kept; m is learned in one session for each blocking rule
among the pairs that the rule finds, leaving out the comparisons of the rule's own fields, which agree
there by construction; sessions are averaged by the matches each expects. The prior is then the fixed
point of "expected matches among all candidates by all pairs".

Random pairs hold matches too. For a number that only its owner has they are *all* of the agreement, so
the share that the matches explain is taken off u, down to a tenth of what was seen (a thousandth for a
comparison that is ``owned``: the errors of the register that gave the number).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.compared import Compared
from quancheng.core.linkage.comparisons import Comparison, Same
from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.linkage.model import LevelWeights, Model
from quancheng.core.text import Text

__all__ = ["Fitting", "Session", "fit"]

_ROUNDS, _CLOSE = 300, 1e-7
_START_M, _START_RATE = 0.9, 0.2
_TENTH, _THOUSANDTH = 0.1, 0.001
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of EM (一次估计): the rule, rounds until it stood still, matches it expects among its pairs."""

    rule: str
    rounds: int
    pairs: float
    matches: float
    converged: bool


@dataclass(frozen=True, slots=True)
class Fitting:
    """The model and how it came about; ``unlearned`` comparisons kept the start value of m."""

    model: Model
    sessions: tuple[Session, ...]
    unlearned: tuple[str, ...]


def fit(
    pairs: Compared, random: np.random.Generator, *, sample: int = 250_000, most_bits: float = 30.0
) -> Fitting:
    """Learn a model from candidate pairs (无监督估计).

    ``random`` draws ``sample`` pairs for u. Raises ``LinkageError`` when there is no candidate at all.
    """
    if not len(pairs.left):
        raise LinkageError(
            LinkageReason.NO_EVIDENCE,
            "candidates",
            Text(
                "没有候选对，请检查分块规则和数据。",
                "No candidate pairs: look at the blocking rules and data.",
            ),
        )
    seen = [_random_levels(pairs.frame, one, random, sample) for one in pairs.comparisons]
    u, m = seen, [_start(one) for one in pairs.comparisons]
    sessions: tuple[Session, ...] = ()
    learned: frozenset[int] = frozenset()
    for _ in range(3):
        m, sessions, learned = _sessions(pairs, u, m)
        rate = _prior(pairs, m, u)
        u = [
            _without_matches(one, its_m, rate, comparison.owned)
            for one, its_m, comparison in zip(seen, m, pairs.comparisons, strict=True)
        ]
    weights = tuple(
        LevelWeights(tuple(one.tolist()), tuple(other.tolist()), place in learned)
        for place, (one, other) in enumerate(zip(m, u, strict=True))
    )
    unlearned = tuple(one.name for place, one in enumerate(pairs.comparisons) if place not in learned)
    model = Model(pairs.comparisons, weights, _prior(pairs, m, u), most_bits)
    return Fitting(model, sessions, unlearned)


def _start(comparison: Comparison) -> Table:
    """Most matches agree, each weaker level is half as likely as the one before."""
    falling = 0.5 ** np.arange(1, comparison.levels, dtype=float)
    rest = falling / falling.sum() * (1 - _START_M)
    return np.concatenate([rest, [_START_M]])


def _random_levels(frame: Frame, comparison: Comparison, random: np.random.Generator, sample: int) -> Table:
    """How often random pairs reach each level; half a pair is added where none did."""
    counts = np.zeros(comparison.levels)
    for start in range(0, sample, 1 << 14):
        size = min(1 << 14, sample - start)
        left = random.integers(0, frame.left, size).astype(np.int32)
        right = random.integers(frame.left if frame.right else 0, frame.rows, size).astype(np.int32)
        levels = comparison.compare(frame, left[left != right], right[left != right])
        counts += np.bincount(levels[levels >= 0], minlength=comparison.levels)
    share = (counts + 0.5) / (counts + 0.5).sum()
    first = comparison.steps[0].test
    if isinstance(first, Same):
        exactly = max(_agreement(frame, frame.column(comparison.field, first.form).codes), 1e-12)
        share[:-1] *= (1 - exactly) / share[:-1].sum()
        share[-1] = exactly
    return np.asarray(share)


def _agreement(frame: Frame, codes: NDArray[np.int32]) -> float:
    """Probability that two random rows have the same value, exactly, from the counts of values."""
    size = int(codes.max(initial=-1)) + 1
    left = codes[: frame.left]
    mine = np.bincount(left[left >= 0], minlength=size).astype(float)
    if not frame.right:
        total = mine.sum()
        return float((mine * (mine - 1)).sum() / (total * (total - 1))) if total > 1 else 0.0
    right = codes[frame.left :]
    theirs = np.bincount(right[right >= 0], minlength=size).astype(float)
    total = mine.sum() * theirs.sum()
    return float((mine * theirs).sum() / total) if total else 0.0


def _without_matches(seen: Table, m: Table, rate: float, owned: bool) -> Table:
    least = _TENTH * seen
    if owned:
        least[-1] = _THOUSANDTH * seen[-1]
    rest = np.maximum((seen - rate * m) / (1 - rate), least)
    return np.asarray(rest / rest.sum())


def _sessions(
    pairs: Compared, u: list[Table], m: list[Table]
) -> tuple[list[Table], tuple[Session, ...], frozenset[int]]:
    sums = [np.zeros_like(one) for one in m]
    made = []
    for number, rule in enumerate(pairs.blocks.rules):
        active = [place for place, one in enumerate(pairs.comparisons) if one.field not in rule.fields]
        levels, counts = pairs.counts(number)
        if not active or not len(counts):
            continue
        found, session = _maximise(rule.name, levels, counts, active, u, m)
        made.append(session)
        for place, expected in found.items():
            sums[place] += expected
    learned = frozenset(place for place, one in enumerate(sums) if one.sum() > 1)
    smooth = [
        (one + 0.5) / (one + 0.5).sum() if place in learned else m[place] for place, one in enumerate(sums)
    ]
    return smooth, tuple(made), learned


def _maximise(
    rule: str, levels: NDArray[np.int8], counts: Table, active: list[int], u: list[Table], m: list[Table]
) -> tuple[dict[int, Table], Session]:
    """EM over patterns of one rule's pairs; gives expected matches at each level of each active comparison."""
    rate, now, total = _START_RATE, {place: m[place] for place in active}, counts.sum()
    expected: dict[int, Table] = {}
    chance = counts
    for round_ in range(1, _ROUNDS + 1):
        chance = counts * _posterior(levels, now, u, rate)
        before, rate = rate, float(np.clip(chance.sum() / total, 1e-9, 1 - 1e-9))
        expected = {
            place: np.asarray(
                np.bincount(levels[:, place] + 1, weights=chance, minlength=len(u[place]) + 1)[1:], np.float64
            )
            for place in active
        }
        new = {place: (one + 0.5) / (one + 0.5).sum() for place, one in expected.items()}
        moved = max(float(np.abs(new[place] - now[place]).max()) for place in active)
        now = new
        if max(moved, abs(rate - before)) < _CLOSE:
            return expected, Session(rule, round_, float(total), float(chance.sum()), True)
    return expected, Session(rule, _ROUNDS, float(total), float(chance.sum()), False)


def _posterior(levels: NDArray[np.int8], m: dict[int, Table], u: list[Table], rate: float) -> Table:
    odds = np.full(len(levels), np.log(rate / (1 - rate)))
    for place, table in m.items():
        odds += np.concatenate([[0.0], np.log(table / u[place])])[levels[:, place] + 1]
    return np.asarray(1 / (1 + np.exp(-odds.clip(-700, 700))))


def _prior(pairs: Compared, m: list[Table], u: list[Table]) -> float:
    """Fixed point of the rate of matches among all pairs; pairs that no rule finds count as no matches."""
    levels, counts = pairs.counts()
    total = max(pairs.frame.pairs, 1)
    most = min(pairs.frame.left, pairs.frame.right) if pairs.frame.right else pairs.frame.left
    tables = dict(enumerate(m))
    rate = most / total / 2
    for _ in range(100):
        before, found = rate, float((counts * _posterior(levels, tables, u, rate)).sum())
        rate = min(max(found, 0.5), most) / total
        if abs(rate - before) <= 1e-6 * before:
            break
    return float(np.clip(rate, 1e-15, 0.5))
