"""校准 Calibration: from the evidence of a ranking to the probability that its first entry is right. Pure.

A regularised logistic regression over a handful of features, fitted on the tuning third of the question
set only and kept in ``resources/calibration.toml`` with the digest of that set.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.guide.ranking import Hit, spread

__all__ = ["FEATURES", "Calibration", "features", "fit", "shipped"]

FILE = Path(__file__).parent / "resources" / "calibration.toml"
FEATURES = ("coverage", "phrase", "spread", "likeness", "words", "cosine", "cosine_gap")


def features(hits: Sequence[Hit]) -> tuple[float, ...]:
    """The evidence of a ranking as numbers of order one; all 0 without a hit."""
    if not hits:
        return (0.0,) * len(FEATURES)
    first = hits[0]
    gap = first.cosine - max((hit.cosine for hit in hits[1:]), default=0.0)
    return (
        first.coverage,
        first.phrase,
        spread(hits),
        first.likeness,
        math.log1p(first.words) / 4,
        first.cosine * 10,
        gap * 10,
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the features, and from which probability the guide speaks (校准参数)."""

    weights: tuple[float, ...]
    bias: float
    answer_from: float
    ask_from: float
    fitted_on: str = ""
    """Digest of the question set and the number of questions it was fitted on."""

    def confidence(self, hits: Sequence[Hit]) -> float:
        """Probability that the first hit is what was meant, 0 without a hit."""
        if not hits:
            return 0.0
        total = self.bias + sum(w * x for w, x in zip(self.weights, features(hits), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Calibration:
        return cls(
            weights=tuple(float(row["weights"][name]) for name in FEATURES),
            bias=float(row["bias"]),
            answer_from=float(row["answer_from"]),
            ask_from=float(row["ask_from"]),
            fitted_on=str(row.get("fitted_on", "")),
        )


def fit(
    rows: Sequence[tuple[tuple[float, ...], bool]],
    *,
    penalty: float = 0.003,
    rounds: int = 6000,
    step: float = 1.0,
) -> tuple[tuple[float, ...], float]:
    """Weights and bias by gradient descent; evidence may never count against (weights stay ≥ 0).

    That keeps the confidence monotonous: more of the question explained is never less sure.
    """
    size = len(FEATURES)
    weights, bias = [0.0] * size, 0.0
    for _ in range(rounds):
        gradient, gradient_bias = [0.0] * size, 0.0
        for found, right in rows:
            total = bias + sum(w * x for w, x in zip(weights, found, strict=True))
            wrong = 1 / (1 + math.exp(-max(-30.0, min(30.0, total)))) - float(right)
            gradient_bias += wrong
            for at, value in enumerate(found):
                gradient[at] += wrong * value
        bias -= step * gradient_bias / len(rows)
        weights = [
            max(0.0, w - step * (g / len(rows) + penalty * w)) for w, g in zip(weights, gradient, strict=True)
        ]
    return tuple(weights), bias


@lru_cache(maxsize=4)
def shipped(embedder: str = "") -> Calibration:
    """The calibration for ranking with an embedder of this name, or by words alone."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Calibration.of(document[embedder if embedder in document else "words"])
