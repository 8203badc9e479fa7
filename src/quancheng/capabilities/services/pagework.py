"""Work shared by the pages of a form: files and signatures that came, small steps without a script,
what the script is told, and the sections of the check page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from quancheng.capabilities.services import actions, cosigning, files, showing, uploading
from quancheng.capabilities.services.definitions import definition_of, field_name, spec_of
from quancheng.capabilities.services.facts import Applicant
from quancheng.capabilities.services.filling import environment
from quancheng.capabilities.services.models import Case, CaseFile, Draft, Matter
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.forms import Field, FormDefinition, FormState, Kind, Page
from quancheng.core.text import Text
from quancheng.kernel import errors

Problems = dict[str, Text]


# -- what came ------------------------------------------------------------------------------------
def receive(
    request: HttpRequest,
    spec: MatterSpec,
    page: Page | None,
    *,
    draft: Draft | None = None,
    case: Case | None = None,
) -> tuple[Problems, int]:
    """Keep the files and signatures that came with a page; what was wrong, and the answer's status."""
    problems: Problems = {}
    status = 422
    for field in definition_of(spec).fields:
        if page is not None and field.key not in page.fields:
            continue
        try:
            if field.kind is Kind.FILE:
                _files_of(request, field, draft, case)
            elif field.kind is Kind.SIGNATURE:
                _signature_of(request, field, draft, case)
        except (errors.TooLarge, errors.Unsupported, errors.InvalidInput, errors.NeedsStepUp) as wrong:
            problems[field_name(field)] = _said(wrong)
            status = wrong.status if isinstance(wrong, errors.TooLarge | errors.Unsupported) else status
    return problems, status


def _files_of(request: HttpRequest, field: Field, draft: Draft | None, case: Case | None) -> None:
    name = field_name(field)
    call = request.call()  # type: ignore[attr-defined]
    wrong: errors.QuanchengError | None = None
    if name in files.oversize_fields(request):
        wrong = files.too_large()
    for upload in request.FILES.getlist(name)[:20]:
        try:
            fact = files.keep(upload, field.accept or files.PICTURES)
            uploading.add_file(
                call, field=field.key, fact=fact, name=str(upload.name), draft=draft, case=case
            )
        except (errors.TooLarge, errors.Unsupported, errors.InvalidInput) as refused:
            wrong = refused
    if wrong is not None:
        raise wrong


def _signature_of(request: HttpRequest, field: Field, draft: Draft | None, case: Case | None) -> None:
    drawn = request.POST.get(f"{field.key}.drawn", "")
    typed = request.POST.get(f"{field.key}.typed", "").strip()[:120]
    if drawn or typed:
        call = request.call()  # type: ignore[attr-defined]
        uploading.sign(call, field=field.key, drawn=drawn, typed=typed, draft=draft, case=case)


def _said(wrong: errors.QuanchengError) -> Text:
    if isinstance(wrong, errors.InvalidInput) and wrong.fields:
        return next(iter(wrong.fields.values()))
    return Text(wrong.detail.zh + wrong.todo.zh, f"{wrong.detail.en} {wrong.todo.en}")


def disputes(request: HttpRequest, definition: FormDefinition) -> dict[str, dict[str, str]]:
    """What the applicant says is wrong in the registers; an emptied claim is taken back."""
    found = {}
    for field in definition.fields:
        name = f"dispute.{field.key}"
        if field.prefill and f"{name}.value" in request.POST:
            found[field.key] = {
                part: request.POST.get(f"{name}.{part}", "").replace("\x00", "").strip()[:200]
                for part in ("value", "reason")
            }
    return found


# -- small steps, which need no script ----------------------------------------------------------------
def small_step(request: HttpRequest, draft: Draft, page: Page, problems: Problems) -> HttpResponse | None:
    """Add or remove an item or a file; None when something else was meant."""
    definition = definition_of(spec_of(draft.matter))
    add, remove, file = (request.POST.get(key, "") for key in ("add", "remove", "drop_file"))
    if problems or not (add or remove or file):
        return None
    query = {"page": page.key}
    call = request.call()  # type: ignore[attr-defined]
    if add in definition.by_path:
        query["more"] = add
    if remove:
        actions.save_draft(call, matter=draft.matter, form=_without(draft.form, remove))
    if file.isdecimal() and len(file) < 18:
        for one in CaseFile.objects.filter(pk=int(file), draft=draft, current=True):
            uploading.remove_file(call, file=one)
    anchor = f"#id_{add or remove.rpartition('.')[0]}_add" if add or remove else ""
    return redirect(f"/matters/{draft.matter.code}/apply/?{urlencode(query)}{anchor}")


def _without(form: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The answers without one item of a repeating group, ``child.1``."""
    key, _, number = path.partition(".")
    items = form.get(key)
    if not number.isdecimal() or not isinstance(items, list) or len(number) > 5:
        return dict(form)
    return {**form, key: [one for n, one in enumerate(items) if n != int(number)]}


# -- what the script is told ----------------------------------------------------------------------------
def island(
    request: HttpRequest,
    matter: Matter,
    applicant: Applicant,
    found: FormState,
    page: Page | None,
    owner: Draft | Case | None,
    refused: bool,
) -> dict[str, Any]:
    """The configuration of the form's script: rules with what they look at, and the key of the local copy."""
    definition = definition_of(owner.spec if isinstance(owner, Case) else spec_of(matter))
    texts = [rule.feel for rule in definition.rules] + [one.visible for one in definition.pages]
    words = set(re.findall(r"[A-Za-z][A-Za-z0-9_]*", " ".join(texts)))
    env = environment(applicant, definition)
    updated = getattr(owner, "updated_at", None)
    actor = request.actor  # type: ignore[attr-defined]
    config = {
        "store": f"{matter.code}:{page.key if page else 'correct'}:{actor.user_id}:{actor.firm_id or 0}",
        "saved": int(updated.timestamp() * 1000) if updated else 0,
        "refused": refused,
        "rules": [
            {
                "target": rule.target, "kind": rule.kind.value, "feel": rule.feel,
                "message": rule.message.to_dict() if rule.message else None,
            }
            for rule in definition.rules
        ],
        "fields": {
            one.path: {
                "kind": one.kind.value, "label": one.label.to_dict(), "required": one.required,
                "least": one.least, "most": one.most,
                "options": [{"value": row.value, "text": row.text.to_dict()} for row in one.options],
            }
            for one in definition.walk()
        } if definition.rules else {},
        "answers": {
            one.key: found.answers[one.key]
            for one in definition.fields
            if one.key in words and one.key in found.answers and not one.sensitive
            and (page is None or one.key not in page.fields)
        },
        "applicant": {key: value for key, value in env.applicant.items() if key in words},
        "parameters": dict(env.parameters),
        "today": env.today.isoformat() if env.today else None,
    }  # fmt: skip
    return config


# -- the check page ----------------------------------------------------------------------------------------
def sections(
    spec: MatterSpec, found: FormState, known: Mapping[str, Any], disputed: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Answers page by page, with the way back to each."""
    definition = definition_of(spec)
    made = []
    for page in definition.pages:
        values = {key: found.answers[key] for key in page.fields if key in found.answers}
        if page.key in found.pages:
            rows = showing.answer_rows(spec, values, known, disputed=disputed)
            made.append({"page": page, "answers": rows})
    return made


def unfinished(definition: FormDefinition, found: FormState, wrong: Problems) -> list[dict[str, Any]]:
    """Pages that still lack something, with their first error."""
    made = []
    for page in definition.pages:
        names = {field_name(definition.by_path[key]) for key in page.fields}
        texts = [text for path, text in wrong.items() if path.split(".")[0] in names]
        if texts and page.key in found.pages:
            made.append({"page": page, "texts": texts})
    return made


def cosigners(definition: FormDefinition, found: FormState, draft: Draft) -> list[dict[str, Any]]:
    """Where each second applicant's word stands."""
    rows = cosigning.standing(draft)
    digest = cosigning.digest_of_answers(found)
    made = []
    for field in cosigning.fields_of(definition):
        person = found.answers.get(field.key)
        if field.key not in found.visible or not person:
            continue
        row = rows.get(field.key)
        same = row is not None and row.person.name == person.get("name")
        same = same and row is not None and row.person.id_number == person.get("id_number")
        state = row.state if row is not None and same else ""
        stale = state == "confirmed" and row is not None and row.digest != digest
        made.append(
            {"field": field, "name": person.get("name", ""), "state": "stale" if stale else state, "row": row}
        )
    return made
