"""HTTP interface of command: ``/api/v1/command/…``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Field, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.command import actions, queries
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.middleware import call_of

router = Router()


class TextIn(Schema):
    """A text in two languages."""

    zh: str = Field(min_length=1, max_length=160)
    en: str = Field(min_length=1, max_length=200)


class ReportIn(Schema):
    """接报."""

    type: str = Field(max_length=100)
    level: int = Field(ge=1, le=4)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    region: str = Field(max_length=12)
    title: TextIn
    occurred_at: datetime
    source_kind: str = Field("system", max_length=10)
    source_ref: str = Field(max_length=120)
    text: str = Field("", max_length=500)
    place: str = Field("", max_length=120)
    exercise: str = Field("", max_length=40)


class NoteIn(Schema):
    """A note or reason."""

    note: str = Field("", max_length=1000)


class LevelIn(NoteIn):
    """A level with its reason."""

    level: int = Field(ge=1, le=4)


class ActivateIn(NoteIn):
    """Starting a plan, at another level than proposed if given."""

    level: int | None = Field(None, ge=1, le=4)


class ProposeIn(Schema):
    """研判."""

    plan: str = Field(max_length=60)
    inputs: dict[str, Any] = Field(default_factory=dict)
    districts: list[str] = Field(default_factory=list, max_length=200)
    incident: str = Field("", max_length=24)
    exercise: str = Field("", max_length=40)


class TaskIn(Schema):
    """下达任务."""

    title: TextIn
    department: str = Field(max_length=40)
    incident: str = Field("", max_length=24)
    priority: int = Field(2, ge=1, le=3)
    due_minutes: int = Field(60, ge=1, le=10080)
    text: str = Field("", max_length=500)


class ProofIn(Schema):
    """反馈."""

    text: str = Field(min_length=1, max_length=1000)
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)


# -- shapes -----------------------------------------------------------------------------------
def _incident(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "type": row.type,
        "title": row.title.to_dict(),
        "level": row.level,
        "state": row.state,
        "lon": row.lon,
        "lat": row.lat,
        "located": row.located,
        "region": row.region,
        "place": row.place,
        "lead": row.lead.code if row.lead else "",
        "occurred_at": row.occurred_at,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "reports": row.reports_count,
        "exercise": row.exercise,
        "simulated": row.simulated,
        "url": row.path,
    }


def _task(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "title": row.title.to_dict(),
        "state": row.state,
        "department": row.department.code,
        "region": row.region,
        "priority": row.priority,
        "lon": row.lon,
        "lat": row.lat,
        "issued_at": row.issued_at,
        "due_at": row.due_at,
        "accepted_at": row.accepted_at,
        "proved_at": row.proved_at,
        "verified_at": row.verified_at,
        "escalated_at": row.escalated_at,
        "minutes": row.minutes,
        "incident": row.incident.number if row.incident else "",
        "exercise": row.exercise,
        "simulated": row.simulated,
        "url": row.path,
    }


def _activation(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "plan": row.plan.code,
        "version": row.plan.version,
        "level": row.level,
        "state": row.state,
        "proposed_level": row.proposed_level,
        "districts": row.districts,
        "reasons": row.reasons,
        "proposed_at": row.proposed_at,
        "activated_at": row.activated_at,
        "ended_at": row.ended_at,
        "history": row.history,
        "exercise": row.exercise,
        "simulated": row.simulated,
    }


def _page(page: Any, shape: Any) -> dict[str, Any]:
    return {"items": [shape(row) for row in page], "next": page.next, "previous": page.previous}


def _plain(value: str | None) -> str:
    text = value or ""
    if "\x00" in text or len(text) > 200:
        raise InvalidInput(
            Text("参数里有不能用的字符或过长。", "A parameter has unusable characters or is too long.")
        )
    return text


# -- reads ------------------------------------------------------------------------------------
@router.get("/incidents", summary="突发事件 Incidents", auth=None)
def incidents(
    request: HttpRequest,
    state: str = "",
    type: str = "",
    level: str = "",
    region: str = "",
    exercise: str = "",
    text: str = "",
    cursor: str = "",
    size: str = "",
) -> dict[str, Any]:
    """Incidents the asker may see, newest first."""
    found = queries.incidents(
        call_of(request).actor,
        state=_plain(state),
        type=_plain(type),
        level=_plain(level),
        region=_plain(region),
        exercise=_plain(exercise),
        text=_plain(text),
    )
    return _page(pagination.page(found, ("-occurred_at", "-id"), {"cursor": cursor, "size": size}), _incident)


@router.get("/incidents.geojson", summary="突发事件图层 Incidents on the map", auth=None)
def incidents_geojson(request: HttpRequest, exercise: str = "") -> dict[str, Any]:
    """Open incidents the asker may see."""
    return _labelled(queries.incidents_geojson(call_of(request).actor, exercise=_plain(exercise)))


@router.get("/tasks.geojson", summary="任务图层 Tasks on the map", auth=None)
def tasks_geojson(request: HttpRequest, exercise: str = "") -> dict[str, Any]:
    """Open tasks the asker may see."""
    return _labelled(queries.tasks_geojson(call_of(request).actor, exercise=_plain(exercise)))


def _labelled(found: dict[str, Any]) -> dict[str, Any]:
    """Words for the popup in the reader's language."""
    language = get_language() or "zh-hans"
    for feature in found["features"]:
        facts = feature["properties"]
        facts["label"] = Text.of(facts["name"]).pick(language)
        facts["said"] = Text.of(facts["state"]).pick(language)
        if "department" in facts:
            facts["who"] = Text.of(facts["department"]).pick(language)
    return found


@router.get("/incidents/{number}", summary="一起事件 One incident", auth=None)
def incident(request: HttpRequest, number: str) -> dict[str, Any]:
    """One incident with its reports and log."""
    actor = call_of(request).actor
    row = queries.incident(actor, _plain(number))
    return _incident(row) | {
        "sightings": [
            {"source_kind": one.source_kind, "source_ref": one.source_ref, "text": one.text, "at": one.at}
            for one in queries.reports_of(actor, row)[:200]
        ],
        "log": [
            {
                "at": one.at,
                "actor": one.actor,
                "verb": one.verb,
                "text": one.text.to_dict(),
                "evidence": one.evidence,
            }
            for one in queries.log_of(actor, incident=row)[:500]
        ],
        "tasks": [
            _task(one) for one in queries.tasks(actor, exercise=row.exercise).filter(incident=row)[:500]
        ],
    }


@router.get("/tasks", summary="任务 Tasks", auth=None)
def tasks(
    request: HttpRequest,
    state: str = "",
    department: str = "",
    exercise: str = "",
    overdue: bool = False,
    cursor: str = "",
    size: str = "",
) -> dict[str, Any]:
    """Tasks the asker may see, newest first."""
    found = queries.tasks(
        call_of(request).actor,
        state=_plain(state),
        department=_plain(department),
        exercise=_plain(exercise),
        overdue=overdue,
    )
    return _page(pagination.page(found, ("-issued_at", "-id"), {"cursor": cursor, "size": size}), _task)


@router.get("/plans", summary="预案 Plans", auth=None)
def plans(request: HttpRequest) -> dict[str, Any]:
    """Plans in their current version."""
    rows = queries.plans(call_of(request).actor)
    return {
        "items": [
            {"code": row.code, "version": row.version, "name": row.name.to_dict(), "digest": row.digest}
            for row in rows
        ]
    }


@router.get("/plans/{code}", summary="一部预案 One plan", auth=None)
def plan(request: HttpRequest, code: str) -> dict[str, Any]:
    """The document of a plan."""
    row, _ = queries.plan(call_of(request).actor, _plain(code))
    return {"code": row.code, "version": row.version, "digest": row.digest, "document": row.document}


@router.get("/activations", summary="应急响应 Responses", auth=None)
def activations(request: HttpRequest, exercise: str = "", live: bool = True) -> dict[str, Any]:
    """Proposed responses and those in force, with the reasons; all of them with ``live=false``."""
    rows = queries.activations(call_of(request).actor, exercise=_plain(exercise), live=live)
    return {"items": [_activation(row) for row in rows[:200]]}


@router.get("/review/{number}", summary="复盘 After-action review", auth=None)
def review(request: HttpRequest, number: str) -> dict[str, Any]:
    """Steps, durations and totals of an incident or an exercise."""
    actor = call_of(request).actor
    run = queries.exercise(actor, _plain(number))
    row = None if run else queries.incident(actor, number)
    return queries.after_action(actor, incident=row, exercise=run.code if run else None).to_dict()


# -- writes -----------------------------------------------------------------------------------
@router.post("/incidents", summary="接报 Report", auth=django_auth)
def report(request: HttpRequest, body: ReportIn) -> dict[str, Any]:
    """Joins an open incident or opens one. A signed-in person reports as source ``person``."""
    call = call_of(request)
    if body.occurred_at.tzinfo is None:
        raise InvalidInput(Text("时间必须带时区。", "The time needs a zone."))
    official = bool(call.actor.role_ids & {"command.duty", "command.commander", "command.responder"})
    facts = body.dict() | {"title": body.title.dict()}
    if not official:
        facts |= {
            "source_kind": "person",
            "source_ref": f"{call.actor.user_id}:{body.source_ref}"[:120],
            "exercise": "",
            "level": 4,
        }
    return _incident(actions.report_incident(call, **facts))


@router.post("/incidents/{number}/{verb}", summary="事件处置 A step of an incident", auth=django_auth)
def incident_step(request: HttpRequest, number: str, verb: str, body: NoteIn) -> dict[str, Any]:
    """``verify respond control reject close``."""
    call = call_of(request)
    row, note = queries.incident(call.actor, _plain(number)), body.note
    steps: dict[str, Any] = {
        "verify": lambda: actions.verify_incident(call, incident=row, note=note),
        "respond": lambda: actions.respond_incident(call, incident=row, note=note),
        "control": lambda: actions.control_incident(call, incident=row, note=note),
        "reject": lambda: actions.reject_incident(call, incident=row, reason=note),
        "close": lambda: actions.close_incident(call, incident=row, note=note),
    }
    if verb not in steps:
        raise NotFound()
    return _incident(steps[verb]())


@router.put("/incidents/{number}/level", summary="调整级别 Change the level", auth=django_auth)
def incident_level(request: HttpRequest, number: str, body: LevelIn) -> dict[str, Any]:
    """A level with its reason."""
    call = call_of(request)
    row = queries.incident(call.actor, _plain(number))
    return _incident(actions.change_level(call, incident=row, level=body.level, reason=body.note))


@router.post("/proposals", summary="研判 Propose a response", auth=django_auth)
def propose(request: HttpRequest, body: ProposeIn) -> dict[str, Any]:
    """Evaluates the plan's table; ``activation`` is null when no row holds."""
    call = call_of(request)
    row = queries.incident(call.actor, _plain(body.incident)) if body.incident else None
    found = actions.propose_activation(
        call,
        plan_code=body.plan,
        inputs=body.inputs,
        incident=row,
        exercise=body.exercise,
        districts=body.districts,
    )
    return {"activation": _activation(found) if found else None}


@router.post("/activations/{pk}/{verb}", summary="响应处置 A step of a response", auth=django_auth)
def activation_step(request: HttpRequest, pk: int, verb: str, body: ActivateIn) -> dict[str, Any]:
    """``activate level decline end``."""
    call = call_of(request)
    row = queries.activations(call.actor, exercise=None, live=False).filter(pk=min(pk, 2**62)).first()
    if row is None:
        raise NotFound()
    steps: dict[str, Any] = {
        "activate": lambda: actions.activate_plan(call, activation=row, level=body.level, note=body.note),
        "level": lambda: actions.raise_level(call, activation=row, level=body.level or 0, note=body.note),
        "decline": lambda: actions.decline_activation(call, activation=row, reason=body.note),
        "end": lambda: actions.end_activation(call, activation=row, note=body.note),
    }
    if verb not in steps:
        raise NotFound()
    return _activation(steps[verb]())


@router.post("/tasks", summary="下达任务 Issue a task", auth=django_auth)
def issue(request: HttpRequest, body: TaskIn) -> dict[str, Any]:
    """A task by hand."""
    call = call_of(request)
    row = queries.incident(call.actor, _plain(body.incident)) if body.incident else None
    facts = body.dict() | {"title": body.title.dict(), "incident": row}
    return _task(actions.issue_task(call, **facts))


@router.post("/tasks/{number}/proof", summary="反馈 Prove a task", auth=django_auth)
def prove(request: HttpRequest, number: str, body: ProofIn) -> dict[str, Any]:
    """What was done, and where."""
    call = call_of(request)
    row = queries.task(call.actor, _plain(number))
    return _task(actions.prove_task(call, task=row, text=body.text, lon=body.lon, lat=body.lat))


@router.post("/tasks/{number}/{verb}", summary="任务处置 A step of a task", auth=django_auth)
def task_step(request: HttpRequest, number: str, verb: str, body: NoteIn) -> dict[str, Any]:
    """``accept arrive return verify withdraw``."""
    call = call_of(request)
    row, note = queries.task(call.actor, _plain(number)), body.note
    steps: dict[str, Any] = {
        "accept": lambda: actions.accept_task(call, task=row),
        "arrive": lambda: actions.arrive(call, task=row),
        "return": lambda: actions.return_task(call, task=row, reason=note),
        "verify": lambda: actions.verify_task(call, task=row, note=note),
        "withdraw": lambda: actions.withdraw_task(call, task=row, reason=note),
    }
    if verb not in steps:
        raise NotFound()
    return _task(steps[verb]())
