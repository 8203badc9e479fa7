"""核对成员日志: what a member shows the world beside what it had cosigned here. Network work, outside transactions."""

from __future__ import annotations

from quancheng.capabilities.chain import actions, judging
from quancheng.capabilities.chain.models import HASHERS, Member, SeenHead
from quancheng.capabilities.chain.values import HISTORY
from quancheng.capabilities.chain.witness_client import NodeClient, NodeFailed, NodeRefused
from quancheng.core.merkle import ProofError, TreeHead, verify_consistency
from quancheng.core.tlog import Checkpoint, ForkEvidence, LogFault, NoteKey, open_note
from quancheng.kernel import rulebook
from quancheng.kernel.actions import Call

ORIGINS = 2
"""Shards looked at beside the newest: those it had cosigned last."""


class _BrokenHistory(Exception):
    """What a member shows does not join what we cosigned, and it has no proof that it does."""


def watch(member: Member) -> str:
    """Compare a member's published checkpoints with the last ones cosigned here: another history is kept.

    Returns the worst that was found: "fork" (evidence anybody can check), "broken" (larger, smaller or gone,
    without a proof), "grown", "same", "new" (nothing of it was cosigned here), or a fault.
    """
    node = NodeClient(member.url, float(rulebook.find("chain.ask_seconds").integer()))
    call = Call.system("chain")
    recent = SeenHead.objects.filter(member=member).order_by("-at").values_list("origin", flat=True)
    try:
        origin, found = _look(call, member, node)
        for other in recent[:ORIGINS]:
            if other != origin:
                found = max(found, _look(call, member, node, other)[1], key=_WORSE.index)
    except _BrokenHistory as broken:
        if member.fault != f"{HISTORY}{broken}"[:200]:
            actions.note_history(call, member=member, fault=str(broken))
        return "broken"
    except (NodeFailed, LogFault) as failed:
        if member.fault != str(failed)[:200]:
            actions.note_answer(call, member=member, claimed=None, fault=str(failed))
        return str(failed)
    if member.fault.startswith(HISTORY) and found != "fork":
        actions.note_history(call, member=member, fault="")
    return found


_WORSE = ("new", "same", "grown", "fork")


def _look(call: Call, member: Member, node: NodeClient, origin: str = "") -> tuple[str, str]:
    """One shard, the newest by default: its origin and what was found."""
    key = NoteKey.read(member.log_key)
    try:
        text = node.checkpoint(origin)
    except NodeRefused as refused:
        if not origin:
            raise
        raise _BrokenHistory(f"{origin} is not shown any more: {refused}") from None
    note = open_note(text)
    checkpoint = Checkpoint.read(note.body)
    if not note.by(key) or not checkpoint.origin.startswith(f"{key.name}/"):
        raise NodeFailed("its checkpoint is not signed by its log")
    if origin and checkpoint.origin != origin:
        raise _BrokenHistory(f"{origin} is not shown any more")
    seen = SeenHead.objects.filter(member=member, origin=checkpoint.origin).first()
    if seen is None:
        return checkpoint.origin, "new"
    if checkpoint.size == seen.size and checkpoint.root != bytes(seen.root):
        if judging.evidence_kept(member, checkpoint.origin, seen.note) is None:
            actions.note_fork(call, member=member, evidence=ForkEvidence(seen.note, text))
        return checkpoint.origin, "fork"
    return checkpoint.origin, _joins(member, node, seen, checkpoint)


def _joins(member: Member, node: NodeClient, seen: SeenHead, checkpoint: Checkpoint) -> str:
    """Whether one begins with the other. It may publish less than it had cosigned for a moment, not other things."""
    known = TreeHead(seen.size, bytes(seen.root))
    small, large = sorted((known, checkpoint.head), key=lambda one: one.size)
    if small.size == large.size:
        return "same"
    if small.size:
        try:
            proof = node.consistency(checkpoint.origin, small.size, large.size)
            verify_consistency(HASHERS[member.hasher], small, large, proof)
        except (NodeRefused, ProofError) as wrong:
            said = f"{checkpoint.origin} {checkpoint.size} does not join the {seen.size} we cosigned"
            raise _BrokenHistory(f"{said}: {wrong}") from None
    return "grown" if checkpoint.size > seen.size else "same"
