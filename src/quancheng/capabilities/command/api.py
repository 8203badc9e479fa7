"""HTTP interface of command: ``/api/v1/command/…``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Router
from ninja.security import django_auth

from quancheng.capabilities.command import actions, queries
from quancheng.capabilities.command.shapes import (
    ActivateIn,
    LevelIn,
    NoteIn,
    ProofIn,
    ProposeIn,
    ReportIn,
    TaskIn,
    activation_shape,
    incident_shape,
    page_of,
    plain,
    task_shape,
)
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.middleware import call_of

router = Router()


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
        state=plain(state),
        type=plain(type),
        level=plain(level),
        region=plain(region),
        exercise=plain(exercise),
        text=plain(text),
    )
    return page_of(
        pagination.page(found, ("-occurred_at", "-id"), {"cursor": cursor, "size": size}), incident_shape
    )


@router.get("/incidents.geojson", summary="突发事件图层 Incidents on the map", auth=None)
def incidents_geojson(request: HttpRequest, exercise: str = "") -> dict[str, Any]:
    """Open incidents the asker may see."""
    return _labelled(queries.incidents_geojson(call_of(request).actor, exercise=plain(exercise)))


@router.get("/tasks.geojson", summary="任务图层 Tasks on the map", auth=None)
def tasks_geojson(request: HttpRequest, exercise: str = "") -> dict[str, Any]:
    """Open tasks the asker may see."""
    return _labelled(queries.tasks_geojson(call_of(request).actor, exercise=plain(exercise)))


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
    row = queries.incident(actor, plain(number))
    return incident_shape(row) | {
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
            task_shape(one) for one in queries.tasks(actor, exercise=row.exercise).filter(incident=row)[:500]
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
        state=plain(state),
        department=plain(department),
        exercise=plain(exercise),
        overdue=overdue,
    )
    return page_of(
        pagination.page(found, ("-issued_at", "-id"), {"cursor": cursor, "size": size}), task_shape
    )


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
    row, _ = queries.plan(call_of(request).actor, plain(code))
    return {"code": row.code, "version": row.version, "digest": row.digest, "document": row.document}


@router.get("/activations", summary="应急响应 Responses", auth=None)
def activations(request: HttpRequest, exercise: str = "", live: bool = True) -> dict[str, Any]:
    """Proposed responses and those in force, with the reasons; all of them with ``live=false``."""
    rows = queries.activations(call_of(request).actor, exercise=plain(exercise), live=live)
    return {"items": [activation_shape(row) for row in rows[:200]]}


@router.get("/review/{number}", summary="复盘 After-action review", auth=None)
def review(request: HttpRequest, number: str) -> dict[str, Any]:
    """Steps, durations and totals of an incident or an exercise."""
    actor = call_of(request).actor
    run = queries.exercise(actor, plain(number))
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
    return incident_shape(actions.report_incident(call, **facts))


@router.post("/incidents/{number}/{verb}", summary="事件处置 A step of an incident", auth=django_auth)
def incident_step(request: HttpRequest, number: str, verb: str, body: NoteIn) -> dict[str, Any]:
    """``verify respond control reject close``."""
    call = call_of(request)
    row, note = queries.incident(call.actor, plain(number)), body.note
    steps: dict[str, Any] = {
        "verify": lambda: actions.verify_incident(call, incident=row, note=note),
        "respond": lambda: actions.respond_incident(call, incident=row, note=note),
        "control": lambda: actions.control_incident(call, incident=row, note=note),
        "reject": lambda: actions.reject_incident(call, incident=row, reason=note),
        "close": lambda: actions.close_incident(call, incident=row, note=note),
    }
    if verb not in steps:
        raise NotFound()
    return incident_shape(steps[verb]())


@router.put("/incidents/{number}/level", summary="调整级别 Change the level", auth=django_auth)
def incident_level(request: HttpRequest, number: str, body: LevelIn) -> dict[str, Any]:
    """A level with its reason."""
    call = call_of(request)
    row = queries.incident(call.actor, plain(number))
    return incident_shape(actions.change_level(call, incident=row, level=body.level, reason=body.note))


@router.post("/proposals", summary="研判 Propose a response", auth=django_auth)
def propose(request: HttpRequest, body: ProposeIn) -> dict[str, Any]:
    """Evaluates the plan's table; ``activation`` is null when no row holds."""
    call = call_of(request)
    row = queries.incident(call.actor, plain(body.incident)) if body.incident else None
    found = actions.propose_activation(
        call,
        plan_code=body.plan,
        inputs=body.inputs,
        incident=row,
        exercise=body.exercise,
        districts=body.districts,
    )
    return {"activation": activation_shape(found) if found else None}


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
    return activation_shape(steps[verb]())


@router.post("/tasks", summary="下达任务 Issue a task", auth=django_auth)
def issue(request: HttpRequest, body: TaskIn) -> dict[str, Any]:
    """A task by hand."""
    call = call_of(request)
    row = queries.incident(call.actor, plain(body.incident)) if body.incident else None
    facts = body.dict() | {"title": body.title.dict(), "incident": row}
    return task_shape(actions.issue_task(call, **facts))


@router.post("/tasks/{number}/proof", summary="反馈 Prove a task", auth=django_auth)
def prove(request: HttpRequest, number: str, body: ProofIn) -> dict[str, Any]:
    """What was done, and where."""
    call = call_of(request)
    row = queries.task(call.actor, plain(number))
    return task_shape(actions.prove_task(call, task=row, text=body.text, lon=body.lon, lat=body.lat))


@router.post("/tasks/{number}/{verb}", summary="任务处置 A step of a task", auth=django_auth)
def task_step(request: HttpRequest, number: str, verb: str, body: NoteIn) -> dict[str, Any]:
    """``accept arrive return verify withdraw``."""
    call = call_of(request)
    row, note = queries.task(call.actor, plain(number)), body.note
    steps: dict[str, Any] = {
        "accept": lambda: actions.accept_task(call, task=row),
        "arrive": lambda: actions.arrive(call, task=row),
        "return": lambda: actions.return_task(call, task=row, reason=note),
        "verify": lambda: actions.verify_task(call, task=row, note=note),
        "withdraw": lambda: actions.withdraw_task(call, task=row, reason=note),
    }
    if verb not in steps:
        raise NotFound()
    return task_shape(steps[verb]())
