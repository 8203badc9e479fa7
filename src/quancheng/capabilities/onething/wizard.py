"""申请向导: questions, consents, facts, papers, check; one small page at a time, on the phone first.

Consents come before facts, because what may not be fetched is then asked on the very next page.
Everything answered is kept in the draft at once, right or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.onething import actions, queries, uploads
from quancheng.capabilities.onething.asking import Sight, sight
from quancheng.capabilities.onething.forms import AnswerForm, UploadForm, papers
from quancheng.capabilities.onething.models import Bundle, Theme
from quancheng.capabilities.onething.publishing import matters
from quancheng.capabilities.people import queries as people
from quancheng.core.forms import Field, Kind
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key

STEPS = [
    Text("问几句", "Questions"),
    Text("授权", "Consents"),
    Text("填信息", "Facts"),
    Text("核对提交", "Check"),
]


@dataclass(frozen=True, slots=True)
class Stop:
    """One page of the wizard: ``q.family``, ``consents``, ``f.child``, ``papers``, ``check``."""

    name: str
    title: Text
    number: int


def stops(seen: Sight) -> list[Stop]:
    """The pages of this draft, in order."""
    form = seen.theme.questionnaire
    made = [Stop(f"q.{one.key}", one.title, 1) for one in form.pages if one.key in seen.answered.pages]
    if seen.wrong_questions:
        return made
    if seen.consents:
        made.append(Stop("consents", Text("数据使用授权", "Consents"), 2))
    made += [Stop(f"f.{one.key}", one.title, 3) for one in (seen.form.pages if seen.form else ())]
    if seen.uploads:
        made.append(Stop("papers", Text("上传材料", "Papers"), 3))
    return [*made, Stop("check", Text("核对并提交", "Check and submit"), 4)]


@never_cache
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """填写, one page at a time."""
    actor = request.actor  # type: ignore[attr-defined]
    theme = queries.theme(actor, code)
    if not actor.is_authenticated:
        raise NotSignedIn()
    bundle = queries.draft(actor, theme)
    if bundle is None:
        bundle = actions.save_draft(request.call(), theme=theme)  # type: ignore[attr-defined]
    seen = sight(actor, bundle)
    stop = _stop(request, bundle, seen)
    if request.method == "POST":
        return _receive(request, theme, bundle, seen, stop)
    return page(request, bundle, seen, stop)


def _stop(request: HttpRequest, bundle: Bundle, seen: Sight) -> Stop:
    """The page asked for; else where something is lacking first."""
    every = stops(seen)
    wanted = request.POST.get("step") or request.GET.get("step") or ""
    for one in every:
        if one.name == wanted:
            return one
    if not bundle.answers:
        return every[0]
    return next((one for one in every if _lacking(seen, one)), every[-1])


def _lacking(seen: Sight, stop: Stop) -> bool:
    kind, _dot, key = stop.name.partition(".")
    form = seen.theme.questionnaire if kind == "q" else seen.form
    if kind in {"q", "f"} and form is not None:
        wrong = seen.wrong_questions if kind == "q" else seen.wrong_facts
        shown = form.page(key)
        return bool(shown) and any(one in shown.fields for one in wrong)  # type: ignore[union-attr]
    return bool(seen.unsaid if kind == "consents" else seen.missing_uploads if kind == "papers" else False)


# -- showing ---------------------------------------------------------------------------------------
def page(
    request: HttpRequest, bundle: Bundle, seen: Sight, stop: Stop, *, form: Any = None, status: int = 200,
    problem: Any = None,
) -> HttpResponse:  # fmt: skip
    """Draw one page of the wizard."""
    every = stops(seen)
    at = next((n for n, one in enumerate(every) if one.name == stop.name), 0)
    kind = stop.name.partition(".")[0]
    context: dict[str, Any] = {
        "bundle": bundle, "theme": bundle.theme, "spec": seen.theme, "stop": stop, "steps": STEPS, "seen": seen,
        "before": every[at - 1] if at else None, "problem": problem, "key": new_key(), "kind": kind,
        "form": form if form is not None else _form(bundle, seen, stop), "names": _names(request, seen),
    }  # fmt: skip
    if kind == "consents":
        context["consents"] = [
            {"row": one, "office": people.department(one.department).text, "said": seen.given.get(one.key)}
            for one in seen.consents
        ]
    if kind == "check":
        context |= {"sections": _sections(seen), "papers": _papers(bundle, seen), "stops": every}
    return render(request, f"onething/apply_{_TEMPLATES.get(kind, 'form')}.html", context, status=status)


_TEMPLATES = {"consents": "consents", "check": "check", "papers": "papers"}


def _names(request: HttpRequest, seen: Sight) -> list[Text]:
    known = matters(request.actor)  # type: ignore[attr-defined]
    return [known[code].text for key in seen.chosen if (code := seen.theme.of(key).matter) in known]


def _form(bundle: Bundle, seen: Sight, stop: Stop, data: Any = None) -> Any:
    kind, _dot, key = stop.name.partition(".")
    if kind == "papers":
        return UploadForm(asked=papers(seen.uploads))
    if kind not in {"q", "f"}:
        return None
    values = {**seen.values, **bundle.facts} if kind == "f" else bundle.answers
    known = {one: row for one, row in seen.known.items() if one not in bundle.facts} if kind == "f" else {}
    return AnswerForm(data, initial=dict(values), asked=_asked(seen, kind, key), known=known)


def _asked(seen: Sight, kind: str, key: str) -> list[Field]:
    definition = seen.theme.questionnaire if kind == "q" else seen.form
    shown = definition.page(key) if definition else None
    if definition is None or shown is None:
        return []
    fields = [definition.by_path[one] for one in shown.fields]
    return [one for one in fields if kind == "f" or one.path in seen.answered.visible]


def _sections(seen: Sight) -> list[dict[str, Any]]:
    """Answers page by page with the way back to each."""
    made = []
    shown = (("q", seen.theme.questionnaire, seen.answered.answers), ("f", seen.form, seen.values))
    for kind, form, values in shown:
        if form is None:
            continue
        for one in form.pages:
            rows = [_line(seen, kind, form.by_path[key], values[key]) for key in one.fields if key in values]
            if rows:
                made.append({"title": one.title, "step": f"{kind}.{one.key}", "rows": rows})
    return made


def _line(seen: Sight, kind: str, field: Field, value: Any) -> dict[str, Any]:
    known = kind == "f" and field.key in seen.known and seen.known[field.key]["value"] == value
    return {"label": field.label, "value": shown_value(field, value), "known": known}


def shown_value(field: Field, value: Any) -> Text:
    """A value as people read it; numbers of persons are masked."""
    if field.kind is Kind.CHOICE:
        return next((one.text for one in field.options if one.value == value), Text(str(value), str(value)))
    text = str(value)
    if field.sensitive and len(text) > 8:
        text = f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}"
    return Text(text, text)


def _papers(bundle: Bundle, seen: Sight) -> list[dict[str, Any]]:
    return [{"row": one, "file": bundle.uploads.get(one.key)} for one in seen.uploads]


# -- receiving --------------------------------------------------------------------------------------
def _receive(request: HttpRequest, theme: Theme, bundle: Bundle, seen: Sight, stop: Stop) -> HttpResponse:
    kind = stop.name.partition(".")[0]
    if kind == "check":
        return _submit(request, bundle, seen, stop)
    if kind == "consents":
        return _consents(request, theme, bundle, seen, stop)
    if kind == "papers":
        return _uploads(request, theme, bundle, seen, stop)
    return _answers(request, theme, bundle, seen, stop)


def _answers(request: HttpRequest, theme: Theme, bundle: Bundle, seen: Sight, stop: Stop) -> HttpResponse:
    kind, _dot, key = stop.name.partition(".")
    asked = _asked(seen, kind, key)
    given = {one.key: request.POST.get(one.key, "") for one in asked}
    call = request.call()  # type: ignore[attr-defined]
    data: dict[str, Any] = {"answers": given} if kind == "q" else {"facts": given}
    bundle = actions.save_draft(call, theme=theme, **data)
    after = sight(call.actor, bundle)
    wrong = after.wrong_questions if kind == "q" else after.wrong_facts
    names = {one.key for one in _asked(after, kind, key)}
    mine = {path: text for path, text in wrong.items() if path in names}
    if not mine:
        return _next(theme, after, stop)
    fresh = names - {one.key for one in asked}
    form = _form(bundle, after, stop, request.POST)
    if set(mine) <= fresh:  # these questions have only just come up: no fault of anybody
        return page(request, bundle, after, stop)
    form.add_errors({path: text for path, text in mine.items() if path not in fresh})
    return page(request, bundle, after, stop, form=form, status=422)


def _consents(request: HttpRequest, theme: Theme, bundle: Bundle, seen: Sight, stop: Stop) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    for one in seen.consents:
        said = request.POST.get(f"consent_{one.key}")
        if said in {"yes", "no"}:
            actions.consent(call, bundle=bundle, key=one.key, given=said == "yes")
    after = sight(call.actor, bundle)
    if after.unsaid:
        problem = InvalidInput(Text("请对每一项选择同意或不同意。", "Say yes or no to each."))
        return page(request, bundle, after, stop, status=422, problem=problem)
    return _next(theme, after, stop)


def _uploads(request: HttpRequest, theme: Theme, bundle: Bundle, seen: Sight, stop: Stop) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    form = UploadForm(request.POST, request.FILES, asked=papers(seen.uploads))
    for one in seen.uploads:
        sent = request.FILES.get(f"file_{one.key}")
        if sent is None:
            continue
        try:
            bundle = actions.attach_upload(call, bundle=bundle, key=one.key, fact=uploads.keep(sent))
        except QuanchengError as wrong:
            form.add_error(f"file_{one.key}", wrong.detail.pick(request.LANGUAGE_CODE))
    after = sight(call.actor, bundle)
    for one in after.missing_uploads:
        name = one.name.text.pick(request.LANGUAGE_CODE)
        if f"file_{one.key}" not in form.errors:
            form.add_error(
                f"file_{one.key}", Text(f"请上传{name}", f"Upload {name}").pick(request.LANGUAGE_CODE)
            )
    if form.errors:
        return page(request, bundle, after, stop, form=form, status=422)
    return _next(theme, after, stop)


def _submit(request: HttpRequest, bundle: Bundle, seen: Sight, stop: Stop) -> HttpResponse:
    call = request.call()  # type: ignore[attr-defined]
    try:
        made = actions.submit_bundle(call, bundle=bundle, declared=request.POST.get("declared") == "on")
    except InvalidInput as wrong:
        return page(request, bundle, seen, stop, status=422, problem=wrong)
    return redirect(f"{reverse('onething:progress', args=[made.receipt])}?new=1")


def _next(theme: Theme, seen: Sight, stop: Stop) -> HttpResponse:
    every = [one.name for one in stops(seen)]
    at = every.index(stop.name) + 1 if stop.name in every else 0
    name = every[min(at, len(every) - 1)]
    return redirect(f"{reverse('onething:apply', args=[theme.code])}?{urlencode({'step': name})}")
