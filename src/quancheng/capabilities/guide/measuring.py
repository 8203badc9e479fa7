"""度量 Measuring: what the guide does with a judged question set. Pure.

A set is rows ``{"q", "expect", "kind"}``; its split is by hash of the question, so that nobody chooses:
one third to tune on, two thirds that are only ever counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.guide.answering import Decision
from quancheng.capabilities.guide.values import Outcome

__all__ = ["Figures", "measure", "split"]

REFUSED = frozenset({"person", "off_topic"})
"""Kinds that must not be answered with a matter or an article."""
Row = Mapping[str, Any]


def split(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Tuning third and judged two thirds."""
    tuning: list[Row] = []
    judged: list[Row] = []
    for row in rows:
        number = int(hashlib.sha256(row["q"].encode()).hexdigest(), 16)
        (judged if number % 3 else tuning).append(row)
    return tuning, judged


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and the shares made of them, 0 … 1."""

    questions: int
    answerable: int
    answered: int
    right: int
    asked: int
    asked_well: int
    to_refuse: int
    refused: int
    refused_rightly: int
    offered_wrongly: int
    """Questions to refuse that got "which of these?" instead."""
    wrong_confident: int
    emergencies: int
    emergencies_seen: int

    @property
    def precision_at_1(self) -> float:
        """Right among the questions answered straight."""
        return _share(self.right, self.answered)

    @property
    def coverage(self) -> float:
        """Answerable questions that got the right answer or a choice holding it."""
        return _share(self.right + self.asked_well, self.answerable)

    @property
    def answered_straight(self) -> float:
        """Answerable questions that got the right answer at once."""
        return _share(self.right, self.answerable)

    @property
    def refusal_precision(self) -> float:
        """Among refused questions, those that had to be."""
        return _share(self.refused_rightly, self.refused)

    @property
    def refusal_recall(self) -> float:
        """Among questions to refuse, those that were."""
        return _share(self.refused_rightly, self.to_refuse)

    @property
    def wrong_confident_rate(self) -> float:
        """Wrong straight answers, among all questions: the fault that counts most."""
        return _share(self.wrong_confident, self.questions)


def measure(rows: Sequence[Row], decide: Callable[[str], Decision]) -> Figures:
    """Count what ``decide`` does with each question."""
    judged = [(row, decide(row["q"])) for row in rows]
    answered = [(row, one) for row, one in judged if one.outcome is Outcome.ANSWER]
    asked = [(row, one) for row, one in judged if one.outcome is Outcome.ASK]
    refused = [(row, one) for row, one in judged if one.outcome.refuses]
    right = [row for row, one in answered if one.keys[0] in row["expect"]]
    danger = [(row, one) for row, one in judged if row.get("emergency")]
    return Figures(
        questions=len(judged),
        answerable=sum(row["kind"] not in REFUSED for row, _ in judged),
        answered=len(answered),
        right=len(right),
        asked=len(asked),
        asked_well=sum(bool(set(one.keys) & set(row["expect"])) for row, one in asked),
        to_refuse=sum(row["kind"] in REFUSED for row, _ in judged),
        refused=len(refused),
        refused_rightly=sum(row["kind"] in REFUSED for row, _ in refused),
        offered_wrongly=sum(row["kind"] in REFUSED for row, _ in asked),
        wrong_confident=len(answered) - len(right),
        emergencies=len(danger),
        emergencies_seen=sum(
            one.outcome is Outcome.EMERGENCY and one.sign.telephone == row["emergency"] for row, one in danger
        ),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
