"""判断见证请求: what we would answer to an ``add-checkpoint``, from what is kept. Reads only.

Whoever asks is not known beyond the log's signature, and checkpoints are public: only an answer that changes
what is kept is worth a transaction and a line in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from quancheng.capabilities.chain import nodekeys
from quancheng.capabilities.chain.models import HASHERS, Evidence, Member, SeenHead
from quancheng.core.merkle import TreeHead
from quancheng.core.tlog import Answer, LogFault, NoteKey, Request, Seen, add_checkpoint, open_note

ORIGIN_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, whose log was asked about, and whether it changes what is kept."""

    answer: Answer
    origin: str = ""
    member: Member | None = None
    changes: bool = False


def judge(text: str, at: datetime) -> Judged:
    """Answer a request as things stand."""
    request = Request.read(text)
    if request is None:
        return Judged(Answer(400, "not an add-checkpoint request\n", None))
    try:
        origin = open_note(request.note).body.partition("\n")[0]
    except LogFault as wrong:
        return Judged(Answer(400, f"{wrong}\n", None))
    member = member_of(origin)
    if member is None or len(origin) > ORIGIN_LENGTH:
        return Judged(Answer(404, "unknown log\n", None))
    row = SeenHead.objects.filter(origin=origin).first()
    seen = {origin: Seen(origin, TreeHead(row.size, bytes(row.root)), row.note)} if row else {}
    logs = {origin: (NoteKey.read(member.log_key), HASHERS[member.hasher])}
    signer = (nodekeys.witness_name(), nodekeys.witness_signer())
    answer = add_checkpoint(seen, logs, request, signer, int(at.timestamp()))
    return Judged(answer, origin, member, _changes(answer, seen.get(origin), member))


def member_of(origin: str) -> Member | None:
    """The member whose log a shard belongs to: origins are ``<key name>/<period>``."""
    for one in Member.objects.filter(state=Member.State.ACTIVE):
        if origin.startswith(NoteKey.read(one.log_key).name + "/"):
            return one  # type: ignore[no-any-return]
    return None


def evidence_kept(member: Member, origin: str, one: str) -> Evidence | None:
    """Evidence against the same cosigned head: a second lie about it proves nothing more."""
    found: Evidence | None = Evidence.objects.filter(member=member, origin=origin, one=one).first()
    return found


def _changes(answer: Answer, before: Seen | None, member: Member) -> bool:
    if answer.fork is not None and before is not None:
        return evidence_kept(member, before.origin, answer.fork[0]) is None
    return answer.seen is not None and (before is None or before.head != answer.seen.head)
