"""The alliance: members, their checkpoints we judge, what we learn of them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from quancheng.capabilities.chain import judging, nodekeys
from quancheng.capabilities.chain.models import HASHERS, Evidence, Member, SeenHead
from quancheng.capabilities.chain.values import HISTORY, LAST
from quancheng.core.text import Text
from quancheng.core.tlog import Answer, ForkEvidence, LogFault, NoteKey, check_fork
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("chain.member.add")
def add_member(
    call: Call, *, name: str, title: Text, url: str, log_key: str, witness_key: str, hasher: str = "sha256"
) -> Member:
    """接纳成员. Raises Forbidden, InvalidInput (keys or hash that are none), Conflict (the name is taken)."""
    access.require(call.actor, "manage", Member)
    log = _checked(log_key, cosigns=False, field="log_key")
    witness = _checked(witness_key, cosigns=True, field="witness_key")
    if not url.startswith(("http://", "https://")) or len(url) > 300:
        said = Text(
            "节点地址须以 http:// 或 https:// 开头。", "A node's address begins with http:// or https://."
        )
        raise InvalidInput(said, fields={"url": said})
    if hasher not in HASHERS:
        said = Text(f"杂凑算法只有 {'、'.join(HASHERS)}。", f"The hash is one of {', '.join(HASHERS)}.")
        raise InvalidInput(said, fields={"hasher": said})
    if Member.objects.filter(name=name).exists():
        raise Conflict(Text(f"成员 {name} 已在联盟中。", f"{name} is a member already."))
    _nobody_elses(log, witness)
    member = Member.objects.create(
        name=name, title=title.to_dict(), url=url.rstrip("/"), log_key=log_key.strip(),
        witness_key=witness_key.strip(), hasher=hasher, joined_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    audit.note(member=name, url=url)
    events.emit("chain.member.added", name, {"name": name, "simulated": member.simulated})
    return member  # type: ignore[no-any-return]


def _nobody_elses(log: NoteKey, witness: NoteKey) -> None:
    """A key or its name stands for one city only: who came in twice, or is this city, would count twice."""
    taken = {"log_key": [nodekeys.log_key()], "witness_key": [nodekeys.witness_key()]}
    for one in Member.objects.all():
        taken["log_key"].append(NoteKey.read(one.log_key))
        taken["witness_key"].append(NoteKey.read(one.witness_key))
    for field, key in (("log_key", log), ("witness_key", witness)):
        for there in taken[field]:
            if there.name == key.name or there.public == key.public:
                said = Text(
                    f"公钥或其名称已属于 {there.name}：一个城市只计一次见证。",
                    f"The key or its name is that of {there.name}: a city counts once.",
                )
                raise InvalidInput(said, fields={field: said})


def _checked(text: str, *, cosigns: bool, field: str) -> NoteKey:
    try:
        key = NoteKey.read(text)
        good = key.cosigns is cosigns
    except LogFault:
        good = False
    if not good:
        said = Text(
            "公钥格式应为“名称+编号+base64”，且日志公钥与见证公钥不可混用。",
            "A key is “name+id+base64”; a log's key and a witness's key are not the same kind.",
        )
        raise InvalidInput(said, fields={field: said})
    return key


@action("chain.member.set")
def set_member(call: Call, *, member: Member, active: bool) -> Member:
    """暂停或恢复成员. Raises Forbidden."""
    access.require(call.actor, "manage", member)
    member.state = Member.State.ACTIVE if active else Member.State.PAUSED
    member.save(update_fields=["state"])
    audit.note(member=member.name, active=active)
    return member


@action("chain.member.judge", idempotent=False)
def judge_checkpoint(call: Call, *, text: str) -> Answer:
    """见证: answer another city's ``add-checkpoint``; what was cosigned is remembered in the same transaction.

    Raises Forbidden.
    """
    access.require(call.actor, "witness", SeenHead)
    asking = judging.judge(text, call.at).member
    if asking is not None:
        Member.objects.select_for_update().get(pk=asking.pk)
    judged = judging.judge(text, call.at)  # once more, now that nobody else writes of this member
    answer, member, origin = judged.answer, judged.member, judged.origin
    if answer.seen is not None and judged.changes:
        head = answer.seen.head
        SeenHead.objects.update_or_create(
            origin=origin,
            defaults={
                "member": member, "size": head.size, "root": head.root, "note": answer.seen.note, "at": call.at,
            },
        )  # fmt: skip
    if answer.fork is not None and member is not None:
        _keep(call, member, origin, ForkEvidence(*answer.fork))
    audit.note(origin=origin, status=answer.status)
    return answer


@action("chain.fork.note")
def note_fork(call: Call, *, member: Member, evidence: ForkEvidence) -> Evidence:
    """记录分叉: two notes that cannot both be true. Raises Forbidden, InvalidInput (they can)."""
    access.require(call.actor, "witness", SeenHead)
    try:
        one, _other = check_fork(evidence, NoteKey.read(member.log_key))
    except LogFault as wrong:
        raise InvalidInput(Text(f"证据不成立：{wrong}", f"The evidence does not hold: {wrong}")) from None
    return _keep(call, member, one.origin, evidence)


def _keep(call: Call, member: Member, origin: str, evidence: ForkEvidence) -> Evidence:
    kept = judging.evidence_kept(member, origin, evidence.one)
    if kept is not None:
        return kept
    digest = hashlib.sha256("\0".join(sorted((evidence.one, evidence.other))).encode()).hexdigest()
    row, made = Evidence.objects.get_or_create(
        digest=digest,
        defaults={
            "member": member, "origin": origin, "one": evidence.one, "other": evidence.other,
            "found_at": call.at,
        },
    )  # fmt: skip
    if made:
        events.emit(
            "chain.fork.found", member.name,
            {"member": member.name, "origin": origin, "digest": digest, "simulated": member.simulated},
        )  # fmt: skip
    return row  # type: ignore[no-any-return]


@action("chain.member.heard", idempotent=False)
def note_answer(call: Call, *, member: Member, claimed: int | None, fault: str = "") -> Member:
    """记录成员应答: when its witness answered and what time it says it is, or what went wrong. Raises Forbidden.

    What is wrong with its log (``note_history``) stays until its log is in order again.
    """
    access.require(call.actor, "witness", SeenHead)
    fields: dict[str, object] = {}
    if not Member.objects.filter(pk=member.pk, fault__startswith=HISTORY).exists():
        fields["fault"] = fault[:200]
    if not fault:
        at = datetime.fromtimestamp(min(claimed, LAST), UTC) if claimed is not None else call.at
        fields |= {"answered_at": call.at, "claimed_at": at}
    if fields:
        Member.objects.filter(pk=member.pk).update(**fields)
    audit.note(member=member.name, fault=fault[:200])
    return member


@action("chain.member.history", idempotent=False)
def note_history(call: Call, *, member: Member, fault: str) -> Member:
    """记录成员日志的核对结果: why what it publishes does not join what we cosigned; empty: it does. Raises Forbidden."""
    access.require(call.actor, "witness", SeenHead)
    said = f"{HISTORY}{fault}"[:200] if fault else ""
    Member.objects.filter(pk=member.pk).update(fault=said)
    audit.note(member=member.name, fault=said)
    return member
