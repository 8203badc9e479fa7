"""Writers of tasks 任务: issue, accept, arrive, prove, return, verify, withdraw, escalate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from quancheng.capabilities.command import deeds, flow, telling
from quancheng.capabilities.command.issuing import create_task
from quancheng.capabilities.command.models import Incident, PlanActivation, Task
from quancheng.capabilities.command.planning import PROOFS
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, photos
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, NotFound

REMEMBERED = 10


@action("command.task.issue")
def issue_task(
    call: Call,
    *,
    title: Text | dict[str, Any] | str,
    department: str,
    incident: Incident | str | None = None,
    activation: PlanActivation | int | None = None,
    region: str = "",
    priority: int = 2,
    due_minutes: int = 60,
    text: str = "",
    lon: float | None = None,
    lat: float | None = None,
    proof: str = "text",
    exercise: str = "",
) -> Task:
    """下达任务. Raises InvalidInput, Conflict (incident is over), Forbidden."""
    access.require(call.actor, "issue", Task)
    row = None if incident is None else deeds.fetch(Incident, incident)
    response = None if activation is None else deeds.fetch(PlanActivation, activation)
    if row is not None and not row.is_open:
        raise Conflict(
            Text(f"事件{row.state_text.zh},不能再下达任务。", "The incident is over; no more tasks.")
        )
    anchor = row or response
    exercise = anchor.exercise if anchor is not None else deeds.clean_exercise(exercise)
    if priority not in (1, 2, 3) or proof not in PROOFS:
        raise deeds.refuse(
            "priority", "优先级应为1–3,反馈要求应为所列之一。", "Check the priority and the kind of proof."
        )
    if isinstance(due_minutes, bool) or not isinstance(due_minutes, int) or not 1 <= due_minutes <= 10080:
        raise deeds.refuse("due_minutes", "时限应为1–10080分钟。", "The limit is 1 to 10080 minutes.")
    try:
        office = people.department(str(department)[:40])
    except NotFound as missing:
        raise deeds.refuse("department", "没有这个部门。", "There is no such department.") from missing
    if lon is None or lat is None:
        lon, lat = (row.lon, row.lat) if row is not None else (None, None)
    else:
        lon, lat = deeds.clean_place(lon, lat)
    said = deeds.clean_text("text", text, 500, empty=True)
    task = create_task(
        call,
        deeds.moment(call, exercise),
        incident=row,
        activation=response,
        template="",
        exercise=exercise,
        title=deeds.clean_title(title),
        text={"zh": said, "en": said},
        department=office,
        region=deeds.clean_region(region, empty=True),
        priority=priority,
        due_minutes=due_minutes,
        proof=proof,
        lon=lon,
        lat=lat,
    )
    audit.note(number=task.number)
    return task


def _begin(call: Call, ref: Task | str, verb: str) -> tuple[Task, datetime]:
    task = deeds.fetch(Task, ref)
    access.require(call.actor, verb, task)
    audit.note(number=task.number)
    return task, deeds.moment(call, task.exercise)


def _handled(call: Call, task: Task) -> list[str]:
    return [*dict.fromkeys([*task.handlers, deeds.identity(call.actor)])][-REMEMBERED:]


def _done(call: Call, at: datetime, task: Task, verb: str, said: Text, *told: str) -> Task:
    deeds.log(call, at, verb, said, task=task)
    for name in told:
        events.emit(f"command.task.{name}", task.number, telling.of_task(call, at, task))
    return task


@action("command.task.accept")
def accept_task(call: Call, *, task: Task | str) -> Task:
    """接收任务; the first one makes a verified incident responding. Raises Conflict, Forbidden."""
    access.require(call.actor, "accept", Task)
    row, at = _begin(call, task, "accept")
    deeds.advance(
        flow.TASK,
        row,
        "accept",
        call,
        at,
        accepted_at=at,
        accepted_by=deeds.display(call.actor),
        handlers=_handled(call, row),
    )
    if row.incident is not None and row.incident.state == "verified":
        incident = deeds.fetch(Incident, row.incident)
        if incident.state == "verified":
            deeds.advance(flow.INCIDENT, incident, "respond", call, at)
    said = Text(f"{row.department.zh}接收任务“{row.zh}”", f"{row.department.en} accepted “{row.en}”")
    return _done(call, at, row, "accept", said, "accepted")


@action("command.task.arrive")
def arrive(call: Call, *, task: Task | str, lon: float | None = None, lat: float | None = None) -> Task:
    """到场. Raises Conflict, InvalidInput, Forbidden."""
    access.require(call.actor, "accept", Task)
    row, at = _begin(call, task, "accept")
    place = _place(lon, lat)
    deeds.advance(
        flow.TASK,
        row,
        "arrive",
        call,
        at,
        arrived_at=at,
        proof_lon=place[0],
        proof_lat=place[1],
        handlers=_handled(call, row),
    )
    said = Text(f"{row.department.zh}到达“{row.zh}”现场", f"{row.department.en} on site for “{row.en}”")
    return _done(call, at, row, "arrive", said)


def _place(lon: Any, lat: Any) -> tuple[float | None, float | None]:
    return (None, None) if lon in (None, "") or lat in (None, "") else deeds.clean_place(lon, lat)


@action("command.task.prove")
def prove_task(
    call: Call,
    *,
    task: Task | str,
    text: str,
    photo: Any = None,
    lon: float | None = None,
    lat: float | None = None,
) -> Task:
    """反馈: text, with photo or place when the task asks for them.

    Raises Conflict, InvalidInput, TooLarge, Forbidden."""
    access.require(call.actor, "accept", Task)
    row, at = _begin(call, task, "accept")
    text = deeds.clean_text("text", text, 1000)
    photos.check(photo)
    place = _place(lon, lat)
    real = not row.exercise and not row.simulated
    if real and "photo" in row.proof_kind and not (photo or row.proof_photo):
        raise deeds.refuse("photo", "这项任务要求上传现场照片。", "This task asks for a photo of the scene.")
    if real and "location" in row.proof_kind and place[0] is None and row.proof_lon is None:
        raise deeds.refuse("lon", "这项任务要求提交现场位置。", "This task asks for the place.")
    fields: dict[str, Any] = {"proof_text": text, "proved_at": at, "proved_by": deeds.display(call.actor)}
    if place[0] is not None:
        fields |= {"proof_lon": place[0], "proof_lat": place[1]}
    deeds.advance(flow.TASK, row, "prove", call, at, handlers=_handled(call, row), **fields)
    if photo:
        row.proof_photo = photo
        row.save(update_fields=["proof_photo"])
    said = Text(
        f"{row.department.zh}反馈“{row.zh}”:{text[:200]}",
        f"{row.department.en} reports on “{row.en}”: {text[:200]}",
    )
    return _done(call, at, row, "prove", said, "proved")


@action("command.task.return")
def return_task(call: Call, *, task: Task | str, reason: str) -> Task:
    """退回: the proof is not enough. Raises Conflict, InvalidInput, Forbidden."""
    access.require(call.actor, "verify", Task)
    row, at = _begin(call, task, "verify")
    reason = deeds.clean_text("reason", reason, 300)
    deeds.advance(flow.TASK, row, "return", call, at, returned_reason=reason)
    said = Text(f"退回“{row.zh}”:{reason}", f"“{row.en}” returned: {reason}")
    return _done(call, at, row, "return", said, "returned")


@action("command.task.verify")
def verify_task(call: Call, *, task: Task | str, note: str = "") -> Task:
    """核验办结: never by who handled it. Raises Conflict, Forbidden."""
    access.require(call.actor, "verify", Task)
    row, at = _begin(call, task, "verify")
    note = deeds.clean_text("note", note, 300, empty=True)
    if deeds.identity(call.actor) in row.handlers:
        raise Forbidden(
            Text("核验人不能是这项任务的经办人。", "Who handled a task cannot verify it."),
            todo=Text("请由另一位值班人员核验。", "Let another officer on duty verify it."),
        )
    minutes = round((at - row.issued_at).total_seconds() / 60, 1)
    deeds.advance(
        flow.TASK,
        row,
        "verify",
        call,
        at,
        verified_at=at,
        verified_by=deeds.display(call.actor),
        minutes=minutes,
        returned_reason="",
    )
    tail = Text(f":{note}", f": {note}") if note else Text("", "")
    said = Text(f"核验办结“{row.zh}”{tail.zh}", f"“{row.en}” verified and closed{tail.en}")
    return _done(call, at, row, "verify", said, "verified", "closed")


@action("command.task.withdraw")
def withdraw_task(call: Call, *, task: Task | str, reason: str) -> Task:
    """撤销任务. Raises Conflict, InvalidInput, Forbidden."""
    access.require(call.actor, "withdraw", Task)
    row, at = _begin(call, task, "withdraw")
    reason = deeds.clean_text("reason", reason, 300)
    deeds.advance(flow.TASK, row, "withdraw", call, at, returned_reason=reason)
    said = Text(f"撤销“{row.zh}”:{reason}", f"“{row.en}” withdrawn: {reason}")
    return _done(call, at, row, "withdraw", said)


@action("command.task.escalate", idempotent=False)
def escalate_overdue(call: Call, *, exercise: str = "") -> list[str]:
    """督办: marks tasks not proved in time, each once. Raises Forbidden."""
    access.require(call.actor, "escalate", Task)
    exercise = deeds.clean_exercise(exercise)
    at = deeds.moment(call, exercise)
    late = Task.objects.filter(
        Q(state__in=["issued", "accepted", "onsite", "returned"]),
        exercise=exercise,
        due_at__lt=at,
        escalated_at=None,
    ).select_related("incident", "activation__plan", "department")
    numbers = []
    for task in late.order_by("due_at", "id")[:500]:
        if not Task.objects.filter(pk=task.pk, escalated_at=None).update(escalated_at=at):
            continue
        task.escalated_at = at
        minutes = int((at - task.due_at).total_seconds() // 60)
        said = Text(
            f"督办:{task.department.zh}“{task.zh}”已超时{minutes}分钟",
            f"Escalated: {task.department.en}, “{task.en}” {minutes} minutes late",
        )
        _done(call, at, task, "escalate", said, "escalated")
        numbers.append(task.number)
    audit.note(tasks=numbers)
    return numbers
