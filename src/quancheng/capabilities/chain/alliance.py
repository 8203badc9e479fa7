"""联盟往来: ask members to cosign our heads, look at theirs. Network work, outside transactions."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from quancheng.capabilities.chain import actions, nodekeys, tree
from quancheng.capabilities.chain.models import HASHERS, Head, Member, SeenHead
from quancheng.capabilities.chain.witness_client import NodeClient, NodeFailed
from quancheng.core.merkle import ProofError, TreeHead, verify_consistency
from quancheng.core.tlog import Checkpoint, ForkEvidence, LogFault, NoteKey, Request, Signature, open_note
from quancheng.core.tlog.policy import cosigned
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call

QUIET = timedelta(seconds=20)
"""A member that answers is written down so often, not at every answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a member answered: a cosignature with the time it claims, or a fault."""

    member: Member
    line: Signature | None = None
    time: int | None = None
    fault: str = ""


def witness_head(head: Head) -> Head:
    """Ask every member at once; keep what holds. Members that fail are noted, never waited for beyond the limit."""
    members = nodekeys.members()
    if not members:
        return head
    seconds = float(rulebook.find("chain.ask_seconds").integer())
    proofs = _Proofs(head)
    with ThreadPoolExecutor(len(members)) as pool:
        told = list(pool.map(lambda member: _ask(member, head.note, proofs, seconds), members))
    call = Call.system("chain")
    lines = [one.line for one in told if one.line is not None]
    if lines:
        head = actions.keep_answers(call, head=head, lines=lines)
    _note(call, told)
    return head


class _Proofs:
    """Proofs from any older size to a head, made before threads begin: they have no database."""

    def __init__(self, head: Head) -> None:
        self._head, self._made = head, {0: ()}  # type: ignore[var-annotated]
        sizes = Head.objects.filter(shard=head.shard, size__lt=head.size).order_by("-size")
        for size in sizes.values_list("size", flat=True)[:50]:
            self._made[size] = tree.consistency(head.shard, size, head.size)
        self._made[head.size] = ()
        self.likely = max((size for size in self._made if size < head.size), default=0)

    def request(self, size: int, note: str) -> Request | None:
        proof = self._made.get(size)
        return None if proof is None else Request(size, proof, note)


def _ask(member: Member, note: str, proofs: _Proofs, seconds: float) -> Told:
    node = NodeClient(member.url, seconds)
    try:
        size = proofs.likely
        for _again in range(2):
            request = proofs.request(size, note)
            if request is None:
                return Told(member, fault=f"knows size {size}, of which no head was kept")
            answer = node.cosign(request)
            if answer.status == 200:
                return _read(member, note, answer.signatures)
            if answer.status != 409:
                return Told(member, fault=f"{answer.status} {answer.body.strip()[:120]}")
            size = answer.size
        return Told(member, fault="409 twice")
    except NodeFailed as failed:
        return Told(member, fault=str(failed))


def _read(member: Member, note: str, lines: Sequence[Signature]) -> Told:
    key = NoteKey.read(member.witness_key)
    for line in lines:
        try:
            time = cosigned(_with(note, line), key)
        except LogFault as wrong:
            return Told(member, fault=str(wrong))
        if time is not None:
            return Told(member, line, time)
    return Told(member, fault="no cosignature under its key")


def _with(note: str, line: Signature) -> object:
    from quancheng.core.tlog import add_signature

    return add_signature(open_note(note), [line])


def _note(call: Call, told: Sequence[Told]) -> None:
    now = clock.now()
    for one in told:
        row = Member.objects.get(pk=one.member.pk)
        skew = abs(one.time - int(now.timestamp())) if one.time is not None else 0
        quiet = row.answered_at is not None and now - row.answered_at < QUIET
        known = row.claimed_at is not None and row.answered_at is not None
        before = abs((row.claimed_at - row.answered_at).total_seconds()) if known else 0.0  # type: ignore[operator]
        same = row.fault == one.fault[:200] and abs(skew - before) < 10
        if not (same and (quiet or one.fault)):
            actions.note_answer(call, member=row, claimed=one.time, fault=one.fault)


def watch(member: Member) -> str:
    """Compare a member's published checkpoint with the last one it had cosigned here: another history is kept.

    Returns what was found: "same", "grown", "fork", "broken" (no proof from what we know), or a fault.
    """
    seconds = float(rulebook.find("chain.ask_seconds").integer())
    node = NodeClient(member.url, seconds)
    call = Call.system("chain")
    try:
        text = node.checkpoint()
        note = open_note(text)
        checkpoint = Checkpoint.read(note.body)
        if not note.by(NoteKey.read(member.log_key)):
            raise NodeFailed("its checkpoint is not signed by its log")
        seen = SeenHead.objects.filter(origin=checkpoint.origin).first()
        if seen is None or checkpoint.size < seen.size:
            return "same"
        known = TreeHead(seen.size, bytes(seen.root))
        if checkpoint.size == known.size:
            if checkpoint.root == known.root:
                return "same"
            actions.note_fork(call, member=member, evidence=ForkEvidence(seen.note, text))
            return "fork"
        proof = node.consistency(checkpoint.origin, known.size, checkpoint.size) if known.size else ()
        if known.size:
            verify_consistency(HASHERS[member.hasher], known, checkpoint.head, proof)
        return "grown"
    except ProofError:
        actions.note_answer(
            call, member=member, claimed=None, fault="history does not extend what we cosigned"
        )
        return "broken"
    except (NodeFailed, LogFault) as failed:
        actions.note_answer(call, member=member, claimed=None, fault=str(failed))
        return str(failed)
