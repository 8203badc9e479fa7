"""Whom a verifier trusts: the log's key, witnesses, and how many of them must agree."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quancheng.core.keys import SignatureError
from quancheng.core.merkle import MerkleHasher
from quancheng.core.tlog.checkpoint import Checkpoint
from quancheng.core.tlog.errors import LogFault, LogReason
from quancheng.core.tlog.notes import Note, NoteKey, open_note
from quancheng.core.tlog.witness import cosign_message

__all__ = ["Policy", "Witnessed", "cosigned", "quorum", "witnessed"]


def quorum(members: int) -> int:
    """More than two thirds: ⌊2n/3⌋ + 1, what n members must reach so that fewer than a third may lie."""
    return 2 * members // 3 + 1


@dataclass(frozen=True, slots=True)
class Policy:
    """信任策略: logs by origin with their hash, witnesses, and the number needed."""

    logs: Mapping[str, tuple[NoteKey, MerkleHasher]]
    witnesses: tuple[NoteKey, ...] = ()
    needed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.needed <= len(self.witnesses) or any(not one.cosigns for one in self.witnesses):
            raise ValueError("a policy needs as many cosigners as it asks for")
        names = {one.name for one in self.witnesses}
        keys = {one.public.data for one in self.witnesses}
        if not len(names) == len(keys) == len(self.witnesses):
            raise ValueError("cosigners differ in name and in key: one of them must not count twice")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that holds under a policy, with who cosigned it when (Unix seconds)."""

    checkpoint: Checkpoint
    hasher: MerkleHasher
    times: Mapping[str, int]


def witnessed(text: str, policy: Policy) -> Witnessed:
    """The checkpoint of a note, when the log signed it and enough witnesses cosigned. Raises LogFault."""
    note = open_note(text)
    checkpoint = Checkpoint.read(note.body)
    known = policy.logs.get(checkpoint.origin)
    if known is None:
        raise LogFault(LogReason.UNKNOWN_LOG, checkpoint.origin)
    key, hasher = known
    _unspoilt(note, (key, *policy.witnesses))
    if not note.by(key):
        raise LogFault(LogReason.SIGNATURE, f"not signed by {key.name}")
    times = {one.name: time for one in policy.witnesses if (time := cosigned(note, one)) is not None}
    if len(times) < policy.needed:
        raise LogFault(LogReason.QUORUM, f"{len(times)} of {policy.needed} witnesses")
    return Witnessed(checkpoint, hasher, times)


def _unspoilt(note: Note, keys: Iterable[NoteKey]) -> None:
    """No line with only the name, or only the id, of a key we know: it was that key's line and was changed."""
    for key in keys:
        for one in note.signatures:
            if (one.name == key.name) != (one.key_id == key.id):
                raise LogFault(LogReason.SIGNATURE, f"a line like that of {key.name}")


def cosigned(note: Note, key: NoteKey) -> int | None:
    """When a witness cosigned; None when it did not. A false line under its name is refused."""
    for one in note.signatures:
        if one.name == key.name and one.key_id == key.id:
            if len(one.data) <= 8:
                raise LogFault(LogReason.SIGNATURE, f"cosignature of {key.name}")
            time = int(struct.unpack(">Q", one.data[:8])[0])
            try:
                key.public.verify(cosign_message(note, time), one.data[8:])
            except SignatureError:
                raise LogFault(LogReason.SIGNATURE, f"cosignature of {key.name}") from None
            return time
    return None
