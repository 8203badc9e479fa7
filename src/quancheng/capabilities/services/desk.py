"""Pages of the office: inbox and case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.services import actions, case_extras, queries, showing, worklists
from quancheng.capabilities.services.citizen import named_files, refusal_of
from quancheng.capabilities.services.forms import ApproveForm, InboxFilter, NoteForm, RefuseForm, ReturnForm
from quancheng.capabilities.services.models import Case
from quancheng.capabilities.services.panels import panels
from quancheng.kernel import audit
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import new_key

FORMS: dict[str, type[forms.Form]] = {
    "approve": ApproveForm, "return": ReturnForm, "refuse": RefuseForm, "note": NoteForm,
}  # fmt: skip


@require_GET
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """待办."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.inbox(actor, request.GET)
    bulk = queries.bulk_ready(actor, page.items)
    return render(
        request,
        "services/inbox.html",
        {
            "page": page,
            "filter": InboxFilter(request.GET, matters=queries.desk_matters(actor)),
            "counts": queries.counts(actor),
            "state": request.GET.get("state", ""),
            "covering": worklists.covering(actor),
            "bulk": bulk,
            "rows": [
                {
                    "bulk": one.pk in bulk,
                    "case": one,
                    "kind": showing.state_kind(one.state),
                    "reading": queries.clock_of(one),
                }
                for one in page.items
            ],
        },
    )


@require_GET
@never_cache
def case(request: HttpRequest, receipt: str) -> HttpResponse:
    """案件页."""
    found = queries.desk_case(request.actor, receipt)  # type: ignore[attr-defined]
    return _page(request, found)


def _page(
    request: HttpRequest,
    found: Case,
    *,
    opened: str = "",
    form: forms.Form | None = None,
    problem: Any = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    reveal = request.method == "GET" and request.GET.get("reveal") == "1"
    if reveal:
        audit.record(
            actor, "services.case.reveal", found.reference, {"receipt": found.receipt}, stream="uses"
        )
    found_rows = [{"one": one, "kind": showing.outcome_kind(one.outcome)} for one in queries.findings(found)]
    forms_shown = {verb: _form(verb, found) for verb in FORMS}
    if form is not None:
        forms_shown[opened] = form
    return render(
        request,
        "services/desk_case.html",
        {
            "case": found,
            "spec": found.spec,
            "kind": showing.state_kind(found.state),
            "reading": queries.clock_of(found),
            "reveal": reveal,
            "opened": opened,
            "problem": problem,
            "answers": showing.answer_rows(found.spec, found.form, found.provenance, reveal=reveal),
            "machine": [row for row in found_rows if row["one"].outcome != "person-decides"],
            "person": [row for row in found_rows if row["one"].outcome == "person-decides"],
            "files": named_files(found),
            "steps": queries.office_steps(actor, found),
            "timeline": showing.timeline_of(found, list(found.history.all()), office=True),
            "forms": forms_shown,
            "form": form,
            "key": new_key(),
            "refusal": refusal_of(found),
            "documents": worklists.documents(actor, found),
            "tasks": [{"task": one, "word": showing.task_word(one)} for one in worklists.tasks_of(found)],
            "complaints": worklists.complaints_of(actor, found),
            "more": case_extras.desk_verbs(actor, found),
            "more_forms": case_extras.desk_forms(actor, found),
            "panels": panels(request, found),
        },
        status=status,
    )


def _form(verb: str, found: Case, data: Any = None) -> forms.Form:
    options = {"spec": found.spec} if verb == "refuse" else {}
    return FORMS[verb](data, prefix=verb, **options)


@require_POST
def step(request: HttpRequest, receipt: str, verb: str) -> HttpResponse:
    """One step of the office; a second official is told who was first."""
    found = queries.desk_case(request.actor, receipt)  # type: ignore[attr-defined]
    form = _form(verb, found, request.POST) if verb in FORMS else None
    if form is not None and not form.is_valid():
        return _page(request, found, opened=verb, form=form, status=422)
    values = form.cleaned_data if form is not None else {}
    try:
        STEPS[verb](request, found, values)
    except Conflict as conflict:
        fresh = queries.desk_case(request.actor, receipt)  # type: ignore[attr-defined]
        return _page(request, fresh, problem=conflict, status=conflict.status)
    except InvalidInput as wrong:
        return _page(request, found, opened=verb, form=form, problem=wrong, status=wrong.status)
    messages.success(request, _("已完成。"))
    return redirect("services:desk-case", receipt=receipt)


def _revision(request: HttpRequest) -> int:
    raw = request.POST.get("revision", "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        raise InvalidInput()
    return int(raw)


def _claim(request: Any, found: Case, values: Any) -> None:
    actions.claim_case(request.call(), case=found, revision=_revision(request))


def _approve(request: Any, found: Case, values: Any) -> None:
    actions.approve_case(request.call(), case=found, revision=_revision(request), opinion=values["opinion"])


def _return(request: Any, found: Case, values: Any) -> None:
    actions.return_case(request.call(), case=found, revision=_revision(request), reason=values["reason"])


def _refuse(request: Any, found: Case, values: Any) -> None:
    actions.refuse_case(
        request.call(),
        case=found,
        revision=_revision(request),
        ground=values["ground"],
        reason=values["reason"],
    )


def _note(request: Any, found: Case, values: Any) -> None:
    actions.note_case(request.call(), case=found, text=values["text"])


STEPS: dict[str, Callable[[Any, Case, Any], None]] = {
    "claim": _claim, "approve": _approve, "return": _return, "refuse": _refuse, "note": _note,
}  # fmt: skip
