"""Pages of an application: the form, check answers, submit, correct. Nothing entered is ever lost.

Every answer goes into the draft, also a wrong one; an uploaded picture stays with the draft. If the
session has expired the answers wait in the new session until the person has signed in again.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.services import actions, catalogue, checks, files, queries, showing
from quancheng.capabilities.services.citizen import named_files, signed_in
from quancheng.capabilities.services.facts import Applicant, applicant_of, facts_of, file_facts, prefilled
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.forms import ApplicationForm, form_class
from quancheng.capabilities.services.models import CaseFile, Matter
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import new_key

PENDING = "services.pending"
"""Session key: answers posted after the session had expired."""


@never_cache
@require_http_methods(["GET", "POST"])
@files.limited_uploads
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """填写申请."""
    actor = request.actor  # type: ignore[attr-defined]
    matter = catalogue.matter(actor, code)
    spec = matter.current.spec
    if not matter.online:
        return redirect("services:guide", code=code)
    if not actor.is_authenticated:
        if request.method == "POST":
            request.session[PENDING] = {"matter": code, "form": _posted(spec, request)}
        raise errors.NotSignedIn()
    applicant = applicant_of(actor, spec)
    if request.method == "POST":
        return _receive(request, matter, applicant)
    restored = _restore(request, matter)
    draft = queries.draft(actor, matter)
    uploads = _uploads(draft)
    known = prefilled(applicant, spec)
    initial = {key: fact["value"] for key, fact in known.items()} | (draft.form if draft else {})
    form = form_class(spec, have=frozenset(uploads))(initial=initial)
    return _form_page(request, matter, applicant, form, uploads, restored=restored)


def _receive(request: HttpRequest, matter: Matter, applicant: Applicant) -> HttpResponse:
    """Take what was posted: keep it, then say what is wrong or go on to check answers."""
    spec = matter.current.spec
    call = request.call()  # type: ignore[attr-defined]
    draft = actions.save_draft(call, matter=matter, form=_posted(spec, request))
    problems, status = receive_files(
        request,
        spec,
        lambda key, fact, name: actions.attach_file(call, material=key, fact=fact, name=name, draft=draft),
    )
    uploads = _uploads(queries.draft(call.actor, matter))
    form = form_class(spec, have=frozenset(uploads))(data=request.POST)
    valid = form.is_valid()
    for key, text in problems.items():
        form.errors.pop(f"file_{key}", None)
        form.add_error(f"file_{key}", text.pick(request.LANGUAGE_CODE))  # type: ignore[attr-defined]
    if request.POST.get("save") == "1" and not problems:
        return redirect("services:cases")
    if not valid or problems:
        return _form_page(request, matter, applicant, form, uploads, status=status if problems else 422)
    actions.save_draft(call, matter=matter, form=form.values())
    return redirect("services:check", code=matter.code)


def receive_files(request: HttpRequest, spec: MatterSpec, keep: Any) -> tuple[dict[str, Text], int]:
    """Store the pictures that came; returns what was wrong with which, and the answer's status."""
    problems: dict[str, Text] = {}
    status = 422
    for row in spec.uploads:
        upload = request.FILES.get(f"file_{row.key}")
        if f"file_{row.key}" in files.oversize_fields(request):
            wrong: errors.QuanchengError = files.too_large()
            problems[row.key], status = _said(wrong), wrong.status
        elif upload is not None:
            try:
                keep(row.key, files.keep(upload), str(upload.name))
            except (errors.TooLarge, errors.Unsupported, errors.InvalidInput) as wrong:
                problems[row.key], status = _said(wrong), max(status if problems else 0, wrong.status)
    return problems, status


def _said(wrong: errors.QuanchengError) -> Text:
    return Text(wrong.detail.zh + wrong.todo.zh, f"{wrong.detail.en} {wrong.todo.en}")


def _form_page(
    request: HttpRequest,
    matter: Matter,
    applicant: Applicant,
    form: ApplicationForm,
    uploads: dict[str, CaseFile],
    *,
    status: int = 200,
    restored: bool = False,
) -> HttpResponse:
    spec = matter.current.spec
    known = prefilled(applicant, spec)
    locked = {row.key: known[row.key]["value"] for row in spec.field if row.locked and row.key in known}
    return render(
        request,
        "services/apply.html",
        {
            "matter": matter,
            "spec": spec,
            "form": form,
            "steps": _steps(),
            "restored": restored,
            "locked": showing.answer_rows(spec, locked, known),
            "fields": _bound(spec, form, known, uploads),
        },
        status=status,
    )


def _bound(
    spec: MatterSpec, form: ApplicationForm, known: dict[str, Any], uploads: dict[str, CaseFile]
) -> list[Any]:
    rows = []
    for bound in form:
        key = bound.name.removeprefix("file_")
        origin = known.get(key) if not bound.name.startswith("file_") else None
        rows.append(
            {
                "bound": bound,
                "upload": uploads.get(key) if bound.name.startswith("file_") else None,
                "source": Text.of(origin["source"]) if origin else None,
                "simulated": bool(origin and origin.get("simulated")),
            }
        )
    return rows


@never_cache
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, code: str) -> HttpResponse:
    """核对并提交."""
    actor = signed_in(request)
    matter = catalogue.matter(actor, code)
    if request.method == "POST":
        return _submit(request, matter)
    return _check_page(request, matter)


def _submit(request: HttpRequest, matter: Matter) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    insist = request.POST.get("insist") == "1"
    try:
        made = actions.submit_case(call, matter_code=matter.code, insist=insist)
    except errors.InvalidInput as wrong:
        if wrong.fields:
            return _check_page(request, matter, problem=wrong, back=True)
        return _check_page(request, matter, problem=wrong)
    return redirect(f"/cases/{made.receipt}/?new=1")


def _check_page(
    request: HttpRequest, matter: Matter, *, problem: errors.InvalidInput | None = None, back: bool = False
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    spec = matter.current.spec
    draft = queries.draft(actor, matter)
    if draft is None:
        return redirect("services:apply", code=matter.code)
    applicant = applicant_of(actor, spec)
    uploads = _uploads(draft)
    known = prefilled(applicant, spec)
    locked = {row.key: known[row.key]["value"] for row in spec.field if row.locked and row.key in known}
    values = draft.form | locked
    facts = facts_of(applicant, matter, spec, form=values, files=file_facts(list(uploads.values())))
    found = checks.run_checks(spec, facts)
    labels = {row.id: row.text.text for row in spec.condition}
    names = {row.key: row.name.text for row in spec.material}
    return render(
        request,
        "services/check.html",
        {
            "matter": matter,
            "spec": spec,
            "steps": _steps(),
            "key": new_key(),
            "problem": problem,
            "back": back,
            "answers": showing.answer_rows(spec, values, known),
            "findings": [
                {"one": one, "label": labels[one.condition], "kind": showing.outcome_kind(one.outcome)}
                for one in found
            ],
            "failed": any(one.outcome is checks.Outcome.FAIL for one in found),
            "files": [{"file": one, "name": names[one.material]} for one in uploads.values()],
        },
        status=422 if problem else 200,
    )


@require_POST
def drop(request: HttpRequest, code: str) -> HttpResponse:
    """删除草稿."""
    actor = signed_in(request)
    draft = queries.draft(actor, catalogue.matter(actor, code))
    if draft is not None:
        actions.drop_draft(request.call(), draft=draft)  # type: ignore[attr-defined]
    return redirect("services:cases")


@never_cache
@require_http_methods(["GET", "POST"])
@files.limited_uploads
def correct(request: HttpRequest, receipt: str) -> HttpResponse:
    """补正."""
    actor = signed_in(request)
    found = queries.my_case(actor, receipt)
    if found.state != State.CORRECTION:
        return redirect("services:case", receipt=receipt)
    spec = found.spec
    status = 200
    call = request.call()  # type: ignore[attr-defined]
    form = form_class(spec, have=frozenset(one.material for one in queries.files(found)))(initial=found.form)
    if request.method == "POST":
        problems, status = receive_files(
            request,
            spec,
            lambda key, fact, name: actions.attach_file(call, material=key, fact=fact, name=name, case=found),
        )
        have = frozenset(one.material for one in queries.files(found))
        form = form_class(spec, have=have)(data=request.POST)
        for key, text in problems.items():
            form.add_error(f"file_{key}", text.pick(request.LANGUAGE_CODE))  # type: ignore[attr-defined]
        if form.is_valid():
            try:
                actions.correct_case(call, case=found, form=form.values())
                return redirect("services:case", receipt=receipt)
            except errors.InvalidInput as wrong:
                _spread(form, wrong, request)
        status = status if problems else 422
    uploads = {one.material: one for one in queries.files(found)}
    locked = {row.key: found.form.get(row.key) for row in spec.field if row.locked}
    history = [one for one in found.history.all() if one.kind == "returned"]
    return render(
        request,
        "services/correct.html",
        {
            "case": found,
            "spec": spec,
            "form": form,
            "returned": history[-1] if history else None,
            "asked": showing.written(history[-1].data.get("reason", "")) if history else "",
            "correct_by": found.clock.get("correct_by"),
            "files": named_files(found),
            "locked": showing.answer_rows(spec, locked, found.provenance),
            "fields": _bound(spec, form, {}, uploads),
            "key": new_key(),
        },
        status=status,
    )


def _spread(form: ApplicationForm, wrong: errors.InvalidInput, request: HttpRequest) -> None:
    language = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    for key, text in wrong.fields.items():
        form.add_error(key if key in form.fields else None, text.pick(language))
    if not wrong.fields:
        form.add_error(None, wrong.detail.pick(language))


# -- what was entered ---------------------------------------------------------------------------
def _posted(spec: MatterSpec, request: HttpRequest) -> dict[str, Any]:
    """Answers as they came, of this form's own fields only."""
    return {
        row.key: request.POST[row.key][: max(row.max_length * 2, 200)].replace("\x00", "")
        for row in spec.field
        if not row.locked and request.POST.get(row.key)
    }


def _restore(request: HttpRequest, matter: Matter) -> bool:
    """Put answers that waited in the session into the draft."""
    pending = request.session.get(PENDING)
    if not pending or pending.get("matter") != matter.code:
        return False
    del request.session[PENDING]
    actions.save_draft(request.call(), matter=matter, form=pending["form"])  # type: ignore[attr-defined]
    return True


def _uploads(draft: Any) -> dict[str, CaseFile]:
    return {one.material: one for one in draft.files.all() if one.current} if draft else {}


def _steps() -> list[Text]:
    return [
        Text("看条件", "Conditions"),
        Text("填写", "Fill in"),
        Text("核对", "Check"),
        Text("提交", "Submit"),
    ]
