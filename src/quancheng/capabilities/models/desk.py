"""Deeds at the desk: register, upload, evaluate, approve, put to use, go back, retire; the list of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.models import actions, checking, forms, queries
from quancheng.capabilities.models.models import Model, Version
from quancheng.capabilities.models.values import RISK_TEXTS, Risk, State
from quancheng.kernel import access
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, NotFound, QuanchengError
from quancheng.kernel.middleware import call_of, new_key
from quancheng.kernel.refusals import mark

ROLES = frozenset({"models.engineer", "models.approver"})
Department: Any = Model._meta.get_field("organ").related_model


def staff(request: HttpRequest) -> Call:
    """The call of an engineer or approver. Raises Forbidden."""
    call = call_of(request)
    if not call.actor.role_ids & ROLES:
        raise Forbidden
    return call


def _organs(call: Call) -> list[tuple[int, str]]:
    """Organs whose engineer the asker is."""
    held = [one.departments for one in call.actor.grants if one.role == "models.engineer"]
    rows = Department.objects.filter(pk__in=frozenset().union(*held), active=True).order_by("order", "code")
    return [(row.pk, row.text.pick(forms.language())) for row in rows[:200]]


def _tried(form: django_forms.Form, deed: Callable[[], object]) -> bool:
    """Do it; what is refused stands at its field."""
    try:
        deed()
    except QuanchengError as refused:
        mark(form, refused)
        return False
    return True


def _form_page(request: HttpRequest, form: Any, heading: str, back: str, label: str) -> HttpResponse:
    found = {"form": form, "heading": heading, "back": back, "label": label, "key": new_key()}
    return render(request, "models/form.html", found, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """登记模型."""
    call = staff(request)
    form = forms.ModelForm(request.POST or None, organs=_organs(call))

    def register() -> None:
        actions.register_model(call, **form.wanted())

    if form.is_bound and form.is_valid() and _tried(form, register):
        messages.success(request, _("模型已登记，请上传第一个版本。"))
        return redirect("models:model", form.cleaned_data["code"])
    return _form_page(request, form, _("登记模型"), "/work/models/", _("登记"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def upload(request: HttpRequest, code: str) -> HttpResponse:
    """上传新版本: tried in a limited process before it becomes a draft."""
    call = staff(request)
    row = queries.model(call.actor, code)
    access.require(call.actor, "manage", row)
    form = forms.VersionForm(request.POST or None, request.FILES or None)

    def add() -> None:
        said = form.cleaned_data
        kept = checking.keep(said["file"].read())
        actions.add_version(call, code=code, sha256=kept, provenance=said["provenance"], card=said["card"])

    if form.is_bound and form.is_valid() and _tried(form, add):
        messages.success(request, _("新版本已试加载，成为草稿；请登记评测。"))
        return redirect("models:model", code)
    return _form_page(request, form, _("上传新版本"), row_address(row), _("上传并试加载"))


def row_address(row: Model) -> str:
    """The page of a model."""
    return f"/work/models/{row.code}/"


def _version(call: Call, code: str, number: int) -> Version:
    for one in queries.versions(call.actor, code):
        if one.number == number:
            return one
    raise NotFound


@require_safe
@never_cache
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """一个版本: its file, card, evaluations, and what may be done with it now."""
    call = staff(request)
    return _show(request, call, _version(call, code, number), {})


def _deeds(call: Call, row: Version) -> list[str]:
    """What the asker may do with a version in its state."""
    state, found = State(row.state), []
    manages = access.allowed(call.actor, "manage", row.model)
    if manages and state is not State.RETIRED:
        found.append("evaluate")
    if state is State.EVALUATED and access.allowed(call.actor, "approve", row.model):
        found.append("approve")
    if manages and state in (State.APPROVED, State.ACTIVE):
        found.append("activate")
    if manages and state is State.ACTIVE:
        found.append("back")
    if manages and state is not State.RETIRED:
        found.append("retire")
    return found


def _blank(deed: str, data: Any = None) -> django_forms.Form:
    if deed == "evaluate":
        return forms.EvaluationForm(data, prefix=deed)
    return forms.DeedForm(data, prefix=deed, has_share=deed == "activate")


def _show(
    request: HttpRequest, call: Call, row: Version, bound: Mapping[str, django_forms.Form]
) -> HttpResponse:
    words = {
        "evaluate": _("登记评测"), "approve": _("批准"), "activate": _("投入使用"), "back": _("回退到上一版"),
        "retire": _("停用"),
    }  # fmt: skip
    deeds = [
        {"name": name, "label": words[name], "form": bound.get(name) or _blank(name), "open": name in bound}
        for name in _deeds(call, row)
    ]
    found = {
        "row": row, "model": row.model, "deeds": deeds, "key": new_key(),
        "risk": RISK_TEXTS[Risk(row.model.risk)], "measured": queries.evaluations(call.actor, row),
    }  # fmt: skip
    return render(request, "models/version.html", found, status=422 if bound else 200)


@require_POST
def deed(request: HttpRequest, code: str, number: int, name: str) -> HttpResponse:
    """One deed; what is refused is said at its field and nothing entered is lost."""
    call = staff(request)
    row = _version(call, code, number)
    if name not in ("evaluate", "approve", "activate", "back", "retire"):
        raise NotFound
    form = _blank(name, request.POST)
    if form.is_valid() and _tried(form, lambda: _do(call, row, name, form)):
        messages.success(request, _("已办理。"))
        return redirect("models:version", code, number)
    return _show(request, call, row, {name: form})


def _do(call: Call, row: Version, name: str, form: Any) -> None:
    said = form.cleaned_data
    match name:
        case "evaluate":
            facts = {one: said[one] for one in ("dataset", "dataset_version", "rows")}
            actions.record_evaluation(call, version_id=row.pk, metrics=form.metrics(), **facts)
        case "approve":
            actions.approve_version(call, version_id=row.pk, note=said["reason"])
        case "activate":
            actions.activate_version(
                call, version_id=row.pk, share=said["share"] or 100, reason=said["reason"]
            )
        case "back":
            actions.roll_back(call, code=row.model.code, reason=said["reason"])
        case _:
            actions.retire_version(call, version_id=row.pk, reason=said["reason"])


@require_safe
@never_cache
def uses(request: HttpRequest) -> HttpResponse:
    """算法调用: who called what, what came of it, how long it took."""
    call = staff(request)
    page = queries.uses(call.actor, request.GET)
    return render(request, "models/uses.html", {"page": page, "filter": forms.UseFilter(request.GET)})
