"""Reads of command 指挥调度, always from what the asker may see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from quancheng.capabilities.command import drilling, flow
from quancheng.capabilities.command.deeds import moment, virtual_now
from quancheng.capabilities.command.models import (
    DutyShift,
    Exercise,
    Incident,
    IncidentEvent,
    IncidentReport,
    Plan,
    PlanActivation,
    Task,
)
from quancheng.capabilities.command.planning import PlanSpec, read_plan
from quancheng.capabilities.command.review import AfterAction, after_action_of
from quancheng.capabilities.people import queries as people
from quancheng.core.rules import RuleError
from quancheng.core.text import Text
from quancheng.kernel import access, clock, registry, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

LIMIT = 2000
RUNNING = ("active", "raised", "lowered")


# -- incidents --------------------------------------------------------------------------------
def incidents(
    actor: Actor,
    *,
    state: str = "",
    type: str = "",
    level: Any = None,
    region: str = "",
    exercise: str | None = None,
    text: str = "",
) -> QuerySet[Incident]:
    """Incidents by filters; state "open" = all that are not over; exercise None = all."""
    rows = access.visible(actor, Incident).select_related("lead")
    if state == "open":
        rows = rows.filter(state__in=flow.INCIDENT.open)
    elif state:
        rows = rows.filter(state=_known(state, flow.INCIDENT.states))
    if type:
        rows = rows.filter(type=type)
    if level not in (None, ""):
        rows = rows.filter(level=_known(str(level), ("1", "2", "3", "4")))
    if region:
        rows = rows.filter(region__startswith=region)
    if exercise is not None:
        rows = rows.filter(exercise=exercise)
    if text:
        rows = rows.filter(Q(number__icontains=text) | Q(zh__icontains=text) | Q(en__icontains=text))
    return rows


def _known(value: str, allowed: Any) -> str:
    if value not in allowed:
        raise InvalidInput(Text("筛选条件不在可选范围内。", "The filter is not one of the choices."))
    return value


def incident(actor: Actor, number: str) -> Incident:
    """One incident; raises NotFound."""
    found = (
        access.visible(actor, Incident).select_related("lead", "merged_into").filter(number=number).first()
    )
    if found is None:
        raise NotFound()
    return found


def open_incidents(actor: Actor, *, exercise: str = "") -> QuerySet[Incident]:
    """Incidents that are not over, the worst first."""
    return incidents(actor, state="open", exercise=exercise).order_by("level", "-occurred_at", "-id")


def reports_of(actor: Actor, incident: Incident) -> QuerySet[IncidentReport]:
    """The sightings joined in an incident, newest first."""
    return access.visible(actor, IncidentReport).filter(incident=incident).order_by("-at", "-id")


def report(actor: Actor, pk: int) -> IncidentReport:
    """One sighting; raises NotFound."""
    found = access.visible(actor, IncidentReport).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def report_feed(actor: Actor, *, exercise: str = "") -> QuerySet[IncidentReport]:
    """All sightings, newest first."""
    return access.visible(actor, IncidentReport).filter(exercise=exercise).order_by("-at", "-id")


def my_reports(actor: Actor) -> QuerySet[IncidentReport]:
    """What the asker reported, newest first."""
    rows = access.visible(actor, IncidentReport).filter(source_kind="person", reporter_id=actor.user_id)
    return rows.select_related("incident").order_by("-at", "-id")


def log_of(actor: Actor, *, incident: Incident | None = None, exercise: str = "") -> QuerySet[IncidentEvent]:
    """The log of an incident, or of the city or an exercise; newest first."""
    rows = access.visible(actor, IncidentEvent)
    rows = rows.filter(incident=incident) if incident is not None else rows.filter(exercise=exercise)
    return rows.order_by("-at", "-id")


def incident_types() -> dict[str, Text]:
    """Names of the incident types of all modules."""
    return {row.id: row.text for _, row in registry.items("incident_type")}


# -- tasks ------------------------------------------------------------------------------------
def tasks(
    actor: Actor,
    *,
    state: str = "",
    department: str = "",
    region: str = "",
    exercise: str | None = None,
    overdue: bool = False,
) -> QuerySet[Task]:
    """Tasks by filters; state "open" = all that are not over."""
    rows = access.visible(actor, Task).select_related("department", "incident")
    if state == "open":
        rows = rows.filter(state__in=flow.TASK.open)
    elif state:
        rows = rows.filter(state=_known(state, flow.TASK.states))
    if department:
        rows = rows.filter(department__code=department)
    if region:
        rows = rows.filter(region__startswith=region)
    if exercise is not None:
        rows = rows.filter(exercise=exercise)
    if overdue:
        rows = rows.filter(escalated_at__isnull=False, state__in=flow.TASK.open)
    return rows


def task(actor: Actor, number: str) -> Task:
    """One task; raises NotFound."""
    rows = access.visible(actor, Task).select_related("department", "incident", "activation__plan")
    found = rows.filter(number=number).first()
    if found is None:
        raise NotFound()
    return found


def task_counts(actor: Actor, *, exercise: str = "", since: datetime | None = None) -> dict[str, int]:
    """How many tasks there are by state, with ``total``, ``open`` and ``late``; what ended, ``since`` then."""
    rows = tasks(actor, exercise=exercise)
    if since is not None:
        rows = rows.filter(Q(state__in=flow.TASK.open) | Q(changed_at__gte=since))
    late = Count("id", filter=Q(escalated_at__isnull=False, state__in=flow.TASK.open))
    found = {row["state"]: row for row in rows.order_by().values("state").annotate(n=Count("id"), late=late)}
    counts = {state: found.get(state, {}).get("n", 0) for state in flow.TASK.states}
    opened = sum(counts[state] for state in flow.TASK.open)
    return counts | {
        "total": sum(counts.values()) - counts["withdrawn"],
        "open": opened,
        "late": sum(row["late"] for row in found.values()),
    }


# -- plans ------------------------------------------------------------------------------------
def plans(actor: Actor) -> QuerySet[Plan]:
    """Plans in their current version."""
    return access.visible(actor, Plan).filter(current=True).order_by("code")


def plan(actor: Actor, code: str) -> tuple[Plan, PlanSpec]:
    """One plan and its content; raises NotFound."""
    found = plans(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found, read_plan(found.document)


def activations(actor: Actor, *, exercise: str | None = "", live: bool = True) -> QuerySet[PlanActivation]:
    """Activations proposed or in force (all with ``live=False``), the worst first."""
    rows = access.visible(actor, PlanActivation).select_related("plan", "incident")
    if exercise is not None:
        rows = rows.filter(exercise=exercise)
    if live:
        rows = rows.filter(state__in=flow.ACTIVATION.open)
    return rows.order_by("level", "-proposed_at", "-id")


def plan_level(actor: Actor, *, exercise: str = "") -> int | None:
    """The worst level in force; None when no plan is."""
    rows = access.visible(actor, PlanActivation).filter(exercise=exercise, state__in=RUNNING)
    return rows.order_by("level").values_list("level", flat=True).first()


def amount_texts(spec: PlanSpec) -> dict[str, Text]:
    """The dated amounts of a plan today, with their names."""
    found: dict[str, Text] = {}
    for name in spec.amounts:
        try:
            finding = rulebook.find(name, clock.today())
        except RuleError:  # not in force: the page shows the id
            continue
        title, value = finding.rule.name, f"{finding.number():g}"
        found[name] = Text(f"{value}({title.zh})", f"{value} ({title.en})")
    return found


def department_text(code: str) -> Text:
    """Name of a department; its code when the tree has no such one."""
    try:
        return people.department(code).text
    except NotFound:
        return Text(code, code)


def region_text(code: str) -> Text:
    """Name of a region; its code when there is no such one."""
    try:
        return people.region_name(code)
    except NotFound:
        return Text(code, code)


# -- after action -----------------------------------------------------------------------------
def after_action(
    actor: Actor, *, incident: Incident | None = None, exercise: str | None = None
) -> AfterAction:
    """The steps of an incident or a whole exercise, with durations and totals."""
    log = access.visible(actor, IncidentEvent).select_related("incident", "task", "activation")
    work = access.visible(actor, Task).select_related("department")
    happened = access.visible(actor, Incident)
    responses = access.visible(actor, PlanActivation).select_related("plan")
    if incident is not None:
        linked = responses.filter(Q(incident=incident) | Q(tasks__incident=incident)).distinct()
        log = log.filter(Q(incident=incident) | Q(activation__incident=incident))
        work, happened, responses = work.filter(incident=incident), happened.filter(pk=incident.pk), linked
    else:
        code = exercise or ""
        log, work, happened = (rows.filter(exercise=code) for rows in (log, work, happened))
        responses = responses.filter(exercise=code)
    return after_action_of(
        list(log.order_by("at", "id")[:LIMIT]),
        list(work[:LIMIT]),
        list(happened[:LIMIT]),
        list(responses[:LIMIT]),
    )


# -- the map ----------------------------------------------------------------------------------
def incidents_geojson(actor: Actor, *, exercise: str = "") -> dict[str, Any]:
    """Open incidents as points."""
    names = incident_types()
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {
                "name": row.title.to_dict(),
                "number": row.number,
                "level": row.level,
                "state": row.state_text.to_dict(),
                "type": names.get(row.type, Text(row.type, row.type)).to_dict(),
                "reports": row.reports_count,
                "at": row.occurred_at.isoformat(),
                "href": row.path,
            },
        }
        for row in open_incidents(actor, exercise=exercise)[:LIMIT]
    ]
    return {"type": "FeatureCollection", "features": features}


def tasks_geojson(actor: Actor, *, exercise: str = "") -> dict[str, Any]:
    """Open tasks that have a place, as points."""
    rows = (
        tasks(actor, state="open", exercise=exercise).filter(lon__isnull=False).order_by("priority", "due_at")
    )
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {
                "name": row.title.to_dict(),
                "number": row.number,
                "priority": row.priority,
                "state": row.state_text.to_dict(),
                "department": row.department.text.to_dict(),
                "late": row.escalated_at is not None,
                "href": row.path,
            },
        }
        for row in rows[:LIMIT]
    ]
    return {"type": "FeatureCollection", "features": features}


# -- duty, exercises --------------------------------------------------------------------------
def on_duty(actor: Actor, at: datetime | None = None) -> QuerySet[DutyShift]:
    """Who is on duty at a moment (now)."""
    at = at or clock.now()
    rows = access.visible(actor, DutyShift).filter(starts_at__lte=at, ends_at__gt=at)
    return rows.select_related("department").order_by("department__order", "starts_at", "id")


def exercise(actor: Actor, code: str) -> Exercise | None:
    """One exercise; None when there is none."""
    return access.visible(actor, Exercise).filter(code=code).first()


def running_exercise(actor: Actor) -> Exercise | None:
    """The exercise whose clock went lately, the newest when there are several."""
    lately = clock.now() - timedelta(minutes=30)
    rows = access.visible(actor, Exercise).filter(state="running", ticked_at__gt=lately)
    return rows.order_by("-id").first()


def exercise_moment(call: Call, exercise: str) -> datetime:
    """When a deed is dated: by the exercise clock when a person acts during a drill."""
    return moment(call, exercise)


def exercise_clock(row: Exercise) -> datetime:
    """What the exercise's clock shows now."""
    return virtual_now(row, clock.now())


# -- for rules and drills ---------------------------------------------------------------------
def proposals(exercise: str = "") -> list[PlanActivation]:
    """Activations that wait for a decision: to start, or to raise."""
    waiting = Q(state="proposed") | Q(state__in=RUNNING, proposed_level__isnull=False)
    return list(
        PlanActivation.objects.filter(waiting, exercise=exercise).select_related("plan").order_by("id")
    )


def open_tasks(exercise: str = "") -> list[Task]:
    """Tasks that are not over, the urgent ones first."""
    rows = Task.objects.filter(exercise=exercise, state__in=flow.TASK.open).select_related(
        "department", "incident"
    )
    return list(rows.order_by("priority", "due_at", "id"))


def drill_seats() -> str:
    """``auto`` or ``manual``: who sits in the seats of the drill this job runs; auto outside a job."""
    run = drilling.current()
    return run.seats if run is not None else "auto"
