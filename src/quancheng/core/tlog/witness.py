"""A witness (C2SP tlog-witness) as a state machine: it cosigns only what extends what it cosigned before.

Pure: the caller keeps ``Seen`` for each origin in one transaction with the answer it sends.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quancheng.core.keys import SigningKey
from quancheng.core.merkle import MerkleHasher, ProofError, TreeHead, verify_consistency
from quancheng.core.tlog.checkpoint import Checkpoint
from quancheng.core.tlog.errors import LogFault
from quancheng.core.tlog.notes import Note, NoteKey, Signature, open_note

__all__ = ["Answer", "Request", "Seen", "add_checkpoint", "cosign_message", "cosigner"]

_OLD = re.compile("old (?:0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness knows of a log: the last checkpoint it cosigned."""

    origin: str
    head: TreeHead
    note: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """``add-checkpoint``: from which size, by which proof, to which note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """The body of the request."""
        lines = "".join(base64.b64encode(one).decode() + "\n" for one in self.proof)
        return f"old {self.old_size}\n{lines}\n{self.note}"

    @classmethod
    def read(cls, text: str) -> Request | None:
        """From the body of a request, or None when it is none."""
        head, found, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if not found or not _OLD.fullmatch(first) or len(lines) > 63:
            return None
        try:
            proof = tuple(base64.b64decode(line, validate=True) for line in lines)
        except ValueError:
            return None
        return cls(int(first[4:]), proof, note)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says: an HTTP status, its cosignature or why not, and what it knows from now on."""

    status: int
    body: str
    seen: Seen | None
    fork: tuple[str, str] | None = None
    """Two notes of the log that cannot both be true: evidence to keep and show."""


def cosign_message(note: Note, time: int) -> bytes:
    """What a cosigner signs (C2SP tlog-cosignature, cosignature/v1)."""
    return f"cosignature/v1\ntime {time}\n{note.body}".encode()


def cosigner(name: str, key: SigningKey, note: Note, time: int) -> Signature:
    """A cosignature at a time (Unix seconds): the time in eight bytes, then the signature."""
    named = NoteKey(name, key.public, cosigns=True)
    return Signature(name, named.id, struct.pack(">Q", time) + key.sign(cosign_message(note, time)))


def add_checkpoint(
    seen: Mapping[str, Seen],
    logs: Mapping[str, tuple[NoteKey, MerkleHasher]],
    request: Request,
    witness: tuple[str, SigningKey],
    now: int,
) -> Answer:
    """Judge a checkpoint a log wants cosigned. The statuses are those of C2SP tlog-witness:

    200 cosigned; 400 not a checkpoint; 403 not signed by the log; 404 the log is not known; 409 the
    request begins at another size than the witness knows (the body is that number), or the size was
    cosigned with another root: a fork (the body is words); 422 the proof does not hold.
    """
    try:
        note = open_note(request.note)
        checkpoint = Checkpoint.read(note.body)
    except LogFault as wrong:
        return Answer(400, f"{wrong}\n", None)
    known = logs.get(checkpoint.origin)
    if known is None:
        return Answer(404, "unknown log\n", None)
    key, hasher = known
    if not note.by(key):
        return Answer(403, "not signed by the log\n", None)
    before = seen.get(checkpoint.origin)
    had = before.head.size if before else 0
    if request.old_size > checkpoint.size:
        return Answer(400, "old size is larger than the checkpoint\n", None)
    if request.old_size != had:
        return Answer(409, f"{had}\n", None)
    if before and _forks(before, checkpoint):
        return Answer(409, "this size was cosigned with another root\n", None, (before.note, request.note))
    wrong_by = _extends(before, checkpoint, request.proof, hasher)
    if wrong_by:
        return Answer(422, f"{wrong_by}\n", None)
    line = cosigner(witness[0], witness[1], note, now).line()
    return Answer(200, line, Seen(checkpoint.origin, checkpoint.head, request.note))


def _extends(before: Seen | None, after: Checkpoint, proof: Sequence[bytes], hasher: MerkleHasher) -> str:
    if before is None or before.head.size == 0:
        return "" if not proof else "a proof from nothing has no hashes"
    try:
        verify_consistency(hasher, before.head, after.head, proof)
    except ProofError as wrong:
        return str(wrong)
    return ""


def _forks(before: Seen, after: Checkpoint) -> bool:
    """Same size, other root: no proof could join them."""
    return before.head.size == after.size and before.head.root != after.root
