"""Fork evidence: two checkpoints of one log that cannot both be true, for anybody to check."""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.tlog.checkpoint import Checkpoint
from quancheng.core.tlog.errors import LogFault, LogReason
from quancheng.core.tlog.notes import NoteKey, open_note

__all__ = ["ForkEvidence", "check_fork"]


@dataclass(frozen=True, slots=True)
class ForkEvidence:
    """分叉证据: two notes."""

    one: str
    other: str


def check_fork(evidence: ForkEvidence, key: NoteKey) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints, when the log signed both, of the same size with different roots. Raises LogFault."""
    found = []
    for text in (evidence.one, evidence.other):
        note = open_note(text)
        if not note.by(key):
            raise LogFault(LogReason.SIGNATURE, f"not signed by {key.name}")
        found.append(Checkpoint.read(note.body))
    one, other = found
    if one.origin != other.origin or one.size != other.size or one.root == other.root:
        raise LogFault(LogReason.PROOF, "the two can both be true")
    return one, other
