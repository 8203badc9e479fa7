"""下达任务 Making tasks from a plan's templates or by hand. Inside actions only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.command import deeds, telling
from quancheng.capabilities.command.models import Incident, PlanActivation, Task
from quancheng.capabilities.command.planning import TaskTemplate, read_plan
from quancheng.capabilities.command.queries import region_text
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound

FALLBACK = "jn-emergency"
"""Who gets a plan's task when its department is not in the organisation tree."""


def issue_for_level(call: Call, at: datetime, activation: PlanActivation) -> list[Task]:
    """Tasks of the activation's level that were not issued for it before."""
    spec = read_plan(activation.plan.document)
    have = set(activation.tasks.values_list("template", "region"))
    issued = []
    for template in spec.templates(activation.level):
        for region in (activation.districts or [""]) if template.district else [""]:
            if (template.id, region) not in have:
                issued.append(_from_template(call, at, activation, template, region))
    return issued


def _from_template(
    call: Call, at: datetime, activation: PlanActivation, template: TaskTemplate, region: str
) -> Task:
    title = template.title
    if region:
        name = region_text(region)
        title = Text(f"{name.zh}:{title.zh}", f"{name.en}: {title.en}")
    incident = activation.incident
    return create_task(
        call,
        at,
        incident=incident,
        activation=activation,
        template=template.id,
        exercise=activation.exercise,
        title=title,
        text=template.text.to_dict() | {"cite": template.cite},
        department=department_of(template.department, region),
        region=region,
        priority=template.priority,
        due_minutes=template.due_minutes,
        proof=template.proof,
        lon=incident.lon if incident else None,
        lat=incident.lat if incident else None,
    )


def department_of(code: str, region: str = "") -> Any:
    """The department that does it: in a district its own bureau when there is one."""
    try:
        return people.department_for(region, code) if region else people.department(code)
    except NotFound:
        return people.department(FALLBACK)


def create_task(
    call: Call,
    at: datetime,
    *,
    incident: Incident | None,
    activation: PlanActivation | None,
    template: str,
    exercise: str,
    title: Text,
    text: dict[str, Any],
    department: Any,
    region: str,
    priority: int,
    due_minutes: int,
    proof: str,
    lon: float | None,
    lat: float | None,
) -> Task:
    """One task, its line in the log and its event."""
    by = deeds.display(call.actor)
    task = Task.objects.create(
        number=deeds.next_number("task", at, exercise),
        incident=incident,
        activation=activation,
        template=template,
        exercise=exercise,
        zh=title.zh[:120],
        en=title.en[:200],
        text=text,
        department=department,
        region=region,
        priority=priority,
        proof_kind=proof,
        lon=lon,
        lat=lat,
        issued_at=at,
        issued_by=by,
        due_at=at + timedelta(minutes=due_minutes),
        changed_at=at,
        changed_by=by,
        simulated=bool(exercise) or call.actor.simulated,
    )
    said = Text(
        f"下达任务“{task.zh}”给{department.zh},{due_minutes}分钟内完成",
        f"Task “{task.en}” given to {department.en}, due in {due_minutes} minutes",
    )
    deeds.log(call, at, "issue", said, task=task)
    events.emit("command.task.issued", task.number, telling.of_task(call, at, task))
    return task  # type: ignore[no-any-return]
