"""Pages of an application: the form page by page, check answers, submit. Nothing entered is ever lost.

Every answer goes into the draft, also a wrong one; an uploaded file stays with the draft. If the
session has expired the answers wait in the new session until the person has signed in again.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.services import (
    actions,
    answering,
    catalogue,
    checks,
    cosigning,
    files,
    pagework,
    queries,
    showing,
)
from quancheng.capabilities.services.citizen import signed_in
from quancheng.capabilities.services.definitions import definition_of, field_name, open_fields, spec_of
from quancheng.capabilities.services.facts import Applicant, applicant_of, facts_of, file_facts, prefilled
from quancheng.capabilities.services.filling import DISPUTED, evaluated, wrong_in
from quancheng.capabilities.services.models import CaseFile, Draft, Matter
from quancheng.core.forms import FormState, Page
from quancheng.core.text import Text
from quancheng.kernel import errors
from quancheng.kernel.middleware import new_key

PENDING = "services.pending"
"""Session key: answers posted after the session had expired."""


@never_cache
@require_http_methods(["GET", "POST"])
@files.limited_uploads
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """填写申请, one page of the form at a time."""
    actor = request.actor  # type: ignore[attr-defined]
    matter = catalogue.matter(actor, code)
    spec = spec_of(matter)
    if not matter.online:
        return redirect("services:guide", code=code)
    if not actor.is_authenticated:
        if request.method == "POST":
            given = answering.posted(request, open_fields(definition_of(spec)))
            request.session[PENDING] = {"matter": code, "form": given}
        raise errors.NotSignedIn()
    applicant = applicant_of(actor, spec)
    if request.method == "POST":
        return _receive(request, matter, applicant)
    restored = _restore(request, matter)
    draft = queries.draft(actor, matter)
    found = evaluated(spec, applicant, _answers(draft, applicant, matter), uploads_of(draft))
    page = _page_for(request, matter, found, draft)
    return _form_page(request, matter, applicant, draft, found, page, restored=restored)


def _receive(request: HttpRequest, matter: Matter, applicant: Applicant) -> HttpResponse:
    """Take what was posted: keep it, then say what is wrong or go on."""
    spec, call = spec_of(matter), request.call()  # type: ignore[attr-defined]
    definition = definition_of(spec)
    draft = queries.draft(call.actor, matter)
    before = evaluated(spec, applicant, _answers(draft, applicant, matter), uploads_of(draft))
    page = _page_for(request, matter, before, draft)
    form = _merged(request, matter, page, _answers(draft, applicant, matter))
    saved: Draft = actions.save_draft(call, matter=matter, form=form)
    problems, status = pagework.receive(request, spec, page, draft=saved)
    if back := pagework.small_step(request, saved, page, problems):
        return back
    draft = queries.draft(call.actor, matter)
    found = evaluated(spec, applicant, form, uploads_of(draft))
    if request.POST.get("save") == "1" and not problems:
        return redirect("services:cases")
    if request.POST.get("back") and not problems:
        return _to_page(matter, _neighbour(matter, found, page, -1))
    wrong = wrong_in(definition, found, page.key)
    wrong |= cosigning.wrong_people(definition, found, applicant, page) | problems
    if wrong:
        code = status if problems else 422
        return _form_page(request, matter, applicant, draft, found, page, wrong=wrong, status=code)
    actions.save_draft(call, matter=matter, form=_settled(page, form, found))
    after = _neighbour(matter, found, page, 1)
    return _to_page(matter, after) if after else redirect("services:check", code=matter.code)


def _settled(page: Page, form: dict[str, Any], found: FormState) -> dict[str, Any]:
    """The draft with this page's answers as they were understood; hidden ones are gone."""
    others = {key: value for key, value in form.items() if key not in page.fields}
    return others | {key: found.answers[key] for key in page.fields if key in found.answers}


def _merged(request: HttpRequest, matter: Matter, page: Page, before: dict[str, Any]) -> dict[str, Any]:
    """The draft so far with this page's answers as they came."""
    definition = definition_of(spec_of(matter))
    fields = tuple(one for one in open_fields(definition) if one.key in page.fields)
    keys = {one.key for one in fields}
    form = {key: value for key, value in before.items() if key not in keys}
    form |= answering.posted(request, fields)
    disputed = dict(before.get(DISPUTED) or {}) | pagework.disputes(request, definition)
    return form | ({DISPUTED: disputed} if disputed else {})


def _answers(draft: Draft | None, applicant: Applicant, matter: Matter) -> dict[str, Any]:
    """What the draft holds; before there is one, what the registers know."""
    if draft is not None:
        return dict(draft.form)
    return {key: fact["value"] for key, fact in prefilled(applicant, spec_of(matter)).items()}


# -- pages of the form ------------------------------------------------------------------------------
def _page_for(request: HttpRequest, matter: Matter, found: FormState, draft: Draft | None) -> Page:
    """The page asked for; without a wish, where the person left off."""
    definition = definition_of(spec_of(matter))
    wanted = request.POST.get("page") or request.GET.get("page") or ""
    if wanted in found.pages and (page := definition.page(wanted)):
        return page
    shown = [page for page in definition.pages if page.key in found.pages] or list(definition.pages)
    if draft is not None and len(shown) > 1 and request.method == "GET":
        wrong = wrong_in(definition, found)
        for page in shown:
            names = {field_name(definition.by_path[key]) for key in page.fields}
            if any(path.split(".")[0] in names for path in wrong):
                return page
    return shown[0]


def _neighbour(matter: Matter, found: FormState, page: Page, step: int) -> Page | None:
    pages = [one for one in definition_of(spec_of(matter)).pages if one.key in found.pages]
    at = next((n for n, one in enumerate(pages) if one.key == page.key), 0) + step
    return pages[at] if 0 <= at < len(pages) else None


def _to_page(matter: Matter, page: Page | None, **more: str) -> HttpResponse:
    address = reverse("services:apply", kwargs={"code": matter.code})
    query = {"page": page.key, **more} if page else more
    return redirect(f"{address}?{urlencode(query)}" if query else address)


def _form_page(
    request: HttpRequest,
    matter: Matter,
    applicant: Applicant,
    draft: Draft | None,
    found: FormState,
    page: Page,
    *,
    wrong: dict[str, Text] | None = None,
    status: int = 200,
    restored: bool = False,
) -> HttpResponse:
    spec = spec_of(matter)
    definition = definition_of(spec)
    known = prefilled(applicant, spec)
    raw = _answers(draft, applicant, matter)
    disputed = raw.get(DISPUTED) or {}
    sight = answering.Sight(
        definition, found, raw, wrong or {}, tuple(uploads_of(draft)), known, disputed,
        request.GET.get("more", ""),
    )  # fmt: skip
    fields = answering.asked_on(sight, page)
    pages = [one for one in definition.pages if one.key in found.pages]
    first = bool(pages) and pages[0].key == page.key
    locked = {
        one.key: known[one.key]["value"] for one in definition.fields if one.locked and one.key in known
    }
    language = request.LANGUAGE_CODE
    return render(
        request,
        "services/apply.html",
        {
            "matter": matter, "spec": spec, "steps": _steps(), "restored": restored, "page": page,
            "pages": pages, "number": next((n for n, one in enumerate(pages, 1) if one.key == page.key), 1),
            "first": first, "last": not pages or pages[-1].key == page.key,
            "locked": showing.answer_rows(spec, locked, known, disputed=disputed) if first or not pages else [],
            "fields": fields, "wrong": wrong, "errors": answering.summary(fields, wrong or {}, language),
            "island": pagework.island(request, matter, applicant, found, page, draft, bool(wrong)),
        },
        status=status,
    )  # fmt: skip


# -- check and submit -------------------------------------------------------------------------------
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
        if field := request.POST.get("invite"):
            return _invite(request, matter, field)
        made = actions.submit_case(call, matter_code=matter.code, insist=insist)
    except errors.InvalidInput as wrong:
        return _check_page(request, matter, problem=wrong)
    return redirect(f"/cases/{made.receipt}/?new=1")


def _invite(request: HttpRequest, matter: Matter, field: str) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    draft = queries.draft(call.actor, matter)
    if draft is not None:
        cosigning.invite_cosigner(call, draft=draft, field=field)
    return redirect("services:check", code=matter.code)


def _check_page(
    request: HttpRequest, matter: Matter, *, problem: errors.InvalidInput | None = None
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    spec = spec_of(matter)
    draft = queries.draft(actor, matter)
    if draft is None:
        return redirect("services:apply", code=matter.code)
    applicant = applicant_of(actor, spec)
    uploads = uploads_of(draft)
    known = prefilled(applicant, spec)
    state = evaluated(spec, applicant, draft.form, uploads)
    facts = facts_of(applicant, matter, spec, form=dict(state.answers), files=file_facts(uploads))
    found = checks.run_checks(spec, facts)
    labels = {row.id: row.text.text for row in spec.condition}
    definition = definition_of(spec)
    wrong = wrong_in(definition, state) | cosigning.wrong_people(definition, state, applicant)
    wrong |= problem.fields if problem else {}
    return render(
        request,
        "services/check.html",
        {
            "matter": matter,
            "spec": spec,
            "steps": _steps(),
            "key": new_key(),
            "invite_key": new_key(),
            "problem": problem,
            "unfinished": pagework.unfinished(definition, state, wrong),
            "sections": pagework.sections(spec, state, known, draft.form.get(DISPUTED) or {}),
            "cosigners": pagework.cosigners(definition, state, draft),
            "findings": [
                {"one": one, "label": labels[one.condition], "kind": showing.outcome_kind(one.outcome)}
                for one in found
            ],
            "failed": any(one.outcome is checks.Outcome.FAIL for one in found),
            "files": [{"file": one, "name": showing.file_name(spec, one.material)} for one in uploads],
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


# -- what was entered ---------------------------------------------------------------------------
def _restore(request: HttpRequest, matter: Matter) -> bool:
    """Put answers that waited in the session into the draft."""
    pending = request.session.get(PENDING)
    if not pending or pending.get("matter") != matter.code:
        return False
    del request.session[PENDING]
    call = request.call()  # type: ignore[attr-defined]
    draft = queries.draft(call.actor, matter)
    before = dict(draft.form) if draft else {}
    actions.save_draft(call, matter=matter, form=before | pending["form"])
    return True


def uploads_of(draft: Draft | None) -> list[CaseFile]:
    """Current files of a draft, signatures included."""
    return [one for one in draft.files.all() if one.current] if draft else []


def _steps() -> list[Text]:
    return [
        Text("看条件", "Conditions"),
        Text("填写", "Fill in"),
        Text("核对", "Check"),
        Text("提交", "Submit"),
    ]
