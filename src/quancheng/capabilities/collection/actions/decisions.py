"""Decisions 处理决定 about held runs: what a person accepts, maps, adds or sends back, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from quancheng.capabilities.collection import telling
from quancheng.capabilities.collection.actions.feeds import agree_layout
from quancheng.capabilities.collection.actions.lineage import note_run
from quancheng.capabilities.collection.actions.runs import _emit, _run, _send_to_work
from quancheng.capabilities.collection.agreeing import looks_personal, propose_name
from quancheng.capabilities.collection.models import Decision, Feed, Run
from quancheng.capabilities.collection.values import HoldKind, Layout, RunState, Verdict
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

_COLUMN_HOLDS = {HoldKind.COLUMN_MISSING, HoldKind.COLUMN_ADDED, HoldKind.COLUMN_RENAMED}


@action("collection.run.decide")
def decide(
    call: Call,
    *,
    run_id: str,
    verdict: str,
    reason: str,
    renamed: Mapping[str, str] | None = None,
    extended: Sequence[str] = (),
    stage: int | None = None,
) -> Run:
    """处理待决运行. The run is planned anew afterwards, so that everybody sees what the decision means.

    ``accept``: as it stands; columns that are gone stay empty, new ones are left out from now on.
    ``map``: ``renamed`` says old source name → new one. ``extend``: ``extended`` source columns join the
    table. ``reject``: nothing is applied, the source is told. ``stage``: what the person had in front of
    them; Conflict when it is another now. Raises InvalidInput (fields).
    """
    _visible(call, run_id)
    run = _run(call, run_id, RunState.HELD, verb="decide")
    if stage is not None and stage != run.stage:
        raise Conflict(Text("别人刚刚作了决定。", "Somebody has just decided."))
    if len(reason.strip()) < 2:
        raise InvalidInput(fields={"reason": Text("请写明理由。", "Give the reason.")})
    if verdict not in {one.value for one in Verdict}:
        raise InvalidInput(fields={"verdict": Text("请选择决定。", "Choose a decision.")})
    chosen = Verdict(verdict)
    covers = _follow(call, run, chosen, dict(renamed or {}), list(extended))
    Decision.objects.create(
        run=run, verdict=chosen.value, covers=covers, reason=reason.strip()[:500], by=str(call.actor)[:120], at=call.at,
        detail={"renamed": dict(renamed or {}), "extended": list(extended), "holds": run.holds},
    )  # fmt: skip
    audit.note(run=run_id, verdict=chosen.value, covers=covers, reason=reason.strip()[:200])
    if chosen is Verdict.REJECT:
        run.state, run.ended_at = RunState.REJECTED.value, call.at
        run.save()
        _sent_back(run)
        note_run(call, run, "ABORT")
        telling.rejected(call, run, run.feed, reason.strip()[:200])
        _emit("rejected", run)
    else:
        run.state, run.stage, run.holds = RunState.FETCHED.value, run.stage + 1, []
        run.save()
        _send_to_work(run)
        _emit("decided", run, verdict=chosen.value)
    return run


def _sent_back(run: Run) -> None:
    """The same content is not asked about again; a file that lies there is passed over."""
    feed = run.feed
    feed.rejected_digest = run.raw
    if "taken" in run.cursor:
        feed.cursor = run.cursor
    feed.save(update_fields=["rejected_digest", "cursor"])


def _visible(call: Call, run_id: str) -> None:
    if not access.visible(call.actor, Run).filter(pk=run_id).exists():
        access.require(call.actor, "decide", Run)
        raise NotFound()


def _follow(call: Call, run: Run, chosen: Verdict, renamed: dict[str, str], extended: list[str]) -> list[str]:
    """Change what was agreed as decided; the codes of the holds that are settled by it."""
    feed, layout = run.feed, run.feed.plan_of_columns
    if chosen is Verdict.REJECT:
        return [hold["code"] for hold in run.holds]
    if chosen is Verdict.MAP:
        _agree(feed, _renamed(layout, run, renamed))
        return []
    if chosen is Verdict.EXTEND:
        _extend(call, feed, layout, run, extended)
        return []
    _agree(feed, _accepted(feed, layout, run))
    return [hold["code"] for hold in run.holds]


def _agree(feed: Feed, layout: Layout) -> None:
    feed.layout, feed.last_digest, feed.changed_at = layout.to_dict(), "", clock.now()
    feed.save(update_fields=["layout", "last_digest", "changed_at"])


def _accepted(feed: Feed, layout: Layout, run: Run) -> Layout:
    columns, ignored = dict(layout.columns), list(layout.ignored)
    needed = {one["name"] for one in feed.columns if one.get("required")} | set(feed.key)
    for hold in run.holds:
        kind, source = HoldKind(hold["kind"]), hold["subject"]
        if kind in (HoldKind.COLUMN_MISSING, HoldKind.COLUMN_RENAMED):
            if columns.get(source) in needed:
                raise Conflict(
                    Text(f"“{source}”是必填列，不能置空。", f"“{source}” may not be empty."),
                    todo=Text("请改名对应，或退回来源。", "Map it to its new name, or reject."),
                )
            columns.pop(source, None)
            ignored += [hold["guess"]] if hold["guess"] else []
        elif kind is HoldKind.COLUMN_ADDED:
            ignored.append(source)
    return replace(layout, columns=columns, ignored=tuple(dict.fromkeys(ignored)))


def _renamed(layout: Layout, run: Run, renamed: dict[str, str]) -> Layout:
    gone = {
        hold["subject"]
        for hold in run.holds
        if HoldKind(hold["kind"]) in (HoldKind.COLUMN_MISSING, HoldKind.COLUMN_RENAMED)
    }
    present = set(run.found.get("names", []))
    wrong = {old for old in renamed if old not in gone} | {
        new for new in renamed.values() if new not in present
    }
    if not renamed or wrong or len(set(renamed.values())) < len(renamed):
        raise InvalidInput(
            fields={
                "renamed": Text(
                    "请为缺少的列选择文件中的新列名，每列一次。",
                    "Choose a column of the file for each missing one, each once.",
                )
            }
        )
    columns = {renamed.get(source, source): column for source, column in layout.columns.items()}
    ignored = tuple(name for name in layout.ignored if name not in renamed.values())
    return replace(layout, columns=columns, ignored=ignored)


def _extend(call: Call, feed: Feed, layout: Layout, run: Run, extended: list[str]) -> None:
    added = {hold["subject"]: hold for hold in run.holds if hold["kind"] == HoldKind.COLUMN_ADDED.value}
    added |= {
        hold["guess"]: {"kind_of": Kind.TEXT.value}
        for hold in run.holds
        if hold["kind"] == HoldKind.COLUMN_RENAMED.value
    }
    if not extended or not set(extended) <= set(added):
        raise InvalidInput(
            fields={
                "extended": Text("请选择要加入数据表的新列。", "Choose the new columns that join the table.")
            }
        )
    columns, mapped = list(feed.columns), dict(layout.columns)
    for source in extended:
        name, kind = propose_name(source), Kind(added[source]["kind_of"] or "text")
        if any(one["name"].lower() == name.lower() for one in columns):
            raise InvalidInput(
                fields={"extended": Text(f"数据表已有列“{name}”。", f"The table has a column “{name}”.")}
            )
        columns.append(
            {"name": name, "kind": kind.value, "zh": name, "en": "", "personal": looks_personal(name, kind)}
        )
        mapped[source] = name
    wanted = replace(
        layout, columns=mapped, ignored=tuple(name for name in layout.ignored if name not in mapped)
    )
    agree_layout(call.with_key(None), code=feed.code, columns=columns, key=feed.key, layout=wanted.to_dict())
    feed.refresh_from_db()
