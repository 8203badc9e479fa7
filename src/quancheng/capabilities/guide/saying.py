"""应答词 Saying: the machine's sentences, and the card of an answer as JSON for the transcript. Pure but for knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.guide import knowledge
from quancheng.capabilities.guide.answering import Decision
from quancheng.capabilities.guide.values import Answer, Candidate, Outcome
from quancheng.core.text import Text

ANSWERS = Text("您问的应该是这件事：", "This should be what you ask about:")
ASKS = Text("我不太确定，您指的是哪一个？", "I am not sure; which of these do you mean?")
UNSURE = Text(
    "这个问题我答不准，不想误导您。可以换个说法（直接说要办的证或事），或者找人工。",
    "I cannot answer this reliably and will not guess. Say it another way, or talk to a person.",
)
ELSEWHERE = Text("这件事不在本指南办理，以下供参考：", "This is not handled here; for orientation:")
PERSON = Text("好的，为您转人工。", "All right, I connect you with a person.")
SMALL = {
    "greet": Text(
        "您好，请直接说要办的事，比如“老年证怎么办”。", "Hello. Say what you need, for example “senior card”."
    ),
    "thanks": Text("不客气。还有别的要办吗？", "You are welcome. Anything else?"),
    "who": Text(
        "我是济南的自助导服，只回答办事的问题；答不准的会说不知道，并请人工来答。",
        "I am the city's guide for public services. What I do not know I say, and a person answers.",
    ),
}
OFF_TOPIC = Text(
    "我只能回答在济南办事的问题。要办什么事请直接说，也可以找人工。",
    "I answer questions about public services in Jinan only. Tell me what you need, or talk to a person.",
)


def answer_to(question: str) -> Answer:
    """The machine's answer to a question, with sources; nothing is written."""
    decision = knowledge.machine(question)
    return _answer(decision)


def _answer(decision: Decision) -> Answer:
    shown = tuple(one for key in decision.keys if (one := knowledge.candidate(key)) is not None)
    if decision.keys and not shown:  # it was withdrawn this very moment
        return Answer(Outcome.UNSURE, UNSURE, decision.confidence)
    return Answer(
        outcome=decision.outcome,
        say=_words(decision),
        confidence=round(decision.confidence, 3),
        candidates=shown,
        telephone=decision.sign.telephone,
        offer_person=decision.outcome not in {Outcome.ANSWER, Outcome.SMALL_TALK, Outcome.PERSON},
        keys=tuple(one.key for one in shown),
    )


def _words(decision: Decision) -> Text:
    sign = decision.sign
    match decision.outcome:
        case Outcome.EMERGENCY:
            return sign.say or UNSURE
        case Outcome.ANSWER:
            return ANSWERS
        case Outcome.ASK:
            return ASKS
        case Outcome.ELSEWHERE:
            return ELSEWHERE
        case Outcome.PERSON:
            return PERSON
        case Outcome.SMALL_TALK:
            return SMALL[sign.kind]
    if sign.kind == "other_city":
        return Text(
            f"您说的好像是外地（{sign.place}）的事，我只知道济南的规定。请拨打当地12345（加区号），或者找人工。",
            f"This seems to concern another city ({sign.place}); I know the rules of Jinan only. Call 12345 there.",
        )
    return OFF_TOPIC if sign.kind in {"off_topic", "nothing"} else UNSURE


def card_of(answer: Answer, inquiry: int) -> dict[str, Any]:
    """An answer as it is kept in the transcript: what was shown then, not what holds later."""
    return {
        "kind": "answer",
        "outcome": answer.outcome.value,
        "confidence": answer.confidence,
        "telephone": answer.telephone,
        "offer_person": answer.offer_person,
        "inquiry": inquiry,
        "candidates": [_kept(one) for one in answer.candidates],
    }


def matter_card(candidate: Candidate) -> dict[str, Any]:
    """One entry an agent sends."""
    return {"kind": "entry", "candidates": [_kept(candidate)]}


def _kept(one: Candidate) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind,
        "title": one.title.to_dict(),
        "text": one.text.to_dict(),
        "link": one.link,
        "source": one.source.to_dict(),
        "as_of": _iso(one.as_of),
        "valid_to": _iso(one.valid_to),
        "simulated": one.simulated,
        "stale": one.stale,
        "facts": [[label.to_dict(), value.to_dict()] for label, value in one.facts],
    }


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def shown(card: Mapping[str, Any]) -> dict[str, Any]:
    """A kept card ready for templates: texts as texts, days as days."""
    found = dict(card)
    found["candidates"] = [
        {
            **row,
            "title": Text.of(row["title"]),
            "text": Text.of(row["text"]),
            "source": Text.of(row["source"]),
            "as_of": date.fromisoformat(row["as_of"]) if row["as_of"] else None,
            "valid_to": date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            "facts": [(Text.of(a), Text.of(b)) for a, b in row["facts"]],
        }
        for row in card.get("candidates", ())
    ]
    return found
