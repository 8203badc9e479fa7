"""Writers of plans 预案 and activations 应急响应: register, propose, activate, raise, lower, end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from quancheng.capabilities.command import deeds, flow, telling
from quancheng.capabilities.command.issuing import issue_for_level
from quancheng.capabilities.command.models import Incident, Plan, PlanActivation
from quancheng.capabilities.command.planning import Decision, PlanError, PlanSpec, evaluate, read_plan
from quancheng.core.rules import RuleError
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


@action("command.plan.register")
def register_plan(call: Call, *, document: Mapping[str, Any]) -> Plan:
    """登记预案: the document becomes the current version. Raises InvalidInput, Conflict, Forbidden."""
    access.require(call.actor, "register", Plan)
    try:
        spec = read_plan(document)
    except PlanError as wrong:
        said = "; ".join(wrong.lines)
        raise InvalidInput(Text(f"预案文件有误:{said}", f"The plan document is wrong: {said}")) from wrong
    plain = json.loads(json.dumps(dict(document), default=_plain, ensure_ascii=False))
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    same = Plan.objects.filter(code=spec.code, version=spec.version).first()
    if same is not None and same.digest != digest and same.activations.exists():
        raise Conflict(
            Text(
                f"预案{spec.code}版本{spec.version}已启动过，内容变动须换版本号。",
                f"Version {spec.version} of {spec.code} was activated; a changed text needs a new version.",
            )
        )
    facts = {"digest": digest, "zh": spec.name.zh, "en": spec.name.en, "document": plain, "current": True}
    Plan.objects.filter(code=spec.code, current=True).exclude(version=spec.version).update(current=False)
    plan, made = Plan.objects.update_or_create(
        code=spec.code,
        version=spec.version,
        defaults=facts,
        create_defaults=facts | {"registered_at": call.at} | {"code": spec.code, "version": spec.version},
    )
    audit.note(plan=spec.code, version=spec.version, new=made, digest=digest)
    return plan  # type: ignore[no-any-return]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@action("command.plan.propose")
def propose_activation(
    call: Call,
    *,
    plan_code: str,
    inputs: Mapping[str, Any],
    incident: Incident | str | None = None,
    exercise: str = "",
    districts: Iterable[str] = (),
) -> PlanActivation | None:
    """研判: evaluates the plan's table and keeps why; None when no row holds.

    Raises InvalidInput, NotFound, Forbidden."""
    access.require(call.actor, "propose", PlanActivation)
    exercise = deeds.clean_exercise(exercise)
    plan = Plan.objects.filter(code=str(plan_code)[:60], current=True).first()
    if plan is None:
        raise NotFound(Text(f"没有预案 {plan_code}。", f"There is no plan {plan_code}."))
    row = None if incident is None else deeds.fetch(Incident, incident)
    deeds.locked(f"plan:{plan.code}:{exercise}")
    at = deeds.moment(call, exercise)
    live = _live(plan.code, exercise)
    spec = read_plan(plan.document)
    regions = sorted({deeds.clean_region(code) for code in districts} | set(live.districts if live else ()))
    asked = dict(inputs)
    asked.setdefault("affected_districts", len(regions))
    if live is not None and live.in_force:
        asked.setdefault("current_level", live.level)
    decision = _evaluate(spec, asked, at, exercise)
    if decision.level is None:
        audit.note(plan=plan.code, level=None)
        return live
    if live is None:
        live = _propose(call, at, plan, row, exercise, regions, decision)
        _tell_proposal(call, at, live, decision, "start", None)
    else:
        _reconsider(call, at, live, row, regions, decision)
    audit.note(activation=live.pk, level=decision.level, rows=[one.id for one in decision.hits])
    return live


def _evaluate(spec: PlanSpec, inputs: Mapping[str, Any], at: datetime, exercise: str) -> Decision:
    day = at.astimezone(clock.LOCAL).date()
    amounts: dict[str, float] = {}
    for name in spec.amounts:
        try:
            amounts[name] = deeds.amount(name, day, exercise=exercise)
        except RuleError:  # the row then does not hold, and is shown with its missing amount
            continue
    try:
        return evaluate(spec, inputs, amounts)
    except PlanError as wrong:
        said = "; ".join(wrong.lines)
        raise InvalidInput(Text(f"研判条件有误:{said}", f"The inputs are wrong: {said}")) from wrong


def _live(code: str, exercise: str) -> PlanActivation | None:
    rows = PlanActivation.objects.select_for_update().filter(plan__code=code, exercise=exercise)
    return rows.filter(state__in=flow.ACTIVATION.open).order_by("-id").first()  # type: ignore[no-any-return]


def _propose(
    call: Call,
    at: datetime,
    plan: Plan,
    incident: Incident | None,
    exercise: str,
    regions: list[str],
    decision: Decision,
) -> PlanActivation:
    level = decision.level
    return PlanActivation.objects.create(  # type: ignore[no-any-return]
        plan=plan,
        incident=incident,
        exercise=exercise,
        level=level,
        proposed_level=level,
        districts=regions,
        reasons=decision.to_dict(),
        history=[_line(call, at, "propose", None, level, "")],
        proposed_at=at,
        proposed_by=deeds.display(call.actor),
        changed_at=at,
        changed_by=deeds.display(call.actor),
        simulated=bool(exercise) or call.actor.simulated,
    )


def _reconsider(
    call: Call,
    at: datetime,
    live: PlanActivation,
    incident: Incident | None,
    regions: list[str],
    decision: Decision,
) -> None:
    level, known = decision.level or live.level, live.proposed_level or live.level
    fields: dict[str, Any] = {"districts": regions}
    if incident is not None and live.incident_id is None:
        fields["incident"] = incident
    worse = level < known if not live.in_force else level < min(live.level, known)
    if worse:
        before = live.level
        fields |= {"proposed_level": level, "reasons": decision.to_dict()}
        fields["history"] = [*live.history, _line(call, at, "propose", before, level, "")]
        if not live.in_force:
            fields["level"] = level
        deeds.change(live, call, at, **fields)
        _tell_proposal(call, at, live, decision, "raise" if live.in_force else "start", before)
    elif fields["districts"] != live.districts or "incident" in fields:
        deeds.change(live, call, at, **fields)


def _tell_proposal(
    call: Call, at: datetime, live: PlanActivation, decision: Decision, change: str, before: int | None
) -> None:
    rows = [one.id for one in decision.hits]
    name = flow.LEVELS[decision.level or live.level]
    cites = "、".join(f"{one.id}({one.cite})" for one in decision.hits)
    said = Text(
        f"建议{'升级为' if change == 'raise' else '启动'}{live.plan.zh}{name.zh}响应，依据{cites}",
        f"{live.plan.en}: {'raising to' if change == 'raise' else 'starting'} {name.en} proposed by {cites}",
    )
    deeds.log(call, at, "propose", said, activation=live)
    payload = telling.of_activation(call, at, live, change=change, before=before, rows=rows) | {
        "level": decision.level
    }
    events.emit("command.plan.proposed", f"{live.plan.code}:{live.exercise}", payload)


def _line(
    call: Call, at: datetime, verb: str, before: int | None, level: int | None, note: str
) -> dict[str, Any]:
    by = deeds.display(call.actor)
    return {"at": at.isoformat(), "by": by, "verb": verb, "before": before, "level": level, "note": note}


@action("command.plan.activate")
def activate_plan(
    call: Call, *, activation: PlanActivation | int, level: int | None = None, note: str = ""
) -> PlanActivation:
    """启动响应: tasks of the level are issued. Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(PlanActivation, activation)
    access.require(call.actor, "activate", row)
    wanted = row.level if level is None else deeds.clean_level(level)
    note = deeds.clean_text("note", note, 300, empty=wanted == row.level)
    if wanted == 1:
        access.require(call.actor, "activate_first", row)
    at = deeds.moment(call, row.exercise)
    deeds.advance(
        flow.ACTIVATION,
        row,
        "activate",
        call,
        at,
        level=wanted,
        proposed_level=None,
        activated_at=at,
        activated_by=deeds.display(call.actor),
        history=[*row.history, _line(call, at, "activate", None, wanted, note)],
    )
    _in_force(call, at, row, "start", None, note)
    return row


def _in_force(
    call: Call, at: datetime, row: PlanActivation, change: str, before: int | None, note: str
) -> None:
    name = flow.LEVELS[row.level]
    zh = {"start": "启动", "raise": "升级为", "lower": "降级为"}[change]
    en = {"start": "started at", "raise": "raised to", "lower": "lowered to"}[change]
    tail = Text(f":{note}", f": {note}") if note else Text("", "")
    said = Text(f"{row.plan.zh}{zh}{name.zh}响应{tail.zh}", f"{row.plan.en} {en} {name.en}{tail.en}")
    deeds.log(call, at, "activate", said, activation=row)
    tasks = issue_for_level(call, at, row)
    payload = telling.of_activation(
        call, at, row, change=change, before=before, tasks=[t.number for t in tasks]
    )
    events.emit("command.plan.activated", f"{row.plan.code}:{row.exercise}", payload)
    audit.note(activation=row.pk, level=row.level, before=before, note=note, tasks=len(tasks))


@action("command.plan.level")
def raise_level(
    call: Call, *, activation: PlanActivation | int, level: int, note: str = ""
) -> PlanActivation:
    """升级或降级响应: tasks of the new level not issued before are issued.

    Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(PlanActivation, activation)
    access.require(call.actor, "activate", row)
    level = deeds.clean_level(level)
    if level == 1:
        access.require(call.actor, "activate_first", row)
    expected = row.proposed_level is not None and level == row.proposed_level
    note = deeds.clean_text("note", note, 300, empty=expected)
    at, before = deeds.moment(call, row.exercise), row.level
    verb = "raise" if level < before else "lower"
    if level == before and row.in_force:
        raise Conflict(
            Text(
                f"{row.changed_by} 已把响应定为{flow.LEVELS[level].zh}。",
                f"{row.changed_by} already set the response to {flow.LEVELS[level].en}.",
            )
        )
    deeds.advance(
        flow.ACTIVATION,
        row,
        verb,
        call,
        at,
        level=level,
        proposed_level=None,
        history=[*row.history, _line(call, at, verb, before, level, note)],
    )
    _in_force(call, at, row, verb, before, note)
    return row


@action("command.plan.decline")
def decline_activation(call: Call, *, activation: PlanActivation | int, reason: str) -> PlanActivation:
    """不启动: a proposal is set aside. Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(PlanActivation, activation)
    access.require(call.actor, "decline", row)
    reason = deeds.clean_text("reason", reason, 300)
    at = deeds.moment(call, row.exercise)
    history = [*row.history, _line(call, at, "decline", row.level, None, reason)]
    deeds.advance(flow.ACTIVATION, row, "decline", call, at, history=history)
    said = Text(f"{row.plan.zh}不启动:{reason}", f"{row.plan.en} not started: {reason}")
    deeds.log(call, at, "decline", said, activation=row)
    audit.note(activation=row.pk, reason=reason)
    return row


@action("command.plan.end")
def end_activation(call: Call, *, activation: PlanActivation | int, note: str) -> PlanActivation:
    """终止响应: refused while its tasks are open. Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(PlanActivation, activation)
    access.require(call.actor, "end", row)
    note = deeds.clean_text("note", note, 300)
    waiting = list(row.tasks.filter(state__in=flow.TASK.open).order_by("id").values_list("number", flat=True))
    if waiting:
        names = "、".join(waiting[:10])
        raise Conflict(
            Text(
                f"还有{len(waiting)}项任务未办结:{names}。", f"{len(waiting)} tasks are still open: {names}."
            ),
            extra={"open_tasks": waiting},
        )
    at = deeds.moment(call, row.exercise)
    deeds.advance(
        flow.ACTIVATION,
        row,
        "end",
        call,
        at,
        ended_at=at,
        ended_by=deeds.display(call.actor),
        proposed_level=None,
        history=[*row.history, _line(call, at, "end", row.level, None, note)],
    )
    said = Text(f"{row.plan.zh}响应终止:{note}", f"{row.plan.en} ended: {note}")
    deeds.log(call, at, "end", said, activation=row)
    minutes = round((at - row.activated_at).total_seconds() / 60, 1) if row.activated_at else None
    payload = telling.of_activation(call, at, row, minutes=minutes)
    events.emit("command.plan.ended", f"{row.plan.code}:{row.exercise}", payload)
    audit.note(activation=row.pk, note=note)
    return row
