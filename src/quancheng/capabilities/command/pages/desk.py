"""Responder's desk 处置人员: tasks of one's department, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.command import actions, deeds, flow, queries
from quancheng.capabilities.command.forms import ProofForm
from quancheng.capabilities.command.pages.common import SHOWN, asker, attempt, marked, sentence
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import NotFound
from quancheng.kernel.middleware import new_key


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """我的任务."""
    actor = asker(request)
    state = request.GET.get("state", "open")
    found = queries.tasks(actor, state=state)
    order = ("-issued_at", "-id") if state == "closed" else ("priority", "due_at", "id")
    page = pagination.page(found, order, request.GET)
    tabs = [("open", _("待办")), ("proved", _("待核验")), ("closed", _("已办结"))]
    return render(
        request, "command/my_tasks.html", {"page": page, "state": state, "tabs": tabs, "now": clock.now()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, number: str) -> HttpResponse:
    """一项任务; posting proves it."""
    actor = asker(request)
    row = queries.task(actor, number)
    status, form = 200, ProofForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if form.is_valid() and _prove(request, row, form):
            return redirect("command:task", number=number)
        status = 422
    return render(request, "command/task.html", _context(actor, row, form), status=status)


def _prove(request: HttpRequest, row: Any, form: ProofForm) -> bool:
    data = form.cleaned_data
    call = request.call()  # type: ignore[attr-defined]
    try:
        actions.prove_task(
            call, task=row, text=data["text"], photo=data["photo"], lon=data["lon"], lat=data["lat"]
        )
    except SHOWN as refused:
        form.add_error(None, sentence(refused))
        return False
    return True


def _context(actor: Any, row: Any, form: ProofForm) -> dict[str, Any]:
    possible = {one.verb for one in flow.TASK.from_state(row.state)}
    handle, check = access.allowed(actor, "accept", row), access.allowed(actor, "verify", row)
    run = queries.exercise(actor, row.exercise) if row.exercise else None
    now = queries.exercise_clock(run) if run else clock.now()
    lines = row.log.order_by("at", "id")
    return {
        "row": row,
        "form": form,
        "key": new_key(),
        "now": now,
        "late": row.is_open and row.due_at < now,
        "may_accept": handle and "accept" in possible,
        "may_arrive": handle and "arrive" in possible,
        "may_prove": handle and "prove" in possible,
        "may_verify": check and "verify" in possible,
        "may_withdraw": access.allowed(actor, "withdraw", row) and "withdraw" in possible,
        "own": deeds.identity(actor) in row.handlers,
        "history": [{"when": one.at, "title": marked(one.text), "who": one.who_text} for one in lines],
    }


@require_POST
def task_do(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """One step of a task."""
    actor = asker(request)
    row = queries.task(actor, number)
    call, note = request.call(), request.POST.get("note", "")  # type: ignore[attr-defined]
    steps: dict[str, Callable[[], Any]] = {
        "accept": lambda: actions.accept_task(call, task=row),
        "arrive": lambda: actions.arrive(
            call, task=row, lon=request.POST.get("lon"), lat=request.POST.get("lat")
        ),
        "verify": lambda: actions.verify_task(call, task=row, note=note),
        "return": lambda: actions.return_task(call, task=row, reason=note),
        "withdraw": lambda: actions.withdraw_task(call, task=row, reason=note),
    }
    if verb not in steps:
        raise NotFound()
    attempt(request, steps[verb], _("已记录。"))
    back = request.POST.get("back", "")
    return redirect(back if back == "/screen/tasks/" else row.path)


@require_safe
def photo(request: HttpRequest, number: str) -> HttpResponse:
    """现场照片, only for who may see the task."""
    row = queries.task(asker(request), number)
    if not row.proof_photo:
        raise NotFound()
    return _file(row.proof_photo)


@require_safe
def report_photo(request: HttpRequest, pk: int) -> HttpResponse:
    """接报照片, only for who may see the report."""
    actor = asker(request, frozenset())
    row = queries.report(actor, pk)
    if not row.photo:
        raise NotFound()
    return _file(row.photo)


def _file(stored: Any) -> HttpResponse:
    try:
        return FileResponse(stored.open("rb"), headers={"Cache-Control": "private, max-age=600"})
    except OSError as gone:
        raise NotFound() from gone


urlpatterns = [
    path("work/tasks/", tasks, name="my_tasks"),
    path("work/tasks/<str:number>/", task, name="task"),
    path("work/tasks/<str:number>/photo/", photo, name="photo"),
    path("work/tasks/<str:number>/do/<slug:verb>/", task_do, name="task_do"),
    path("work/reports/<int:pk>/photo/", report_photo, name="report_photo"),
]
