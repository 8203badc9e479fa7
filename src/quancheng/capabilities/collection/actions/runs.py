"""Runs 归集运行: begun, fetched, planned, applied, failed. Each action is the end of one stage."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from quancheng.capabilities.collection import config, rawfiles, telling
from quancheng.capabilities.collection.actions.feeds import _feed
from quancheng.capabilities.collection.actions.lineage import note_run
from quancheng.capabilities.collection.connectors import KINDS
from quancheng.capabilities.collection.faults import MovedOn
from quancheng.capabilities.collection.masking import masked_row
from quancheng.capabilities.collection.models import Feed, RefusedRow, Run
from quancheng.capabilities.collection.planning import undecided
from quancheng.capabilities.collection.schedule import next_run, retry_after
from quancheng.capabilities.collection.values import Connector, Lateness, Mode, Plan, RunState
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("collection.run.start")
def start_run(call: Call, *, code: str, trigger: str = Run.Trigger.PERSON.value) -> Run:
    """开始归集: fetch from the source now. Raises Conflict when a run is open or the feed is not active."""
    feed = _feed(call, code, "run")
    if feed.connector == Connector.UPLOAD.value:
        raise InvalidInput(Text("这个任务由来源上传文件。", "Files of this feed are uploaded."))
    if trigger == Run.Trigger.SCHEDULE.value:
        feed.next_at = next_run(feed.period_minutes, feed.next_at, call.at)
        feed.save(update_fields=["next_at"])
    return _begin(call, feed, trigger=trigger, mode=feed.mode)


@action("collection.run.deliver")
def deliver(
    call: Call,
    *,
    code: str,
    digest: str,
    name: str,
    supplement: bool = False,
    trigger: str = Run.Trigger.UPLOAD.value,
) -> Run:
    """报送文件: a kept file (``rawfiles.keep``) is planned and, if nothing is held, applied.

    ``supplement``: it holds only corrected or missing rows; no row is deleted because it is not in it.
    """
    feed = _feed(call, code, "run")
    path = rawfiles.path_of(digest)
    if not path.is_file():
        raise InvalidInput(
            fields={"file": Text("文件未保存，请重新上传。", "The file was not kept; upload it again.")}
        )
    mode = Mode.INCREMENTAL.value if supplement else feed.mode
    facts = {
        "raw": digest, "raw_name": name[:200], "raw_bytes": path.stat().st_size, "state": RunState.FETCHED.value,
        "source": {"namespace": "file", "name": f"{feed.organ.code}/{name[:150]}"},
    }  # fmt: skip
    return _begin(call, feed, trigger=trigger, mode=mode, **facts)


def _begin(call: Call, feed: Feed, *, trigger: str, mode: str, **facts: Any) -> Run:
    if feed.state not in (Feed.State.ACTIVE, Feed.State.TRIPPED):
        raise Conflict(Text("任务未启用。", "The feed is not active."))
    run = Run(
        id=uuid.uuid4(), feed=feed, trigger=trigger, mode=mode, by=str(call.actor)[:120], began_at=call.at,
        simulated=feed.simulated, **facts,
    )  # fmt: skip
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError as other:
        raise Conflict(
            Text("上一次归集还没有结束。", "The last run has not ended yet."),
            todo=Text("请等它结束，或先处理待决事项。", "Wait for its end, or decide about what is held."),
        ) from other
    note_run(call, run, "START")
    _send_to_work(run)
    audit.note(run=str(run.pk), feed=feed.code, trigger=trigger, raw=run.raw)
    _emit("started", run)
    return run


def _send_to_work(run: Run) -> None:
    job = jobs.enqueue(
        "collection.run", {"run": str(run.pk), "stage": run.stage}, key=f"collection-{run.pk}-{run.stage}"
    )
    run.job_id = job.pk
    run.save(update_fields=["job_id", "stage", "state"])


def _emit(what: str, run: Run, **more: Any) -> None:
    feed = run.feed
    data = {
        "run": str(run.pk),
        "feed": feed.code,
        "organ": feed.organ.code,
        "table": str(feed.table_id or ""),
    }
    events.emit(f"collection.run.{what}", feed.code, data | more)


def _run(call: Call, run_id: str, *states: RunState, verb: str = "advance") -> Run:
    """The run in one of the states, locked where the database locks rows; Conflict otherwise."""
    run: Run = Run.objects.select_for_update(of=("self",)).select_related("feed__organ").get(pk=run_id)
    access.require(call.actor, verb, run)
    if RunState(run.state) not in states:
        raise MovedOn(Text("运行已经进入别的阶段。", "The run has moved on meanwhile."))
    return run


@action("collection.run.fetched", idempotent=False)
def record_fetched(
    call: Call,
    *,
    run_id: str,
    digest: str,
    size: int,
    name: str,
    source: Mapping[str, str],
    cursor: Mapping[str, Any],
    trace: Sequence[Mapping[str, Any]] = (),
) -> Run:
    """取数完成: the raw file is kept; the same content as last time ends the run as unchanged."""
    run = _run(call, run_id, RunState.QUEUED)
    run.raw, run.raw_bytes, run.raw_name = digest, size, name
    run.source, run.cursor, run.trace = dict(source), dict(cursor), [dict(one) for one in trace]
    run.state = RunState.FETCHED.value
    run.save()
    audit.note(run=run_id, digest=digest, bytes=size)
    if digest == run.feed.rejected_digest:
        _end_rejected(call, run)
    elif digest == run.feed.last_digest or size == 0:
        _end_unchanged(call, run)
    return run


def _end_rejected(call: Call, run: Run) -> None:
    text = Text("内容与已退回的相同。", "The content is the one that was rejected.")
    run.failure = {"text": text.to_dict(), "code": "rejected"}
    run.state, run.ended_at = RunState.REJECTED.value, call.at
    run.save()
    note_run(call, run, "ABORT")
    _emit("rejected", run)


@action("collection.run.nothing_new", idempotent=False)
def nothing_new(call: Call, *, run_id: str) -> Run:
    """来源没有变化: it said so itself."""
    run = _run(call, run_id, RunState.QUEUED)
    run.cursor = dict(run.feed.cursor)
    audit.note(run=run_id)
    _end_unchanged(call, run)
    return run


def _end_unchanged(call: Call, run: Run) -> None:
    run.state, run.ended_at = RunState.UNCHANGED.value, call.at
    run.save()
    _succeeded(call, run)
    note_run(call, run, "COMPLETE")
    _emit("unchanged", run)


@action("collection.run.planned", idempotent=False)
def record_plan(
    call: Call,
    *,
    run_id: str,
    plan: Plan,
    found: Mapping[str, Any],
    refused: Sequence[Mapping[str, Any]],
    stage: int,
) -> Run:
    """计划完成: applied next, unless something nobody has accepted yet waits for a person."""
    run = _run(call, run_id, RunState.FETCHED)
    if run.stage != stage:
        raise MovedOn(Text("运行已重新计划。", "The run is being planned anew."))
    feed = run.feed
    decided = {code for one in run.decisions.all() for code in one.covers}
    waiting = undecided(plan.holds, decided)
    run.found, run.counts = dict(found), asdict(plan.counts)
    run.plan = {"reasons": dict(plan.reasons), "columns": dict(plan.columns), "examples": dict(plan.examples)}
    run.holds = [hold.to_dict() for hold in waiting]
    run.state = (RunState.HELD if waiting else RunState.PLANNED).value
    if not waiting and plan.counts.changed == 0 and plan.counts.before:
        run.state, run.ended_at = RunState.UNCHANGED.value, call.at
    run.save()
    _keep_refused(run, refused)
    audit.note(run=run_id, counts=run.counts, holds=[hold.code for hold in waiting])
    if run.state == RunState.UNCHANGED.value:
        _end_unchanged(call, run)
    elif waiting:
        _emit("held", run, holds=[hold.code for hold in waiting])
        telling.held(call, run, feed)
    return run


def _keep_refused(run: Run, refused: Sequence[Mapping[str, Any]]) -> None:
    RefusedRow.objects.filter(run=run).delete()
    names, hidden = run.found.get("names", []), run.feed.personal
    made = []
    for number, row in enumerate(refused, 1):
        problems, cells = masked_row(row["problems"], row["cells"], names, hidden)
        made.append(
            RefusedRow(
                run=run, number=number, sheet=row["sheet"][:120], row=row["row"], line=row["line"],
                reason=problems[0][0], column=problems[0][1][:200], problems=problems, cells=cells,
            )
        )  # fmt: skip
    RefusedRow.objects.bulk_create(made, batch_size=500)


@action("collection.run.plan_again", idempotent=False)
def plan_again(call: Call, *, run_id: str) -> Run:
    """重新计划: the staged rows are gone; they are made again from the raw file."""
    run = _run(call, run_id, RunState.PLANNED)
    run.state = RunState.FETCHED.value
    run.save(update_fields=["state"])
    audit.note(run=run_id)
    return run


@action("collection.run.applied", idempotent=False)
def record_applied(call: Call, *, run_id: str, version: int, figures: Mapping[str, int]) -> Run:
    """入库完成: the table has its new version; figures are what was really written."""
    run = _run(call, run_id, RunState.PLANNED)
    run.counts = run.counts | dict(figures)
    run.version, run.state, run.ended_at = version, RunState.DONE.value, call.at
    run.save()
    _succeeded(call, run)
    note_run(call, run, "COMPLETE")
    audit.note(run=run_id, version=version, **dict(figures))
    _emit("applied", run, version=version, **dict(figures))
    return run


def _succeeded(call: Call, run: Run) -> None:
    """The feed is current: cursor and digest move on, the circuit closes."""
    feed = run.feed
    feed.cursor = run.cursor or feed.cursor
    feed.last_digest = run.raw if run.raw and run.mode == feed.mode else feed.last_digest
    was, feed.last_success_at, feed.failures = feed.lateness, call.at, 0
    feed.late_since = None
    feed.lateness = (Lateness.FRESH if feed.sla_minutes else Lateness.NONE).value
    if feed.state == Feed.State.TRIPPED:
        feed.state = Feed.State.ACTIVE
        feed.next_at = next_run(feed.period_minutes, call.at, call.at)
    feed.save()
    if was in (Lateness.LATE, Lateness.SILENT, Lateness.NEVER):
        events.emit("collection.feed.recovered", feed.code, {"feed": feed.code, "organ": feed.organ.code})


@action("collection.run.fail", idempotent=False)
def fail_run(
    call: Call,
    *,
    run_id: str,
    text: Text,
    again: bool,
    code: str = "",
    detail: str = "",
    todo: Text | None = None,
) -> Run:
    """归集失败: nothing of it is in the table. ``again``: a later try may succeed, so it is tried with growing pauses."""
    run = _run(call, run_id, RunState.QUEUED, RunState.FETCHED, RunState.PLANNED)
    feed, rule = run.feed, config.retry_rule()
    run.failure = {"text": text.to_dict(), "code": code, "detail": detail}
    if todo:
        run.failure["todo"] = todo.to_dict()
    run.state, run.ended_at = RunState.FAILED.value, call.at
    run.save()
    feed.failures += 1
    pause = retry_after(feed.failures, rule)
    if pause is None and feed.state == Feed.State.ACTIVE and feed.connector in _FETCHED:
        feed.state, feed.next_at = Feed.State.TRIPPED, None
        events.emit("collection.feed.tripped", feed.code, {"feed": feed.code, "failures": feed.failures})
        telling.tripped(call, run, feed)
    elif again and feed.period_minutes and pause is not None:
        feed.next_at = call.at + min(pause, timedelta(minutes=feed.period_minutes))
    feed.save()
    if not again:
        telling.failed(call, run, feed)
    note_run(call, run, "FAIL")
    audit.note(run=run_id, code=code, failures=feed.failures)
    _emit("failed", run, code=code)
    return run


_FETCHED = {one.value for one in KINDS if one is not Connector.UPLOAD}
