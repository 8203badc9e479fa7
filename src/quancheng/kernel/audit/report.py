"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from quancheng.core.text import Text


class Kind(StrEnum):
    """What is wrong."""

    ALTERED = "altered"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    UNCHAINED = "unchained"
    TRUNCATED = "truncated"
    SURPLUS = "surplus"
    REWRITTEN = "rewritten"
    FORGED_CHECKPOINT = "forged-checkpoint"
    LOST_CHECKPOINT = "lost-checkpoint"
    FORKED = "forked"
    NO_HEAD = "no-head"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, and where."""

    stream: str
    sequence: int
    kind: Kind
    text: Text

    def __str__(self) -> str:
        return f"[{self.stream}#{self.sequence}] {self.kind}: {self.text.zh} {self.text.en}"


@dataclass(slots=True)
class Report:
    """The outcome of one verification."""

    streams: int = 0
    entries: int = 0
    checkpoints: int = 0
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Text] = field(default_factory=list)
    """Things worth knowing that are not tampering, as a line a crash tore."""

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems

    def found(self, stream: str, sequence: int, kind: Kind, zh: str, en: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(stream, sequence, kind, Text(zh, en)))
