"""What people decide about records: the same, different, not sure; and a merge taken back. Decisions bind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quancheng.capabilities.masters.actions.building import ask_build
from quancheng.capabilities.masters.models import Build, Golden, Master, Member, Pair
from quancheng.core.linkage import Decision, Decisions, LinkageError
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

VERDICTS = {"same": Pair.State.SAME, "different": Pair.State.DIFFERENT, "unsure": Pair.State.UNSURE}


@action("masters.pair.decide")
def decide_pair(call: Call, *, pair: Pair, verdict: str, reason: str) -> Pair:
    """核对判定: binds every later build; joining records that hold licences waits for a second person.

    Raises InvalidInput (fields), Conflict (decided meanwhile, or decisions contradict), Forbidden.
    """
    access.require(call.actor, "decide", pair)
    wrong: dict[str, Text] = {}
    if verdict not in VERDICTS:
        wrong["verdict"] = Text("请选择判定", "Choose a verdict")
    if len(reason.strip()) < 2:
        wrong["reason"] = Text("请填写理由", "Enter the reason")
    if wrong:
        raise InvalidInput(fields=wrong)
    locked: Pair = Pair.objects.select_for_update().get(pk=pair.pk)
    if locked.state not in (Pair.State.OPEN, Pair.State.UNSURE):
        raise Conflict(Text("这一对已有人判定。", "Somebody has decided this pair."))
    state = VERDICTS[verdict]
    if state != Pair.State.UNSURE:
        _check(locked.master, [(locked.left, locked.right, state == Pair.State.SAME)], call)
    if state == Pair.State.SAME and holds_licences(locked):
        state = Pair.State.SECOND
        locked.needs_second = True
    locked.state, locked.reason, locked.second_by = state, reason.strip()[:300], ""
    locked.decided_by, locked.decided_user, locked.decided_at = (
        str(call.actor)[:100],
        call.actor.user_id,
        call.at,
    )
    locked.save()
    audit.note(pair=locked.pk, verdict=verdict, state=locked.state, reason=locked.reason)
    if locked.decided:
        _decided(call, locked.master, [locked])
    return locked


@action("masters.pair.confirm")
def confirm_pair(call: Call, *, pair: Pair, agree: bool, reason: str) -> Pair:
    """复核: another person agrees to a merge that touches licences, or sends it back to the queue."""
    access.require(call.actor, "decide", pair)
    locked: Pair = Pair.objects.select_for_update().get(pk=pair.pk)
    if locked.state != Pair.State.SECOND:
        raise Conflict(Text("这一对不在待复核状态。", "This pair does not wait for a second person."))
    if call.actor.user_id is not None and call.actor.user_id == locked.decided_user:
        raise Forbidden(
            Text("复核须由另一人进行。", "The second person must be somebody else."),
            todo=Text("请同事复核。", "Ask a colleague."),
        )
    if len(reason.strip()) < 2:
        raise InvalidInput(fields={"reason": Text("请填写理由", "Enter the reason")})
    if agree:
        _check(locked.master, [(locked.left, locked.right, True)], call)
    locked.state = Pair.State.SAME if agree else Pair.State.OPEN
    locked.second_by = str(call.actor)[:100] if agree else ""
    locked.reason = f"{locked.reason}；复核：{reason.strip()}"[:300]
    locked.save(update_fields=["state", "second_by", "reason"])
    audit.note(pair=locked.pk, agree=agree, reason=reason.strip()[:300])
    if agree:
        _decided(call, locked.master, [locked])
    return locked


@action("masters.record.unmerge")
def unmerge_record(call: Call, *, golden: Golden, records: Sequence[str], reason: str) -> Golden:
    """撤销合并: these members are taken out and never joined with the others again.

    Raises InvalidInput (records: some, not all, of the members), Forbidden, Conflict.
    """
    access.require(call.actor, "unmerge", golden)
    members = {one.ref for one in Member.objects.filter(golden=golden).select_related("source")}
    wanted = set(records)
    wrong: dict[str, Text] = {}
    if not wanted or not wanted < members:
        wrong["records"] = Text("请选择部分成员，不能是全部", "Choose some of the members, not all")
    if len(reason.strip()) < 2:
        wrong["reason"] = Text("请填写理由", "Enter the reason")
    if wrong:
        raise InvalidInput(fields=wrong)
    apart = sorted((min(a, b), max(a, b)) for a in wanted for b in members - wanted)
    _check(golden.master, [(a, b, False) for a, b in apart], call)
    made = []
    for left, right in apart:
        row, _ = Pair.objects.get_or_create(
            master=golden.master, left=left, right=right,
            defaults={"asked_at": call.at, "region_code": golden.region_code, "simulated": golden.simulated},
        )  # fmt: skip
        row.state, row.reason, row.second_by = Pair.State.DIFFERENT, reason.strip()[:300], ""
        row.decided_by, row.decided_user, row.decided_at = str(call.actor)[:100], call.actor.user_id, call.at
        row.save()
        made.append(row)
    audit.note(golden=golden.code, records=sorted(wanted), reason=reason.strip()[:300])
    _decided(call, golden.master, made)
    return golden


def decisions_of(master: Master) -> Decisions:
    """判定库: decisions in force."""
    found = Pair.objects.filter(master=master, state__in=[Pair.State.SAME, Pair.State.DIFFERENT])
    made = {}
    for one in found:
        assert one.decided_at is not None
        said = Decision(
            one.left, one.right, one.state == Pair.State.SAME, one.decided_by, one.decided_at, one.reason
        )
        made[said.pair] = said
    return Decisions(made)


def _check(master: Master, wanted: Iterable[tuple[str, str, bool]], call: Call) -> None:
    """Refuse what contradicts other decisions, before anything is written."""
    state = decisions_of(master)
    try:
        for left, right, same in wanted:
            state = state.decide(Decision(left, right, same, str(call.actor), call.at, ""))
    except LinkageError as wrong:
        raise Conflict(
            wrong.text, todo=Text("请先核对相关的其他判定。", "Review the other decisions first.")
        ) from wrong


def _decided(call: Call, master: Master, pairs: Sequence[Pair]) -> None:
    records = sorted({one for pair in pairs for one in (pair.left, pair.right)})
    system = Call.system("masters", simulated=call.actor.simulated)
    ask_build(system, master=master, mode=Build.Mode.CHANGES, reason="人工判定", touched=records)
    for pair in pairs:
        data = {"master": master.code, "pair": pair.pk, "same": pair.state == Pair.State.SAME}
        events.emit("masters.pair.decided", master.code, data)


def holds_licences(pair: Pair) -> bool:
    """Whether joining these two touches licences: they are licences, or either has some."""
    if pair.master.code == "licence":
        return True
    keys = [one.key for one in goldens_of(pair) if one.key]
    held = Golden.objects.filter(master__code="licence", state=Golden.State.ACTIVE, about__in=keys)
    return bool(keys) and held.exists()


def goldens_of(pair: Pair) -> list[Golden]:
    """The golden records the two ends belong to now."""
    found = []
    for ref in (pair.left, pair.right):
        source, _, record = ref.partition(":")
        member = (
            Member.objects.filter(source__master=pair.master, source__code=source, record=record)
            .select_related("golden__master")
            .first()
        )
        if member is not None:
            found.append(member.golden)
    return found
