"""Command face 指挥: overview, incidents, plans, tasks, review, duty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from quancheng.capabilities.command import actions, flow, queries, screen
from quancheng.capabilities.command.forms import IncidentFilter, TaskFilter
from quancheng.capabilities.command.models import Task
from quancheng.capabilities.command.pages.common import asker, attempt, marked, number_of
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.middleware import new_key


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """总览."""
    actor = asker(request)
    exercise, row = screen.chosen(actor, request.GET.get("exercise", "")[:40])
    context: dict[str, Any] = {
        name: screen.part(name, request, actor, exercise, row) for name in screen.PARTS
    }
    return render(
        request,
        "command/overview.html",
        context | {"map": screen.map_config(exercise), "run": row, "exercise": exercise},
    )


@require_safe
def overview_part(request: HttpRequest, name: str) -> HttpResponse:
    """One part of the overview, fetched again when something happens."""
    actor = asker(request)
    if name not in screen.PARTS:
        raise NotFound()
    exercise, row = screen.chosen(actor, request.GET.get("exercise", "")[:40])
    return render(
        request, f"command/parts/{name}.html", {"data": screen.part(name, request, actor, exercise, row)}
    )


# -- incidents --------------------------------------------------------------------------------
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """事件清单."""
    actor = asker(request)
    form = IncidentFilter(request.GET or {"state": ""})
    if not form.is_valid():
        raise InvalidInput()
    exercise = request.GET.get("exercise", "")[:40]
    found = queries.incidents(actor, exercise=exercise, **{k: v for k, v in form.cleaned_data.items() if v})
    page = pagination.page(found, ("-occurred_at", "-id"), request.GET)
    context = {"form": form, "page": page, "types": queries.incident_types(), "exercise": exercise}
    return render(request, "command/incidents.html", context)


@require_safe
def incident(request: HttpRequest, number: str) -> HttpResponse:
    """一起事件: picture, reports, plan, tasks, log, what can be done now."""
    actor = asker(request)
    row = queries.incident(actor, number)
    work = list(
        queries.tasks(actor, exercise=row.exercise)
        .filter(incident=row)
        .order_by("priority", "due_at", "id")[:200]
    )
    responses = queries.activations(actor, exercise=row.exercise, live=False).filter(incident=row)
    point = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        "properties": {"level": row.level, "label": str(row)},
    }
    spot = {
        "base": True,
        "center": [row.lon, row.lat],
        "zoom": 12,
        "label": _("事件位置"),
        "layers": [
            {
                "id": "here",
                "label": row.title,
                "kind": "circle",
                "color": "level",
                "radius": 11,
                "title": "label",
                "data": {"type": "FeatureCollection", "features": [point]},
            }
        ],
    }
    lines = list(queries.log_of(actor, incident=row)[: LOG_LINES + 1])
    context = {
        "row": row,
        "reports": queries.reports_of(actor, row)[:50],
        "work": work,
        "responses": responses,
        "log": [_line(one) for one in lines[:LOG_LINES]],
        "more_log": len(lines) > LOG_LINES,
        "region": queries.region_text(row.region),
        "map": spot,
        "steps": _steps(actor, row),
        "type": queries.incident_types().get(row.type, row.type),
        "levels": flow.LEVELS,
        "key": new_key(),
        "may_issue": row.is_open and access.allowed(actor, "issue", Task),
        "departments": people.subtree("jn").filter(level__in=["city", "unit"]),
        "done": sum(1 for one in work if not one.is_open),
    }
    return render(request, "command/incident.html", context)


def _line(row: Any) -> dict[str, Any]:
    bad, good = {"escalate", "return", "reject"}, {"verify", "close", "control"}
    kind = "bad" if row.verb in bad else "ok" if row.verb in good else ""
    return {
        "when": row.at,
        "title": marked(row.text),
        "who": row.who_text,
        "kind": kind,
        "href": row.evidence,
    }


LOG_LINES = 12
NOTE_NEEDED = {"reject", "close"}


def _steps(actor: Any, row: Any) -> list[dict[str, Any]]:
    return [
        {"verb": one.verb, "text": one.text, "note": one.verb in NOTE_NEEDED}
        for one in flow.INCIDENT.from_state(row.state)
        if one.verb != "merge" and access.allowed(actor, one.verb, row)
    ]


@require_POST
def incident_do(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """One step of an incident."""
    actor = asker(request)
    row = queries.incident(actor, number)
    post, call = request.POST, request.call()  # type: ignore[attr-defined]
    note = post.get("note", "")
    deeds: dict[str, Callable[[], Any]] = {
        "verify": lambda: actions.verify_incident(call, incident=row, note=note),
        "respond": lambda: actions.respond_incident(call, incident=row, note=note),
        "control": lambda: actions.control_incident(call, incident=row, note=note),
        "reject": lambda: actions.reject_incident(call, incident=row, reason=note),
        "close": lambda: actions.close_incident(call, incident=row, note=note),
        "log": lambda: actions.add_log(call, incident=row, text=note),
        "level": lambda: actions.change_level(
            call, incident=row, level=number_of(post.get("level"), "level") or 0, reason=note
        ),
        "merge": lambda: actions.merge_incidents(
            call, source=row, target=post.get("target", "")[:40], reason=note
        ),
        "task": lambda: actions.issue_task(
            call,
            incident=row,
            title=post.get("title", ""),
            department=post.get("department", ""),
            text=note,
            priority=number_of(post.get("priority"), "priority") or 2,
            region=row.region,
            due_minutes=number_of(post.get("due_minutes"), "due_minutes") or 60,
        ),
    }
    if verb not in deeds:
        raise NotFound()
    attempt(request, deeds[verb], _("已记录。"))
    return redirect("command:incident", number=number)


# -- plans ------------------------------------------------------------------------------------
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """预案清单."""
    actor = asker(request)
    rows = [(row, queries.plan(actor, row.code)[1]) for row in queries.plans(actor)]
    live = {one.plan_id: one for one in queries.activations(actor, exercise="")}
    return render(
        request, "command/plans.html", {"rows": [(row, spec, live.get(row.pk)) for row, spec in rows]}
    )


@require_safe
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """一部预案: levels, activation table, tasks, what happened with it."""
    actor = asker(request)
    row, spec = queries.plan(actor, code)
    lately = queries.activations(actor, exercise=None, live=False).filter(plan__code=code)
    recent = list(lately.order_by("-proposed_at", "-id")[:10])
    newest = recent[0].reasons if recent else {}
    amounts = queries.amount_texts(spec)
    judged = {one["row"]: one for one in newest.get("considered", [])}
    context = {
        "row": row,
        "spec": spec,
        "recent": recent,
        "judged": judged,
        "levels": flow.LEVELS,
        "key": new_key(),
        "table": [
            (one, spec.lines(one, amounts), judged.get(one.id))
            for one in sorted(spec.rows, key=lambda r: (-r.level, r.id))
        ],
        "newest": recent[0] if recent else None,
        "judged_at": recent[0].judged_at if recent else None,
        "duties": [(one, queries.department_text(one.department)) for one in spec.tasks],
    }
    return render(request, "command/plan.html", context)


@require_POST
def activation_do(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """One step of an activation."""
    actor = asker(request)
    row = queries.activations(actor, exercise=None, live=False).filter(pk=pk).first()
    if row is None:
        raise NotFound()
    post, call = request.POST, request.call()  # type: ignore[attr-defined]
    note, level = post.get("note", ""), number_of(post.get("level"), "level")
    deeds: dict[str, Callable[[], Any]] = {
        "activate": lambda: actions.activate_plan(call, activation=row, level=level, note=note),
        "level": lambda: actions.raise_level(call, activation=row, level=level or 0, note=note),
        "decline": lambda: actions.decline_activation(call, activation=row, reason=note),
        "end": lambda: actions.end_activation(call, activation=row, note=note),
    }
    if verb not in deeds:
        raise NotFound()
    attempt(
        request,
        deeds[verb],
        _("已记录，任务已下达到部门。") if verb in {"activate", "level"} else _("已记录。"),
    )
    back = post.get("back", "")
    return redirect(back if back in {"/screen/", row.path} else row.path)


# -- tasks ------------------------------------------------------------------------------------
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """调度台."""
    actor = asker(request)
    exercise, run = screen.chosen(actor, request.GET.get("exercise", "")[:40])
    form = TaskFilter(
        request.GET or {"state": "open"}, departments=people.subtree("jn").filter(level__in=["city", "unit"])
    )
    if not form.is_valid():
        raise InvalidInput()
    data = form.cleaned_data
    found = queries.tasks(
        actor,
        exercise=exercise,
        state=data["state"],
        department=data["department"],
        overdue=bool(data["overdue"]),
    )
    page = pagination.page(found, ("-issued_at", "-id"), request.GET, size=50)
    counts = queries.task_counts(actor, exercise=exercise)
    order = ("issued", "accepted", "onsite", "proved", "returned", "closed")
    lanes = [(state, flow.TASK.label(state), counts[state]) for state in order]
    context = {
        "form": form,
        "page": page,
        "counts": counts,
        "lanes": lanes,
        "exercise": exercise,
        "run": run,
        "now": _now(run, exercise),
        "key": new_key(),
    }
    return render(request, "command/tasks.html", context)


def _now(run: Any, exercise: str) -> Any:
    return queries.exercise_clock(run) if run is not None and exercise else clock.now()


DURATIONS = {
    "to_warn": Text("到发出预警", "To the warning"),
    "to_propose": Text("到建议启动", "To the proposal"),
    "to_activate": Text("到启动响应", "To the response"),
    "to_accept": Text("平均接收任务", "Mean time to accept"),
    "to_prove": Text("平均完成反馈", "Mean time to prove"),
    "to_close": Text("到结案", "To the end"),
}
MINUTES = Text("分钟", "min")


# -- review, duty -----------------------------------------------------------------------------
@require_safe
def review(request: HttpRequest, number: str) -> HttpResponse:
    """复盘 of an incident or an exercise; made to be printed."""
    actor = asker(request)
    run = queries.exercise(actor, number)
    row = None if run else queries.incident(actor, number)
    found = queries.after_action(actor, incident=row, exercise=run.code if run else None)
    figures = [(label, found.durations[key]) for key, label in DURATIONS.items()]
    name = run.name if run else row.title if row else ""
    context = {"run": run, "row": row, "review": found, "name": name, "figures": figures, "unit": MINUTES}
    return render(request, "command/review.html", context)


@require_safe
def duty(request: HttpRequest) -> HttpResponse:
    """值班表."""
    actor = asker(request)
    at = clock.now()
    later = queries.on_duty(actor, at + timedelta(hours=12))
    return render(
        request,
        "command/duty.html",
        {"now_rows": list(queries.on_duty(actor, at)), "later_rows": list(later)},
    )


urlpatterns = [
    path("screen/", overview, name="overview"),
    path("screen/part/<slug:name>/", overview_part, name="part"),
    path("screen/incidents/", incidents, name="incidents"),
    path("screen/incidents/<str:number>/", incident, name="incident"),
    path("screen/incidents/<str:number>/do/<slug:verb>/", incident_do, name="incident_do"),
    path("screen/plans/", plans, name="plans"),
    path("screen/plans/<str:code>/", plan, name="plan"),
    path("screen/activations/<int:pk>/<slug:verb>/", activation_do, name="activation_do"),
    path("screen/tasks/", tasks, name="tasks"),
    path("screen/review/<str:number>/", review, name="review"),
    path("screen/duty/", duty, name="duty"),
]
