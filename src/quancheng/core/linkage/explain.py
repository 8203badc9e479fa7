"""解释: why a pair was linked or not, line by line, in words and bits."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np

from quancheng.core.linkage.columns import Frame
from quancheng.core.linkage.comparisons import MISSING
from quancheng.core.linkage.errors import LinkageError, LinkageReason
from quancheng.core.linkage.model import Model, Thresholds, Verdict, probability
from quancheng.core.text import Text

__all__ = ["Evidence", "Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One field's say (一项证据): its level, bits for (+) or against (-), of which ``rarity`` for a rare value."""

    comparison: str
    field: str
    level: int
    bits: float
    rarity: float
    text: Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """A pair explained (配对说明): prior and evidence add up to ``bits``; strongest evidence first."""

    left: int
    right: int
    prior_bits: float
    evidence: tuple[Evidence, ...]
    bits: float
    probability: float
    verdict: Verdict
    text: Text


def explain(model: Model, frame: Frame, left: int, right: int, thresholds: Thresholds) -> Explanation:
    """Explain one pair of rows (解释一对记录), whether or not a blocking rule found it."""
    if not (0 <= left < frame.rows and 0 <= right < frame.rows) or left == right:
        raise LinkageError(
            LinkageReason.ROW,
            f"{left}, {right}",
            Text("没有这一对记录。", "There is no such pair of rows."),
        )
    rows = np.array([left], np.int32), np.array([right], np.int32)
    evidence = []
    for column, comparison in enumerate(model.comparisons):
        level = int(comparison.compare(frame, *rows)[0])
        bits = model.level_bits(column, level)
        rarity = 0.0
        if comparison.frequencies and level == comparison.levels - 1:
            rarity = float(model.rarity(frame, column, rows[0])[0])
        text = _line(comparison.label, comparison.level_label(level), level, bits + rarity, rarity)
        evidence.append(Evidence(comparison.name, comparison.field, level, bits + rarity, rarity, text))
    evidence.sort(key=lambda one: -abs(one.bits))
    total = model.prior_bits + sum(one.bits for one in evidence)
    verdict = thresholds.verdict(total)
    return Explanation(
        left,
        right,
        model.prior_bits,
        tuple(evidence),
        total,
        probability(total),
        verdict,
        _summary(tuple(evidence), total, verdict),
    )


def _line(label: Text, level: Text, number: int, bits: float, rarity: float) -> Text:
    if number == MISSING:
        return Text(f"{label.zh}：缺失，不作证据", f"{label.en}: missing, no evidence")
    rare = abs(rarity) >= 0.05
    word = Text("少见" if rarity > 0 else "常见", "rare" if rarity > 0 else "common")
    zh = f"（该值{word.zh}，计{rarity:+.1f}）" if rare else ""
    en = f" (a {word.en} value: {rarity:+.1f})" if rare else ""
    return Text(
        f"{label.zh}：{level.zh}，{bits:+.1f}比特{zh}", f"{label.en}: {level.en}, {bits:+.1f} bits{en}"
    )


def _summary(evidence: tuple[Evidence, ...], bits: float, verdict: Verdict) -> Text:
    chance = _percent(bits)
    return Text(
        f"判定：{verdict.text.zh}；匹配概率{chance}。" + "；".join(one.text.zh for one in evidence) + "。",
        f"Verdict: {verdict.text.en}; match probability {chance}. "
        + "; ".join(one.text.en for one in evidence)
        + ".",
    )


def _percent(bits: float) -> str:
    """Never rounded up to certainty."""
    value = probability(bits) * 100
    return f"{value:.1f}%" if value < 99.9 else f">{99.9 if -bits * log10(2) > -4 else 99.99:g}%"
