"""Values of the guide that other modules, pages and the API speak in. Frozen, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Answer", "Candidate", "Outcome", "Side", "State"]


class Outcome(StrEnum):
    """What the machine does with a question (应答方式)."""

    EMERGENCY = "emergency"
    ANSWER = "answer"
    ASK = "ask"
    UNSURE = "unsure"
    ELSEWHERE = "elsewhere"
    PERSON = "person"
    SMALL_TALK = "small_talk"

    @property
    def refuses(self) -> bool:
        """No matter or article was claimed to be the answer."""
        return self not in {Outcome.ANSWER, Outcome.ASK}


class State(StrEnum):
    """Where a conversation stands (会话状态)."""

    BOT = "bot"
    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"

    @property
    def text(self) -> Text:
        return _STATES[self]


_STATES = {
    State.BOT: Text("自助问答", "Answered by the guide"),
    State.WAITING: Text("等待人工", "Waiting for a person"),
    State.OPEN: Text("人工服务中", "With a person"),
    State.CLOSED: Text("已结束", "Closed"),
}


class Side(StrEnum):
    """Who says something in a conversation (发言方)."""

    CITIZEN = "citizen"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matter, article or outside office that may be meant, with its source and freshness."""

    key: str
    kind: str
    title: Text
    text: Text
    link: str
    source: Text
    as_of: date | None
    valid_to: date | None = None
    simulated: bool = False
    stale: bool = False
    """Past its day of review: shown with a warning, never hidden."""
    facts: tuple[tuple[Text, Text], ...] = ()
    """For a matter: who decides, papers, days, fee."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the machine says to one question (应答)."""

    outcome: Outcome
    say: Text
    confidence: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    telephone: str = ""
    offer_person: bool = True
    keys: tuple[str, ...] = field(default=())
