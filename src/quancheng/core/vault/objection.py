"""异议: a person says a fact is wrong; its department answers, repairs, and all who received it are told.

filed → accepted → repaired → told, or filed → rejected → told. It is *told* only when the person and
every recipient that was given the wrong fact have been told (个人信息保护法 Art. 46: correction on request).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quancheng.core.vault.errors import Reason, VaultFault

__all__ = ["PERSON", "Move", "Objection", "ObjectionState", "accept", "file", "reject", "repair", "tell"]

PERSON = "person"
"""The person in the list of those to be told."""


class ObjectionState(StrEnum):
    """Where an objection stands (异议状态)."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    REJECTED = "rejected"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Move:
    """One step (一步)."""

    state: ObjectionState
    at: datetime
    by: str
    said: str


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection with its history (异议)."""

    item: str
    receivers: frozenset[str]
    """Recipients that were given the fact."""
    state: ObjectionState
    moves: tuple[Move, ...]
    told: frozenset[str] = frozenset()

    @property
    def to_tell(self) -> frozenset[str]:
        """Who must still be told: recipients only about a repair."""
        if self.state is ObjectionState.REPAIRED:
            return (self.receivers | {PERSON}) - self.told
        return frozenset({PERSON}) - self.told if self.state is ObjectionState.REJECTED else frozenset()


def file(item: str, *, said: str, by: str, receivers: Iterable[str], at: datetime) -> Objection:
    """提出异议. Raises VaultFault (REASON_MISSING)."""
    _said(said)
    filed = ObjectionState.FILED
    return Objection(item, frozenset(receivers), filed, (Move(filed, at, by, said),))


def accept(one: Objection, *, said: str, by: str, at: datetime) -> Objection:
    """受理: the department agrees to repair. Raises VaultFault."""
    return _move(one, ObjectionState.ACCEPTED, said, by, at, ObjectionState.FILED)


def reject(one: Objection, *, said: str, by: str, at: datetime) -> Objection:
    """不予更正, always with a reason. Raises VaultFault (STEP, REASON_MISSING)."""
    return _move(one, ObjectionState.REJECTED, said, by, at, ObjectionState.FILED, ObjectionState.ACCEPTED)


def repair(one: Objection, *, said: str, by: str, at: datetime) -> Objection:
    """已更正: what was changed. Raises VaultFault."""
    return _move(one, ObjectionState.REPAIRED, said, by, at, ObjectionState.ACCEPTED)


def tell(one: Objection, whom: str, *, at: datetime) -> Objection:
    """告知: one of those to be told has been told; the last one ends it. Raises VaultFault (STEP)."""
    if whom not in one.to_tell:
        raise VaultFault(Reason.STEP, f"{whom} is not to be told")
    told = replace(one, told=one.told | {whom})
    if told.to_tell:
        return told
    return _move(told, ObjectionState.TOLD, whom, whom, at, one.state)


def _move(
    one: Objection, state: ObjectionState, said: str, by: str, at: datetime, *allowed: ObjectionState
) -> Objection:
    if one.state not in allowed:
        raise VaultFault(Reason.STEP, f"{state} after {one.state}")
    _said(said)
    if at < one.moves[-1].at:
        raise VaultFault(Reason.CLOCK)
    return replace(one, state=state, moves=(*one.moves, Move(state, at, by, said)))


def _said(words: str) -> None:
    if not words.strip():
        raise VaultFault(Reason.REASON_MISSING)
