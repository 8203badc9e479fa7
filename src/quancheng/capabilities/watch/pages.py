"""Pages of watch: the rules, one rule with its versions and trials, the form, episodes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.watch import (
    actions,
    charts,
    compiling,
    explaining,
    forms,
    queries,
    scopes,
    wording,
)
from quancheng.capabilities.watch.models import RuleVersion, State, WatchRule
from quancheng.capabilities.watch.values import Draft, StreamRow
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, QuanchengError
from quancheng.kernel.middleware import new_key

ROLES = {"watch.writer", "watch.approver", "watch.viewer"}


def _language() -> str:
    return get_language() or "zh-hans"


def _desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """监测规则: each rule with its newest version."""
    actor = _desk(request)
    form = forms.RuleFilterForm(request.GET, language=_language())
    found = queries.versions(actor, newest=True, **form.wanted())
    page = pagination.page(found, ("-changed_at", "-id"), request.GET)
    rows = [{"version": one, "kind": wording.KINDS[compiling.draft_of(one).spec.kind]} for one in page.items]
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "may_write": access.allowed(actor, "write", WatchRule),
    }
    return render(request, "watch/index.html", context)


# -- writing ----------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """起草规则."""
    actor = _desk(request)
    access.require(actor, "write", WatchRule)
    return _form(request, actor, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """起草新版本."""
    actor = _desk(request)
    version = queries.version(actor, code)
    access.require(actor, "write", version.rule)
    return _form(request, actor, version)


def _form(request: HttpRequest, actor: Actor, version: RuleVersion | None) -> HttpResponse:
    form = forms.RuleForm(
        request.POST or None, properties=scopes.properties(actor), language=_language(), fixed=version is not None,
        initial=forms.initial_of(version) if version else None,
    )  # fmt: skip
    context: dict[str, Any] = {"form": form, "version": version, "key": new_key()}
    if request.method != "POST":
        return render(request, "watch/form.html", context)
    try:
        if form.is_valid():
            draft = form.draft()
            if request.POST.get("what") != "save":
                return render(request, "watch/form.html", context | {"preview": _preview(actor, draft)})
            made = _save(request, form, draft, version)
            messages.success(request, _("规则已保存为草稿。请用过去的数据试算。"))
            return redirect(made.rule.get_absolute_url())
    except (InvalidInput, Conflict) as refused:
        _refuse(form, refused)
    return render(request, "watch/form.html", context, status=422)


def _save(
    request: HttpRequest, form: forms.RuleForm, draft: Draft, version: RuleVersion | None
) -> RuleVersion:
    call, said = request.call(), form.cleaned_data  # type: ignore[attr-defined]
    if version is not None:
        return actions.write_version(call, code=version.rule.code, draft=draft)
    return actions.write_rule(call, code=said["code"], zh=said["zh"], en=said["en"], draft=draft)


def _refuse(form: forms.RuleForm, refused: QuanchengError) -> None:
    fields = refused.fields if isinstance(refused, InvalidInput) else {}
    names = {"then": "then_limit", "hours": "hours_from", "spec": None, "scope": "property"}
    for name, text in fields.items():
        place = names.get(name, name)
        form.add_error(place if place in form.fields else None, text.pick(_language()))
    if not fields:
        form.add_error(None, refused.detail.pick(_language()))


def _preview(actor: Actor, draft: Draft) -> dict[str, Any]:
    """The draft in words, and how many streams it covers."""
    compiled = compiling.compile_draft(draft, actor, number=0, since=-(2**62))
    rows = list(compiled.streams.values())
    first = next((one for one in rows if one.id not in compiled.rule.followers), None)
    then = next((one for one in rows if one.id in compiled.rule.followers), None)
    words = wording.sentence(
        draft, what=_named(first),
        unit=first.unit if first else "", then=_named(then),
    )  # fmt: skip
    return {"words": words, "streams": len(rows), "sample": [one.name for one in rows[:5]]}


def _named(row: StreamRow | None) -> Text | None:
    return None if row is None else explaining.name_of(row)


# -- one rule ---------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """一条规则: its newest version in words, trials, approval, versions, episodes."""
    actor = _desk(request)
    version = queries.version(actor, code)
    if request.method == "POST":
        return _act(request, actor, version)
    return render(request, "watch/rule.html", _rule(request, actor, version))


def _act(request: HttpRequest, actor: Actor, version: RuleVersion) -> HttpResponse:
    call, what, code = request.call(), request.POST.get("what"), version.rule.code  # type: ignore[attr-defined]
    trial, note = forms.TrialForm(request.POST), forms.NoteForm(request.POST)
    try:
        if what == "simulate" and trial.is_valid():
            done = actions.simulate(call, code=code, days=trial.cleaned_data["days"])
            messages.success(
                request,
                _("过去%(days)s天会触发 %(number)s 次。")
                % {"days": trial.cleaned_data["days"], "number": done.firings},
            )
            return redirect(request.path)
        if what == "approve":
            actions.approve(call, code=code)
            messages.success(request, _("规则已批准并生效。"))
            return redirect(request.path)
        if what == "retire" and note.is_valid():
            actions.retire(call, code=code, note=note.cleaned_data["note"])
            messages.success(request, _("规则已停用。"))
            return redirect(request.path)
    except (InvalidInput, Conflict) as refused:
        messages.error(request, refused.detail.pick(_language()))
        return redirect(request.path)
    context = _rule(request, actor, version)
    context |= {"trial_form": trial} if what == "simulate" else {"note_form": note}
    return render(request, "watch/rule.html", context, status=422)


def _rule(request: HttpRequest, actor: Actor, version: RuleVersion) -> dict[str, Any]:
    running = RuleVersion.objects.filter(
        rule=version.rule, state__in=[State.IN_FORCE, State.APPROVED]
    ).exists()
    context: dict[str, Any] = {
        "version": version,
        "rule": version.rule,
        "trouble": None,
        "words": None,
        "streams": 0,
    }
    try:
        compiled = compiling.compile_version(version, actor)
        first = next(iter(compiled.streams.values()), None)
        context |= {
            "words": explaining.condition(version, compiled, first), "streams": len(compiled.streams),
            "citation": explaining.citation(version, compiled), "limit": compiled.rule.spec.limit,
            "limit_simulated": compiled.finding is not None and compiled.finding.rule.simulated,
        }  # fmt: skip
    except InvalidInput as refused:
        context["trouble"] = " ".join(text.pick(_language()) for text in refused.fields.values())
    trials = list(queries.trials(actor, version)[:5])
    own = version.written_by == str(actor)[:120]
    return context | {
        "trials": trials, "trial": trials[0] if trials else None,
        "chart": charts.trial_chart(trials[0]) if trials else None,
        "sightings": charts.sightings(trials[0]) if trials else [],
        "history": list(queries.history(actor, version.rule.code)),
        "episodes": list(queries.episodes(actor, code=version.rule.code).order_by("-began", "-id")[:10]),
        "trial_form": forms.TrialForm(), "note_form": forms.NoteForm(), "key": new_key(), "own": own,
        "may_write": access.allowed(actor, "write", version.rule),
        "may_simulate": access.allowed(actor, "simulate", version) and version.state != State.RETIRED,
        "may_approve": access.allowed(actor, "approve", version) and version.state == State.SIMULATED and not own,
        "may_retire": access.allowed(actor, "approve", version) and running,
    }  # fmt: skip


@require_safe
def episodes(request: HttpRequest) -> HttpResponse:
    """触发过程: newest first."""
    actor = _desk(request)
    found = queries.episodes(actor, open_only=request.GET.get("state") == "open")
    page = pagination.page(found, ("-began", "-id"), request.GET)
    return render(
        request, "watch/episodes.html", {"page": page, "open_only": request.GET.get("state") == "open"}
    )


urlpatterns = [
    path("work/watch/", index, name="index"),
    path("work/watch/new/", new, name="new"),
    path("work/watch/episodes/", episodes, name="episodes"),
    path("work/watch/<slug:code>/", rule, name="rule"),
    path("work/watch/<slug:code>/edit/", edit, name="edit"),
]
