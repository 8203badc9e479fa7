"""A build writes in steps: begun, batches of golden records, numbers that ended, doubts for people, done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from quancheng.capabilities.masters.building import Doubt, Gilded, differences
from quancheng.capabilities.masters.models import (
    Build,
    Change,
    Golden,
    LinkageModel,
    Master,
    Member,
    Pair,
    Source,
)
from quancheng.capabilities.masters.recipe import model_to, recipe
from quancheng.core.linkage import Fitting
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

ABANDONED = timedelta(hours=2)
"""A build that says it runs for longer has lost its worker."""


@dataclass(frozen=True, slots=True)
class MemberDraft:
    """A source row as it is now."""

    source: int
    record: str
    values: dict[str, str]
    updated: date | None
    digest: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One golden record to be written."""

    number: int
    made: Gilded
    label: str
    key: str
    about: str
    region_code: str
    person: int | None
    simulated: bool
    members: tuple[MemberDraft, ...]


@action("masters.build.ask")
def ask_build(
    call: Call, *, master: Master, mode: str = Build.Mode.WHOLE, reason: str, touched: Sequence[str] = ()
) -> Build:
    """发起构建: a job links and merges; its progress shows on the page. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "build", master)
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请填写缘由", "Enter the reason")})
    if mode not in Build.Mode.values:
        raise InvalidInput(fields={"mode": Text("请选择方式", "Choose how")})
    made: Build = Build.objects.create(
        master=master, mode=mode, reason=reason.strip()[:200], asked_by=str(call.actor)[:100], asked_at=call.at,
        touched=sorted(set(touched)),
    )  # fmt: skip
    jobs.enqueue("masters.build", {"build": made.pk}, key=f"masters-build-{made.pk}")
    audit.note(master=master.code, mode=mode, build=made.pk)
    return made


@action("masters.build.begin", idempotent=False)
def begin_build(call: Call, *, build: Build) -> Build:
    """A worker takes the build; one at a time for a master. Raises Conflict while another runs."""
    access.require(call.actor, "run", Build)
    others = Build.objects.filter(master=build.master, state=Build.State.RUNNING).exclude(pk=build.pk)
    others.filter(asked_at__lt=call.at - ABANDONED).update(state=Build.State.FAILED, finished_at=call.at)
    if others.filter(state=Build.State.RUNNING).exists():
        raise Conflict(Text("该基础库正在构建。", "This master is being built."))
    build.state = Build.State.RUNNING
    build.save(update_fields=["state"])
    audit.note(build=build.pk)
    return build


@action("masters.build.progress", idempotent=False)
def note_progress(call: Call, *, build: Build, fraction: float, stage: Text) -> None:
    """How far it is."""
    access.require(call.actor, "run", Build)
    Build.objects.filter(pk=build.pk).update(progress=fraction, stage=stage.to_dict())


@action("masters.model.keep", idempotent=False)
def keep_model(call: Call, *, build: Build, fitting: Fitting, rows: int, pairs: int) -> LinkageModel:
    """保存模型: a new version, in use from now on."""
    access.require(call.actor, "run", Build)
    master = build.master
    last = (
        LinkageModel.objects.filter(master=master)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    LinkageModel.objects.filter(master=master, active=True).update(active=False)
    made: LinkageModel = LinkageModel.objects.create(
        master=master, version=(last or 0) + 1, weights=model_to(fitting.model), prior=fitting.model.prior,
        recipe=recipe(master.code).digest, unlearned=list(fitting.unlearned), rows=rows, pairs=pairs,
        sessions=[
            {"rule": s.rule, "rounds": s.rounds, "pairs": s.pairs, "matches": round(s.matches, 1), "ok": s.converged}
            for s in fitting.sessions
        ],
        trained_at=call.at, trained_by=build.asked_by, active=True,
    )  # fmt: skip
    audit.note(master=master.code, version=made.version)
    events.emit("masters.model.trained", master.code, {"master": master.code, "version": made.version})
    return made


@action("masters.build.apply", idempotent=False)
def apply_groups(call: Call, *, build: Build, drafts: Sequence[Draft]) -> dict[str, int]:
    """写入黄金记录: what changed of a batch; the same batch again writes nothing."""
    access.require(call.actor, "run", Build)
    numbers = [one.number for one in drafts]
    before = {one.number: one for one in Golden.objects.filter(master=build.master, number__in=numbers)}
    by = f"build:{build.pk}"
    new, changed, history = [], [], []
    for one in drafts:
        old = before.get(one.number)
        if old is None:
            row = Golden(master=build.master, number=one.number, first_at=call.at)
            new.append(_filled(row, one, call))
        elif old.digest != one.made.digest or old.state != Golden.State.ACTIVE:
            said = differences(old.values, one.made.values)
            history.append(
                Change(golden=old, at=call.at, kind=Change.Kind.VALUES, by=by, detail={"fields": said})
            )
            changed.append(_filled(old, one, call))
    made = Golden.objects.bulk_create(new, batch_size=500)
    history += [
        Change(golden=row, at=call.at, kind=Change.Kind.CREATED, by=by, detail={"members": row.members_count})
        for row in made
    ]
    Golden.objects.bulk_update(changed, _WRITTEN, batch_size=200)
    Change.objects.bulk_create(
        [one for one in history if one.kind != "values" or one.detail["fields"]], batch_size=500
    )
    rows = {one.number: one for one in (*before.values(), *made)}
    members = _write_members(drafts, rows)
    audit.note(build=build.pk, new=len(new), changed=len(changed), members=members)
    return {"created": len(new), "changed": len(changed), "members": members}


_WRITTEN = [
    "state", "successor", "label", "key", "about", "region_code", "values", "origins", "sources", "members_count",
    "conflicts", "digest", "person", "updated_at", "simulated",
]  # fmt: skip


def _filled(row: Golden, one: Draft, call: Call) -> Golden:
    row.state, row.successor = Golden.State.ACTIVE, None
    row.label, row.key, row.about = one.label[:200], one.key[:200], one.about[:80]
    row.region_code, row.person = one.region_code[:12], one.person
    row.values, row.origins = one.made.values, one.made.origins
    row.sources, row.members_count = one.made.sources, len(one.members)
    row.conflicts, row.digest = one.made.conflicts, one.made.digest
    row.updated_at, row.simulated = call.at, one.simulated
    return row


def _write_members(drafts: Sequence[Draft], rows: Mapping[int, Golden]) -> int:
    wanted = {
        (one.source, one.record): (one, rows[draft.number]) for draft in drafts for one in draft.members
    }
    records = [record for _, record in wanted]
    known: dict[tuple[int, str], Member] = {}
    sources = {source for source, _ in wanted}
    for start in range(0, len(records), 500):
        part = Member.objects.filter(source__in=sources, record__in=records[start : start + 500])
        known |= {(one.source_id, one.record): one for one in part}
    new, changed = [], []
    for ends, (one, golden) in wanted.items():
        old = known.get(ends)
        if old is None:
            new.append(
                Member(
                    source_id=one.source, record=one.record, golden=golden, values=one.values,
                    updated=one.updated, digest=one.digest,
                )
            )  # fmt: skip
        elif old.digest != one.digest or old.golden_id != golden.pk:
            old.golden, old.values, old.updated, old.digest = golden, one.values, one.updated, one.digest
            changed.append(old)
    Member.objects.bulk_create(new, batch_size=500)
    Member.objects.bulk_update(changed, ["golden", "values", "updated", "digest"], batch_size=200)
    return len(new) + len(changed)


@action("masters.build.numbers", idempotent=False)
def close_numbers(
    call: Call,
    *,
    build: Build,
    merged: Mapping[int, int],
    retired: Sequence[int],
    split: Mapping[int, Sequence[int]],
    gone: Sequence[int],
) -> dict[str, int]:
    """编号收尾: members whose row is gone, numbers that went into others or ended, with their history."""
    access.require(call.actor, "run", Build)
    for start in range(0, len(gone), 500):
        Member.objects.filter(pk__in=list(gone[start : start + 500])).delete()
    wanted = {*merged, *retired, *split, *merged.values()}
    found = {one.number: one for one in _numbered(build.master, sorted(wanted))}
    by, history, ended = f"build:{build.pk}", [], []
    for number, into in merged.items():
        row = found.get(number)
        if row is not None and row.state == Golden.State.ACTIVE:
            row.state, row.successor, row.updated_at = Golden.State.MERGED, into, call.at
            ended.append(row)
            history.append(_ended(row, call, Change.Kind.MERGED, by, {"into": into}))
            if into in found:
                history.append(_ended(found[into], call, Change.Kind.MERGED, by, {"took": number}))
    for number in retired:
        row = found.get(number)
        if row is not None and row.state == Golden.State.ACTIVE:
            row.state, row.updated_at = Golden.State.RETIRED, call.at
            ended.append(row)
            history.append(_ended(row, call, Change.Kind.RETIRED, by, {}))
    for number, others in split.items():
        if number in found:
            history.append(_ended(found[number], call, Change.Kind.SPLIT, by, {"off": list(others)}))
    Golden.objects.bulk_update(ended, ["state", "successor", "updated_at"], batch_size=200)
    Change.objects.bulk_create(history, batch_size=500)
    audit.note(build=build.pk, merged=len(merged), retired=len(retired), split=len(split), gone=len(gone))
    return {"merged": len(merged), "retired": len(retired), "split": len(split)}


def _numbered(master: Master, numbers: Sequence[int]) -> list[Golden]:
    found: list[Golden] = []
    for start in range(0, len(numbers), 500):
        found += Golden.objects.filter(master=master, number__in=numbers[start : start + 500])
    return found


def _ended(row: Golden, call: Call, kind: str, by: str, detail: dict[str, Any]) -> Change:
    return Change(golden=row, at=call.at, kind=kind, by=by, detail=detail)


@action("masters.build.doubts", idempotent=False)
def queue_doubts(
    call: Call,
    *,
    build: Build,
    doubts: Sequence[Doubt],
    regions: Mapping[str, str],
    among: Sequence[str] | None,
) -> dict[str, int]:
    """待核对: new doubts are asked, doubts that are none any more are withdrawn, decided ones stay as they are.

    ``among``: the records this build looked at; ``None`` for all of them.
    """
    access.require(call.actor, "run", Build)
    known = {(one.left, one.right): one for one in Pair.objects.filter(master=build.master)}
    new, again, seen = [], [], set()
    waiting = (Pair.State.OPEN, Pair.State.WITHDRAWN)
    for one in doubts:
        ends = (one.pair.left, one.pair.right)
        seen.add(ends)
        value = (0.5 if one.pair.unclear else min(one.probability, 1 - one.probability)) * one.pair.stake
        row = known.get(ends)
        if row is None:
            row = Pair(master=build.master, left=ends[0], right=ends[1], asked_at=call.at)
            new.append(row)
        elif row.state in waiting:
            again.append(row)
        else:
            continue
        row.state, row.bits, row.probability, row.value = (
            Pair.State.OPEN,
            one.pair.bits,
            one.probability,
            value,
        )
        row.unclear, row.evidence, row.sampled = one.pair.unclear, list(one.evidence), one.sampled
        row.region_code = regions.get(ends[0]) or regions.get(ends[1]) or ""
        row.simulated = call.actor.simulated
    inside = None if among is None else set(among)
    over = [
        row.pk
        for ends, row in known.items()
        if row.state == Pair.State.OPEN and ends not in seen and (inside is None or inside & set(ends))
    ]
    Pair.objects.bulk_create(new, batch_size=500)
    Pair.objects.bulk_update(
        again,
        ["state", "bits", "probability", "value", "unclear", "evidence", "sampled", "region_code"],
        batch_size=200,
    )
    for start in range(0, len(over), 500):
        Pair.objects.filter(pk__in=over[start : start + 500]).update(state=Pair.State.WITHDRAWN)
    audit.note(build=build.pk, new=len(new), withdrawn=len(over))
    return {"doubts": len(new), "withdrawn": len(over)}


@action("masters.build.finish", idempotent=False)
def finish_build(
    call: Call,
    *,
    build: Build,
    counts: Mapping[str, Any],
    versions: Mapping[str, int],
    rows: Mapping[str, int],
    model: int,
) -> Build:
    """完成构建: the versions read are kept, the master is up to date, others hear of it."""
    access.require(call.actor, "run", Build)
    for source in Source.objects.filter(master=build.master, code__in=list(versions)):
        source.version, source.rows = versions[source.code], rows.get(source.code, 0)
        source.save(update_fields=["version", "rows"])
    build.state, build.progress, build.finished_at = Build.State.DONE, 1.0, call.at
    build.counts, build.versions, build.model_version = dict(counts), dict(versions), model
    build.stage = Text("完成", "done").to_dict()
    build.save()
    Master.objects.filter(pk=build.master_id).update(stale=False)
    audit.note(build=build.pk, **counts)
    data = {
        "master": build.master.code,
        "build": build.pk,
        "mode": build.mode,
        **counts,
        "versions": dict(versions),
    }
    events.emit("masters.built", build.master.code, data)
    return build


@action("masters.build.fail", idempotent=False)
def fail_build(call: Call, *, build: Build, why: Text) -> None:
    """构建失败, with the reason people read."""
    access.require(call.actor, "run", Build)
    Build.objects.filter(pk=build.pk).update(
        state=Build.State.FAILED, finished_at=call.at, error=why.to_dict()
    )
    audit.note(build=build.pk, why=why.zh)


@action("masters.stale", idempotent=False)
def mark_stale(call: Call, *, table: str, version: int) -> int:
    """来源已变化: masters that read this table are built again with what changed. Returns how many."""
    access.require(call.actor, "build", Master)
    touched = Master.objects.filter(sources__table_id=table, sources__active=True).distinct()
    for master in touched:
        Master.objects.filter(pk=master.pk).update(stale=True)
        waiting = Build.objects.filter(master=master, state=Build.State.QUEUED, mode=Build.Mode.CHANGES)
        if not waiting.exists():
            ask_build(
                call.with_key(None),
                master=master,
                mode=Build.Mode.CHANGES,
                reason=f"数据表 {table[:36]} 第{version}版",
            )
    audit.note(table=table, version=version, masters=len(touched))
    return len(touched)
