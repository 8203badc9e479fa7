"""应答 Answering: from a question to what the machine does with it. Pure.

Order: danger first (a number to call, and below it what else was clearly asked), then the wish for a person, then the search. The machine speaks only when its
calibrated confidence is high; in between it asks which of two or three is meant; below that it says
that it does not know and offers a person. A wrong answer given with confidence is the worst fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.capabilities.guide.calibration import Calibration
from quancheng.capabilities.guide.ranking import Hit, Index
from quancheng.capabilities.guide.triage import NONE, Rules, Sign
from quancheng.capabilities.guide.values import Outcome

__all__ = ["Decision", "decide"]

OPTIONS = 3
NEAR_SCORE = 0.45
"""An option is worth offering from this share of the best score on."""
RIVAL = 0.82
"""A second entry this near to the first makes the question ambiguous."""
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, with the keys of the entries it is about (应答决定)."""

    outcome: Outcome
    keys: tuple[str, ...] = ()
    confidence: float = 0.0
    sign: Sign = NONE


def decide(question: str, index: Index, calibration: Calibration, rules: Rules) -> Decision:
    """Decide what to do with a question."""
    sign = rules.look(question)
    if early := _by_sign(sign):
        return early
    hits = index.search(question)
    sure = calibration.confidence(hits)
    if sign.kind == "emergency":
        also = hits and sure >= calibration.answer_from and hits[0].kind != ELSEWHERE
        return Decision(Outcome.EMERGENCY, (hits[0].key,) if also else (), 1.0, sign)
    if not hits or sure < calibration.ask_from:
        return Decision(Outcome.UNSURE, confidence=sure)
    first = hits[0]
    if first.kind == ELSEWHERE:
        return Decision(Outcome.ELSEWHERE, (first.key,), sure)
    options = _options(hits)
    if sure >= calibration.answer_from and not _rival(hits):
        return Decision(Outcome.ANSWER, (first.key,), sure)
    if len(options) == 1 and sure < calibration.answer_from:
        options = _second_look(hits)
    return Decision(Outcome.ASK, options, sure)


def _by_sign(sign: Sign) -> Decision | None:
    match sign.kind:
        case "person":
            return Decision(Outcome.PERSON, confidence=1.0, sign=sign)
        case "greet" | "thanks" | "who":
            return Decision(Outcome.SMALL_TALK, confidence=1.0, sign=sign)
        case "off_topic" | "other_city" | "nothing":
            return Decision(Outcome.UNSURE, sign=sign)
    return None


def _options(hits: list[Hit]) -> tuple[str, ...]:
    return tuple(hit.key for hit in hits if hit.score >= hits[0].score * NEAR_SCORE)[:OPTIONS]


def _second_look(hits: list[Hit]) -> tuple[str, ...]:
    """With one clear but unsure entry: it and the next, so that the citizen decides."""
    return tuple(hit.key for hit in hits[:2])


def _rival(hits: list[Hit]) -> bool:
    return len(hits) > 1 and hits[1].score >= hits[0].score * RIVAL
