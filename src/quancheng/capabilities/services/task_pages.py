"""Pages of the desk for tasks of other offices: list, opinion, site visit, appeal; and complaints."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.services import actions, queries, showing, worklists
from quancheng.capabilities.services.citizen import named_files, refusal_of
from quancheng.capabilities.services.files import blob_answer
from quancheng.capabilities.services.models import CaseTask
from quancheng.capabilities.services.work_forms import (
    AnswerForm,
    ComplaintAnswerForm,
    ComplaintFilter,
    TaskFilter,
    VisitForm,
)
from quancheng.capabilities.services.work_models import TaskState
from quancheng.kernel import audit, clock
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound
from quancheng.kernel.middleware import new_key


@require_GET
@never_cache
def task_list(request: HttpRequest) -> HttpResponse:
    """协办任务."""
    actor = request.actor  # type: ignore[attr-defined]
    page = worklists.tasks(actor, request.GET)
    return render(
        request,
        "services/tasks.html",
        {
            "page": page, "filter": TaskFilter(request.GET), "counts": worklists.task_counts(actor),
            "state": request.GET.get("state", ""), "today": clock.today(),
            "rows": [{"task": one, "late": one.state == TaskState.OPEN and one.due_on < clock.today()} for one in page.items],
        },
    )  # fmt: skip


@require_GET
@never_cache
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """任务页: what is needed to give an opinion."""
    return _page(request, worklists.task(request.actor, pk))  # type: ignore[attr-defined]


def _page(
    request: HttpRequest, found: CaseTask, *, form: forms.Form | None = None, visit: forms.Form | None = None,
    problem: Any = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    case = found.case
    reveal = request.method == "GET" and request.GET.get("reveal") == "1"
    if reveal:
        audit.record(
            request.actor, "services.case.reveal", case.reference, {"receipt": case.receipt}, stream="uses"
        )  # type: ignore[attr-defined]
    rows = [{"one": one, "kind": showing.outcome_kind(one.outcome)} for one in queries.findings(case)]
    return render(
        request,
        "services/task.html",
        {
            "task": found, "case": case, "spec": case.spec, "problem": problem, "reveal": reveal,
            "open": found.state == TaskState.OPEN, "kind": showing.state_kind(case.state), "findings": rows,
            "answers": showing.answer_rows(case.spec, case.form, case.provenance, reveal=reveal),
            "files": named_files(case), "others": [one for one in worklists.tasks_of(case) if one.pk != found.pk],
            "form": form or AnswerForm(side=found.side), "visit_form": visit or VisitForm(), "key": new_key(),
            "visit": datetime.fromisoformat(found.data["visit"]) if found.data.get("visit") else None,
            "timeline": showing.timeline_of(case, list(case.history.all()), office=True),
            "refusal": refusal_of(case), "word": showing.task_word(found),
        },
        status=status,
    )  # fmt: skip


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the opinion; whoever comes second is told who was first."""
    found = worklists.task(request.actor, pk)  # type: ignore[attr-defined]
    form = AnswerForm(request.POST, side=found.side)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        actions.answer_task(request.call(), task=found, **form.cleaned_data)  # type: ignore[attr-defined]
    except Conflict as conflict:
        return _page(request, worklists.task(request.actor, pk), problem=conflict, status=conflict.status)  # type: ignore[attr-defined]
    except InvalidInput as wrong:
        _put(form, wrong)
        return _page(request, found, form=form, problem=wrong, status=wrong.status)
    messages.success(request, _("已完成。"))
    return redirect("services:tasks")


@require_POST
def visit(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a time for the site visit."""
    found = worklists.task(request.actor, pk)  # type: ignore[attr-defined]
    form = VisitForm(request.POST)
    if not form.is_valid():
        return _page(request, found, visit=form, status=422)
    at = datetime.combine(form.cleaned_data["day"], form.cleaned_data["time"], clock.LOCAL)
    try:
        actions.book_visit(request.call(), task=found, at=at, note=form.cleaned_data["note"])  # type: ignore[attr-defined]
    except InvalidInput as wrong:
        form.add_error("day", str(wrong.detail.zh))
        return _page(request, found, visit=form, problem=wrong, status=wrong.status)
    messages.success(request, _("已预约，申请人会收到消息。"))
    return redirect("services:task", pk=pk)


@require_GET
@never_cache
def task_file(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """A file of the case, seen through the task."""
    found = worklists.task(request.actor, pk)  # type: ignore[attr-defined]
    kept = found.case.files.filter(pk=file).first()
    if kept is None:
        raise NotFound()
    return blob_answer(kept.digest, kept.media_type)


# -- complaints -----------------------------------------------------------------------------------
@require_GET
@never_cache
def complaints(request: HttpRequest) -> HttpResponse:
    """投诉与差评整改."""
    page = worklists.complaints(request.actor, request.GET)  # type: ignore[attr-defined]
    return render(
        request, "services/complaints.html",
        {"page": page, "filter": ComplaintFilter(request.GET), "form": ComplaintAnswerForm(), "today": clock.today(), "key": new_key()},
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def complaint(request: HttpRequest, pk: int) -> HttpResponse:
    """One complaint with its answer."""
    found = worklists.complaint(request.actor, pk)  # type: ignore[attr-defined]
    form, problem, status = ComplaintAnswerForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.answer_complaint(request.call(), complaint=found, answer=form.cleaned_data["answer"])  # type: ignore[attr-defined]
            except (Conflict, InvalidInput) as wrong:
                problem, status = wrong, wrong.status
            else:
                messages.success(request, _("已答复，对方会收到消息。"))
                return redirect("services:complaints")
    context = {"one": found, "form": form, "problem": problem, "key": new_key()}
    return render(request, "services/complaint.html", context, status=status)


def _put(form: forms.Form, wrong: InvalidInput) -> None:
    from django.utils.translation import get_language

    for name, text in wrong.fields.items():
        if name in form.fields:
            form.add_error(name, text.pick(get_language() or "zh"))
