"""联盟往来: ask members to cosign our heads. Network work, outside transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from quancheng.capabilities.chain import actions, judging, nodekeys, tree
from quancheng.capabilities.chain.models import Head, Member
from quancheng.capabilities.chain.values import HISTORY, LAST
from quancheng.capabilities.chain.witness_client import NodeClient, NodeFailed
from quancheng.core.tlog import Answer, LogFault, Note, NoteKey, Request, Signature, add_signature, open_note
from quancheng.core.tlog.policy import cosigned
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call

QUIET = timedelta(seconds=20)
"""A member that answers is written down so often, not at every answer; one that failed rests so long."""
_failed: dict[str, datetime] = {}
"""Of this process: when a node last failed. The others' checkpoints do not wait for it each second."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a member answered: a cosignature with the time it claims, the size it knows, or a fault."""

    member: Member
    line: Signature | None = None
    time: int | None = None
    knows: int | None = None
    fault: str = ""


def answer(text: str) -> Answer:
    """Answer another city's ``add-checkpoint``; only what changes something is written."""
    judged = judging.judge(text, clock.now())
    return actions.judge_checkpoint(Call.system("chain"), text=text) if judged.changes else judged.answer


def due(head: Head, *, beat: bool) -> list[Member]:
    """Members to ask about a head: who lacks on it, and with ``beat`` who was not heard of for long.

    Without the beat a quiet night would look like an alliance that is gone.
    """
    note, now = open_note(head.note), clock.now()
    long = timedelta(seconds=rulebook.find("chain.silent_seconds").integer()) / 2
    found = []
    for one in nodekeys.members():
        failed = _failed.get(one.url)
        if failed is not None and failed <= now < failed + QUIET:
            continue
        silent = one.answered_at is None or now - one.answered_at > long
        if not _cosigned(note, one) or (beat and silent):
            found.append(one)
    return found


def witness_head(head: Head, members: Sequence[Member] | None = None) -> Head:
    """Ask members at once, all by default; keep what holds. Who fails is noted, never waited for beyond the limit."""
    asked = nodekeys.members() if members is None else list(members)
    told = _ask_all(head, asked)
    note, call = open_note(head.note), Call.system("chain")
    lines = [one.line for one in told if one.line is not None and not _cosigned(note, one.member)]
    if lines or head.needed != nodekeys.needed(len(nodekeys.members())):
        head = actions.keep_answers(call, head=head, lines=lines)
    _note(call, told)
    return head


def _ask_all(head: Head, members: Sequence[Member]) -> list[Told]:
    """Two rounds at most: who knows another size than we think says which, and is asked again from there.

    Proofs are made between the rounds: threads have no database.
    """
    note = open_note(head.note)
    earlier = Head.objects.filter(shard=head.shard, size__lt=head.size)
    likely = earlier.aggregate(size=Max("size"))["size"] or 0
    wanted = {one.pk: head.size if _cosigned(note, one) else likely for one in members}
    first = _round(head, [(one, wanted[one.pk]) for one in members])
    again = [(one.member, one.knows) for one in first if one.knows is not None and one.knows <= head.size]
    second = {one.member.pk: one for one in _round(head, again)}
    return [_last(second.get(one.member.pk, one), head) for one in first]


def _last(told: Told, head: Head) -> Told:
    if told.knows is None:
        return told
    if told.knows > head.size:
        return Told(
            told.member, fault=f"knows {told.knows} entries, this log has {head.size}: was it rolled back?"
        )
    return Told(told.member, fault="409 twice")


def _round(head: Head, asked: Sequence[tuple[Member, int]]) -> list[Told]:
    if not asked:
        return []
    sizes = {size for _one, size in asked}
    proofs = {
        size: tree.consistency(head.shard, size, head.size) if size < head.size else () for size in sizes
    }
    seconds = float(rulebook.find("chain.ask_seconds").integer())
    with ThreadPoolExecutor(len(asked)) as pool:
        return list(
            pool.map(lambda one: _ask(one[0], Request(one[1], proofs[one[1]], head.note), seconds), asked)
        )


def _ask(member: Member, request: Request, seconds: float) -> Told:
    try:
        answer = NodeClient(member.url, seconds).cosign(request)
        if answer.status == 200:
            return _read(member, request.note, answer.signatures)
        if answer.status == 409 and answer.body.strip().isdigit():
            return Told(member, knows=answer.size)
        return Told(member, fault=f"{answer.status} {answer.body.strip()[:120]}")
    except NodeFailed as failed:
        return Told(member, fault=str(failed))


def _read(member: Member, text: str, lines: Iterable[Signature]) -> Told:
    key, note = NoteKey.read(member.witness_key), open_note(text)
    for line in lines:
        try:
            time = cosigned(add_signature(note, [line]), key)
        except LogFault as wrong:
            return Told(member, fault=str(wrong))
        if (line.name, line.key_id) == (key.name, key.id) and time is not None:
            return Told(member, line if time <= LAST else None, time)  # a time that is no date helps nobody
    return Told(member, fault="no cosignature under its key")


def _cosigned(note: Note, member: Member) -> bool:
    key = NoteKey.read(member.witness_key)
    return any((one.name, one.key_id) == (key.name, key.id) for one in note.signatures)


def _note(call: Call, told: Sequence[Told]) -> None:
    now = clock.now()
    for one in told:
        row = Member.objects.get(pk=one.member.pk)
        if one.fault:
            _failed[row.url] = now
        else:
            _failed.pop(row.url, None)
        skew = abs(min(one.time, LAST) - int(now.timestamp())) if one.time is not None else 0
        quiet = row.answered_at is not None and now - row.answered_at < QUIET
        known = row.claimed_at is not None and row.answered_at is not None
        before = abs((row.claimed_at - row.answered_at).total_seconds()) if known else 0.0  # type: ignore[operator]
        fault = "" if row.fault.startswith(HISTORY) else row.fault
        same = fault == one.fault[:200] and abs(skew - before) < 10
        if not (same and (quiet or one.fault)):
            actions.note_answer(call, member=row, claimed=one.time, fault=one.fault)
