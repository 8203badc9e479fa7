"""人工核对: which doubtful pair to show next, and decisions of people that bind every later run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quancheng.core.linkage.cluster import check_consistent
from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.linkage.model import Thresholds, Verdict, probability
from quancheng.core.text import Text

__all__ = ["Decision", "Decisions", "ReviewItem", "ScoredPair", "review_queue"]

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A pair of records and its weight (配对); ``stake``: what a wrong answer would touch, at least 0.

    Such as the records of both clusters, or the benefits paid on them; 1 if nothing is known.
    ``unclear``: held back by :func:`one_to_one`, so a person must see it whatever its weight.
    """

    left: str
    right: str
    bits: float
    stake: float = 1.0
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A pair to be shown (待核对项). ``value``: expected loss that a decision avoids, in units of stake."""

    pair: ScoredPair
    probability: float
    value: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided (人工判定): who, when, why, on which pair."""

    left: str
    right: str
    same: bool
    by: str
    at: datetime
    reason: str

    @property
    def pair(self) -> Pair:
        """The pair, smaller id first."""
        return (min(self.left, self.right), max(self.left, self.right))


@dataclass(frozen=True, slots=True)
class Decisions:
    """State (判定库): the decision in force for each pair. Earlier ones belong in the audit, not here."""

    of: Mapping[Pair, Decision] = field(default_factory=dict)

    @property
    def same(self) -> tuple[Pair, ...]:
        """Must-link pairs."""
        return tuple(sorted(pair for pair, one in self.of.items() if one.same))

    @property
    def different(self) -> tuple[Pair, ...]:
        """Cannot-link pairs."""
        return tuple(sorted(pair for pair, one in self.of.items() if not one.same))

    def decide(self, decision: Decision) -> Decisions:
        """Add a decision (记录判定); a later one on the same pair replaces the earlier.

        Raises ``LinkageError``: ROW for a pair of one record; SETTING for an older decision than the one
        in force; CONTRADICTION if decisions together say that two records are and are not the same.
        """
        if decision.left == decision.right:
            raise LinkageError(
                LinkageReason.ROW,
                decision.left,
                Text("一条记录不能与自身比较。", "A record and itself is no pair."),
            )
        known = self.of.get(decision.pair)
        if known is not None and decision.at < known.at:
            raise LinkageError(
                LinkageReason.SETTING,
                " / ".join(decision.pair),
                Text("这一对已有更晚的判定。", "There is a later decision on this pair."),
            )
        made = Decisions({**self.of, decision.pair: decision})
        check_consistent(frozenset(map(frozenset, made.same)), frozenset(map(frozenset, made.different)))
        return made

    def verdict(self, left: str, right: str, otherwise: Verdict) -> Verdict:
        """A person's word if there is one, else the model's (以人工判定为准)."""
        found = self.of.get((min(left, right), max(left, right)))
        if found is None:
            return otherwise
        return Verdict.ACCEPT if found.same else Verdict.REJECT


def review_queue(
    pairs: Iterable[ScoredPair], thresholds: Thresholds, decisions: Decisions
) -> tuple[ReviewItem, ...]:
    """Doubtful pairs by the value of a decision, highest first (核对队列).

    Value is the expected loss of the better guess without a person: min(p, 1-p) · stake. Pairs already
    decided are not asked again; equal values go by weight, then by id.
    """
    items = []
    for pair in pairs:
        key = (min(pair.left, pair.right), max(pair.left, pair.right))
        doubtful = pair.unclear or thresholds.verdict(pair.bits) is Verdict.REVIEW
        if doubtful and key not in decisions.of:
            chance = probability(pair.bits)
            # of two rivals as good, one is wrong: the model's own certainty does not count
            doubt = 0.5 if pair.unclear else min(chance, 1 - chance)
            items.append(ReviewItem(pair, chance, doubt * pair.stake))
    return tuple(sorted(items, key=lambda one: (-one.value, -one.pair.bits, one.pair.left, one.pair.right)))
