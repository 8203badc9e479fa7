"""检查结果: what a run of rules over a table found, as counts, rates and a score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from quancheng.core.quality.model import Dimension, Rule, Severity

__all__ = ["Failure", "Findings", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule's counts (一条规则的结果).

    ``applicable`` rows were judged, ``failed`` of them fail. For rules of the whole table: ``applicable``
    is 1, ``failed`` 0 or 1, ``measured`` the number of rows (row count) or of fresh rows (newest).
    ``groups``: how many values occur more than once (unique).
    """

    rule: Rule
    applicable: int
    failed: int
    groups: int = 0
    measured: int | None = None

    @property
    def rate(self) -> Decimal | None:
        """Share of applicable rows that pass, ``None`` if there is none (合格率)."""
        if not self.applicable:
            return None
        return Decimal(self.applicable - self.failed) / Decimal(self.applicable)

    @property
    def passed(self) -> bool:
        """Whether enough rows pass (是否达标); nothing to judge is no failure."""
        return Decimal(self.applicable - self.failed) >= self.rule.least * self.applicable


@dataclass(frozen=True, slots=True)
class Findings:
    """A run over one table (一次检查的结果)."""

    table: str
    rows: int
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule of severity "error" is broken (整体是否合格)."""
        return all(each.passed or each.rule.severity is not Severity.ERROR for each in self.outcomes)

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """Outcomes of rules that do not reach their share, in order (不达标的规则)."""
        return tuple(each for each in self.outcomes if not each.passed)

    def of(self, rule: str) -> Outcome:
        """Outcome of a rule by id (按编号查结果). Raises ``KeyError``."""
        for each in self.outcomes:
            if each.rule.id == rule:
                return each
        raise KeyError(rule)

    def score(self, dimension: Dimension | None = None) -> Decimal | None:
        """Weighted mean of the rates (得分), 0 to 1, of all rules or one dimension's.

        Σ weight·rate ÷ Σ weight over the rules that had something to judge; ``None`` if none had.
        """
        counted = [
            (each.rule.weight, each.rate)
            for each in self.outcomes
            if each.rate is not None and dimension in {None, each.rule.side}
        ]
        weight = sum((part for part, _ in counted), Decimal(0))
        if not weight:
            return None
        return sum((part * rate for part, rate in counted if rate is not None), Decimal(0)) / weight

    def by_dimension(self) -> Mapping[Dimension, Decimal]:
        """Score of every dimension that has rules (各维度得分)."""
        scores = {each: self.score(each) for each in Dimension}
        return {each: score for each, score in scores.items() if score is not None}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing row (不合格的行): its key, the values looked at and why."""

    key: Mapping[str, object]
    values: Mapping[str, object]
    reason: str
