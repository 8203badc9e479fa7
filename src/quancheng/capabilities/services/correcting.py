"""补正和共同申请的页面: answering what the office asked for, and agreeing to somebody's application."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.services import (
    actions,
    answering,
    cosigning,
    files,
    pagework,
    queries,
    showing,
)
from quancheng.capabilities.services.citizen import named_files, signed_in
from quancheng.capabilities.services.definitions import definition_of, locked_keys, open_fields, spec_of
from quancheng.capabilities.services.facts import applicant_of
from quancheng.capabilities.services.filling import DISPUTED, evaluated, wrong_in
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.models import Case
from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import new_key


@never_cache
@require_http_methods(["GET", "POST"])
@files.limited_uploads
def correct(request: HttpRequest, receipt: str) -> HttpResponse:
    """补正: all open fields on one page, with what the office asked for above them."""
    actor = signed_in(request)
    found = queries.my_case(actor, receipt)
    if found.state != State.CORRECTION:
        return redirect("services:case", receipt=receipt)
    if request.method == "GET":
        return _page(request, found, dict(found.form), {})
    spec, call = found.spec, request.call()  # type: ignore[attr-defined]
    definition = definition_of(spec)
    form = answering.posted(request, open_fields(definition))
    if disputed := pagework.disputes(request, definition):
        form[DISPUTED] = disputed
    wrong, status = pagework.receive(request, spec, None, case=found)
    state = evaluated(spec, applicant_of(actor, spec), form, queries.files(found))
    wrong = {**wrong_in(definition, state), **wrong}
    if not wrong:
        try:
            actions.correct_case(call, case=found, form=form)
            return redirect("services:case", receipt=receipt)
        except errors.InvalidInput as refused:
            wrong = dict(refused.fields) or {"": refused.detail}
            status = 422
    return _page(request, found, form, wrong, status=status)


def _page(
    request: HttpRequest, found: Case, form: dict[str, Any], wrong: dict[str, Text], *, status: int = 200
) -> HttpResponse:
    spec = found.spec
    definition = definition_of(spec)
    uploads = queries.files(found)
    applicant = applicant_of(request.actor, spec)  # type: ignore[attr-defined]
    state = evaluated(spec, applicant, form, uploads)
    disputed = form.get(DISPUTED) or {}
    sight = answering.Sight(
        definition, state, form, wrong, tuple(uploads), {}, disputed, request.GET.get("more", "")
    )
    fields = answering.asked_on(sight, None)
    locked = {key: found.form.get(key) for key in locked_keys(definition)}
    history = [one for one in found.history.all() if one.kind == "returned"]
    language = request.LANGUAGE_CODE
    return render(
        request,
        "services/correct.html",
        {
            "case": found,
            "spec": spec,
            "returned": history[-1] if history else None,
            "asked": showing.written(history[-1].data.get("reason", "")) if history else "",
            "correct_by": found.clock.get("correct_by"),
            "files": named_files(found),
            "locked": showing.answer_rows(spec, locked, found.provenance),
            "fields": fields,
            "wrong": wrong,
            "errors": answering.summary(fields, wrong, language),
            "island": pagework.island(request, found.matter, applicant, state, None, found, bool(wrong)),
            "key": new_key(),
        },
        status=status,
    )


@never_cache
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """共同申请确认: the second applicant reads the application and agrees, or not."""
    actor = signed_in(request)
    row = cosigning.invitation(actor, pk)
    if request.method == "POST":
        cosigning.answer_invitation(
            request.call(),  # type: ignore[attr-defined]
            row=row,
            agree=request.POST.get("answer") == "agree",
            digest=request.POST.get("digest", "")[:64],
        )
        return redirect("services:sign", pk=pk)
    waiting = row.state == row.State.INVITED and row.draft is not None
    state = cosigning.shown_to(row) if waiting else None
    spec = spec_of(row.matter)
    return render(
        request,
        "services/sign.html",
        {
            "row": row, "matter": row.matter, "waiting": waiting and row.person_id == actor.person_id,
            "answers": showing.answer_rows(spec, state.answers, {}) if state else [],
            "digest": cosigning.digest_of_answers(state) if state else "", "key": new_key(),
            "field": definition_of(spec).by_path.get(row.field),
        },
    )  # fmt: skip
