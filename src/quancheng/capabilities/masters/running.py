"""构建的执行: reads, links outside any transaction, and writes in batches through actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from quancheng.capabilities.masters import actions, sources, vacancies
from quancheng.capabilities.masters.actions.building import Draft, MemberDraft
from quancheng.capabilities.masters.actions.dwelling import HomeDraft
from quancheng.capabilities.masters.actions.reviewing import decisions_of
from quancheng.capabilities.masters.building import Records, Resolved, Settings, gild, resolve
from quancheng.capabilities.masters.dwelling import Person, dwellings, place_of
from quancheng.capabilities.masters.models import (
    Build,
    Golden,
    LinkageModel,
    Master,
    Member,
    Source,
    Survivorship,
)
from quancheng.capabilities.masters.recipe import Linkage, Recipe, key_form, model_from, recipe, subject_key
from quancheng.core.linkage import (
    ChangeKind,
    FieldRule,
    Guard,
    LinkageError,
    Model,
    Numbers,
    Strategy,
    Thresholds,
)
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError

BATCH = 1000
T = TypeVar("T")
Tell = Callable[[float, Text], None]


def run(pk: int, tell: Tell) -> dict[str, Any]:
    """One build from begin to end; a failure leaves its reason with the build and is raised again."""
    build = Build.objects.select_related("master").get(pk=pk)
    if build.state == Build.State.DONE:
        return dict(build.counts)
    simulated = build.master.sources.filter(simulated=True).exists()
    call = Call.system("masters", simulated=simulated)
    actions.begin_build(call, build=build)
    try:
        return _run(call, build, _both(call, build, tell))
    except (LinkageError, QuanchengError) as fault:
        text = fault.text if isinstance(fault, LinkageError) else fault.detail
        actions.fail_build(call, build=build, why=text)
        raise


def _both(call: Call, build: Build, tell: Tell) -> Tell:
    def say(fraction: float, text: Text) -> None:
        tell(fraction, text)
        actions.note_progress(call, build=build, fraction=fraction, stage=text)

    return say


def _run(call: Call, build: Build, tell: Tell) -> dict[str, Any]:
    master, made = build.master, recipe(build.master.code)
    tell(0.05, Text("读取来源", "reading sources"))
    read = sources.read(master)
    members = {
        one.ref: one
        for one in Member.objects.filter(source__master=master).select_related("source", "golden")
    }
    numbers = numbers_of(master, members.values())
    changed = _changed(build, read.records, members)
    model = None if build.mode == Build.Mode.TRAIN else active_model(master, made)
    if made.linkage is Linkage.MODEL and model is None:
        changed = None  # nothing learned yet: everything is new
    tell(0.2, Text("关联", "linking"))
    found = resolve(read.records, made, settings_of(master), numbers, model=model, changed=changed)
    version = _keep(call, build, found, len(read.records))
    tell(0.5, Text("生成黄金记录", "making golden records"))
    counts = _write(call, build, made, read.records, found, members, tell)
    tell(0.9, Text("整理编号与待核对项", "numbers and doubts"))
    counts |= _close(call, build, found, numbers, read.records, members)
    counts |= _queue(call, build, found, read.records, changed)
    counts |= {"rows": len(read.records), "candidates": found.candidates, "oversize": len(found.oversize)}
    if master.code in ("population", "space"):
        counts["homes"] = judge_all_homes(call)
    actions.finish_build(
        call, build=build, counts=counts, versions=read.versions, rows=read.rows, model=version
    )
    return counts


def numbers_of(master: Master, members: Iterable[Member]) -> Numbers:
    """编号状态 as the tables keep it."""
    last = Golden.objects.filter(master=master).order_by("-number").values_list("number", flat=True).first()
    merged = Golden.objects.filter(master=master, state=Golden.State.MERGED).values_list(
        "number", "successor"
    )
    of = {one.ref: one.golden.number for one in members}
    return Numbers(of, (last or 0) + 1, {number: into for number, into in merged if into})


def _changed(build: Build, records: Records, members: Mapping[str, Member]) -> list[int] | None:
    """Rows that say something else than last time, or that a decision touches; ``None``: all rows."""
    if build.mode != Build.Mode.CHANGES:
        return None
    forced = set(build.touched)
    return [
        row
        for row, one in enumerate(records.ids)
        if one in forced or one not in members or members[one].digest != records.digest(row)
    ]


def active_model(master: Master, made: Recipe) -> Model | None:
    """The model in use, if it still fits the comparisons."""
    found = LinkageModel.objects.filter(master=master, active=True, recipe=made.digest).first()
    return model_from(made, found.weights, found.prior) if found else None


def settings_of(master: Master) -> Settings:
    """Thresholds, guard, decisions in force today."""
    limits, guard = (
        rulebook.find("masters.thresholds").table(),
        rulebook.find("masters.cluster_guard").table(),
    )
    decisions = decisions_of(master)
    return Settings(
        Thresholds(_float(limits["accept"]), _float(limits["review"])),
        Guard(int(_float(guard["most"])), _float(guard["density"])),
        decisions.same,
        decisions.different,
        rulebook.find("masters.review_sample").number(),
    )


def _float(value: object) -> float:
    return float(str(value))


def _keep(call: Call, build: Build, found: Resolved, rows: int) -> int:
    if found.fitting is not None:
        kept = actions.keep_model(call, build=build, fitting=found.fitting, rows=rows, pairs=found.candidates)
        return kept.version
    version = (
        LinkageModel.objects.filter(master=build.master, active=True)
        .values_list("version", flat=True)
        .first()
    )
    return version or 0


def rules_of(master: Master, made: Recipe) -> tuple[FieldRule, ...]:
    """存活规则 in force today: the latest of each field, over the sources' order of trust."""
    trust = tuple(master.sources.order_by("trust", "id").values_list("code", flat=True)) or ("-",)
    rows = Survivorship.objects.filter(master=master, valid_from__lte=clock.today()).order_by(
        "valid_from", "id"
    )
    latest = {one.field: one for one in rows}
    return tuple(
        FieldRule(
            spec.name,
            tuple(Strategy(one) for one in latest[spec.name].strategies)
            if spec.name in latest
            else spec.strategies,
            tuple(latest[spec.name].trust) if spec.name in latest and latest[spec.name].trust else trust,
        )
        for spec in made.fields
    )


def _write(
    call: Call,
    build: Build,
    made: Recipe,
    records: Records,
    found: Resolved,
    members: Mapping[str, Member],
    tell: Tell,
) -> dict[str, int]:
    all_sources = {one.code: one for one in Source.objects.filter(master=build.master)}
    rules, row_of = rules_of(build.master, made), {one: row for row, one in enumerate(records.ids)}
    total = {"created": 0, "changed": 0, "members": 0}
    groups = sorted(found.groups.items())
    for place, part in enumerate(batched(groups, BATCH)):
        drafts = [_draft(number, refs, made, records, row_of, rules, all_sources) for number, refs in part]
        for name, count in actions.apply_groups(call, build=build, drafts=drafts).items():
            total[name] += count
        share = min(1.0, (place + 1) * BATCH / max(1, len(groups)))
        tell(0.5 + 0.4 * share, Text("生成黄金记录", "making golden records"))
    return total


def _draft(
    number: int,
    refs: Sequence[str],
    made: Recipe,
    records: Records,
    row_of: Mapping[str, int],
    rules: Sequence[FieldRule],
    all_sources: Mapping[str, Source],
) -> Draft:
    rows = [row_of[one] for one in refs]
    gilded = gild([records.record(row) for row in rows], rules)
    values = gilded.values
    registered = next((code for code, one in all_sources.items() if one.kind == Source.Kind.PEOPLE), "")
    return Draft(
        number,
        gilded,
        values.get(made.label, "") or refs[0],
        key_of(made, values.get(made.key, "")),
        subject_key(values.get(made.about, "")) if made.about else "",
        values.get("region_code", ""),
        sources.natural_person(refs, registered) if registered else None,
        any(all_sources[records.sources[row]].simulated for row in rows),
        tuple(
            MemberDraft(
                all_sources[records.sources[row]].pk, records.ids[row].partition(":")[2], records.values(row),
                records.updated[row], records.digest(row),
            )
            for row in rows
        ),
    )  # fmt: skip


def key_of(made: Recipe, said: str) -> str:
    """A key as it is kept and looked up."""
    spec = made.field(made.key)
    return (key_form(spec.kind).make(said) or "") if spec and said else ""


def _close(
    call: Call,
    build: Build,
    found: Resolved,
    before: Numbers,
    records: Records,
    members: Mapping[str, Member],
) -> dict[str, int]:
    merged = {old: into for old, into in found.numbers.successors.items() if old not in before.successors}
    retired = [one.number for one in found.changes if one.kind is ChangeKind.RETIRED]
    split = {one.number: one.others for one in found.changes if one.kind is ChangeKind.SPLIT}
    known = set(records.ids)
    gone = [one.pk for ref, one in members.items() if ref not in known]
    said = actions.close_numbers(call, build=build, merged=merged, retired=retired, split=split, gone=gone)
    return {**said, "gone": len(gone)}


def _queue(
    call: Call, build: Build, found: Resolved, records: Records, changed: list[int] | None
) -> dict[str, int]:
    own = dict(zip(records.ids, (one or "" for one in records.columns["region_code"]), strict=True))
    regions: dict[str, str] = {}
    for group in found.groups.values():  # a row without region lies where the others of its record lie
        here = next((own[one] for one in group if own[one]), "")
        regions.update(dict.fromkeys(group, here))
    among = None if changed is None else [one for group in found.groups.values() for one in group]
    return actions.queue_doubts(call, build=build, doubts=found.doubts, regions=regions, among=among)


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """In parts of ``size``."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


# -- homes ------------------------------------------------------------------------------------
def judge_all_homes(call: Call) -> int:
    """一户一档与空置: every home of the space master with its people, judged by the points in force."""
    points = vacancies.in_force()
    lived = dwellings(_population())
    covered = bool(lived)
    count = 0
    for part in batched(_homes(), BATCH):
        drafts = []
        for golden in part:
            place = place_of(golden.values.get("address"))
            here = lived.get(place)
            residents = here.residents if here else (0 if covered else None)
            measured = vacancies.measures(golden.values, residents)
            judged = vacancies.judge(measured, points.rule)
            drafts.append(
                HomeDraft(
                    golden.pk, golden.label, place, golden.region_code, here, measured, judged.state.value,
                    judged.score, vacancies.findings(judged), points.valid_from, golden.simulated,
                )
            )  # fmt: skip
        count += actions.judge_homes(call, drafts=drafts)
    return count


def _homes() -> Iterator[Golden]:
    """Places people may live in; where no register says the use, they may."""
    found = Golden.objects.filter(master__code="space", state=Golden.State.ACTIVE).order_by("pk")
    yield from (one for one in found.iterator(2000) if one.values.get("use", "住宅") == "住宅")


def _population() -> Iterator[Person]:
    found = Golden.objects.filter(master__code="population", state=Golden.State.ACTIVE).order_by("pk")
    for one in found.prefetch_related("members__source").iterator(2000):
        said = one.values
        yield Person(
            str(one.pk), said.get("name", ""), said.get("address", ""), said.get("birth", "").replace("-", ""),
            said.get("register", ""), said.get("relation", ""), said.get("alive", "yes") != "no",
            tuple((m.source.zh, m.values["address"]) for m in one.members.all() if m.values.get("address")),
        )  # fmt: skip
