"""Pages of licence officers: /work/licences/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.trust import actions, deskwork, queries, values
from quancheng.capabilities.trust.forms import AnswerForm, ChangeForm, DeedForm, IssueForm, LicenceFilter
from quancheng.capabilities.trust.lifecycle import Deed, DeedRefused, Kept, after
from quancheng.capabilities.trust.models import Licence, LicenceObjection
from quancheng.capabilities.trust.profiles import profile
from quancheng.kernel import refusals
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.middleware import new_key


def attempt(form: forms.Form, deed: Callable[[], Any], aliases: dict[str, str] | None = None) -> Any | None:
    """Do it; a refusal goes to the fields of the form."""
    try:
        return deed()
    except (InvalidInput, Conflict, Forbidden) as refused:
        refusals.mark(form, refused, aliases)
        return None


@require_GET
@never_cache
def licences(request: HttpRequest) -> HttpResponse:
    """证照管理: list with filters, and batches of checks and revocations."""
    return _licences(request, 200, {})


def _licences(request: HttpRequest, status: int, said: dict[str, Any]) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    page = deskwork.licences(actor, request.GET)
    form = LicenceFilter(request.GET, deskwork.types(), deskwork.own_departments(actor))
    context = {"page": page, "filter": form, "key": new_key(), **said}
    return render(request, "trust/desk/licences.html", context, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
def batch(request: HttpRequest) -> HttpResponse:
    """批量: check or revoke what was ticked, all or none."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("trust:desk")
    deskwork.staff(request.actor)  # type: ignore[attr-defined]
    numbers, reason = request.POST.getlist("numbers"), request.POST.get("reason", "")
    call = request.call()  # type: ignore[attr-defined]
    try:
        if request.POST.get("deed") == "revoke":
            done = actions.revoke_many(call, numbers=numbers, reason=reason)
        else:
            passed = request.POST.get("deed") == "pass"
            done = actions.check_many(call, numbers=numbers, passed=passed, note=reason)
    except (InvalidInput, Conflict, Forbidden) as refused:
        return _licences(request, 422, {"refused": refused.detail, "chosen": numbers, "reason": reason})
    messages.success(request, _("已办理%(count)s张证照，并告知持证人。") % {"count": done})
    return redirect("trust:desk")


@require_GET
@never_cache
def licence(request: HttpRequest, number: str) -> HttpResponse:
    """一张证照 with its history and what may be done."""
    return _licence(request, number, None, 200)


def _licence(request: HttpRequest, number: str, form: DeedForm | None, status: int) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    found = deskwork.licence(actor, number)
    deeds = _possible(found)
    context = {
        "licence": found,
        "rows": queries.card_rows(found),
        "rules": profile(found.type.code),
        "history": [_told(found, one) for one in deskwork.history(actor, found)[:50]],
        "objections": LicenceObjection.objects.filter(licence=found).order_by("-filed_at")[:5],
        "newer": Licence.objects.filter(replaces=found).first(),
        "may_change": Deed.CHANGE in deeds,
        "form": form or (DeedForm(None, _forms(deeds)) if _forms(deeds) else None),
        "key": new_key(),
    }
    return render(request, "trust/desk/licence.html", context, status=status)


def _possible(found: Licence) -> list[Deed]:
    """What the life cycle allows now."""
    checks = profile(found.type.code).check_months
    possible = []
    for deed in (Deed.CHANGE, Deed.PASS, Deed.FAIL, Deed.SUSPEND, Deed.RESUME, Deed.REVOKE):
        try:
            after(Kept(found.status), deed)
        except DeedRefused:
            continue
        if checks or deed not in {Deed.PASS, Deed.FAIL}:
            possible.append(deed)
    return possible


def _forms(deeds: list[Deed]) -> list[Deed]:
    return [one for one in deeds if one is not Deed.CHANGE]


def _told(found: Licence, change: Any) -> dict[str, Any]:
    names = [values.item_label(found.type.items, key) for key in change.what.get("items", ())]
    return {"row": change, "items": names, "number": change.what.get("number", "")}


@require_http_methods(["GET", "POST"])
@never_cache
def deed(request: HttpRequest, number: str) -> HttpResponse:
    """办理 one deed."""
    if request.method == "GET":  # a page that was refused, loaded again
        return redirect("trust:desk_licence", number=number)
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    found = deskwork.licence(actor, number)
    form = DeedForm(request.POST, _forms(_possible(found)))
    call = request.call()  # type: ignore[attr-defined]
    if form.is_valid():
        wanted, reason = Deed(form.cleaned_data["deed"]), form.cleaned_data["reason"]
        if attempt(form, lambda: _do(call, found, wanted, reason), {"note": "reason"}):
            messages.success(request, _("已办理，并告知持证人。"))
            return redirect("trust:desk_licence", number=number)
    return _licence(request, number, form, 422)


def _do(call: Any, found: Licence, wanted: Deed, reason: str) -> Licence:
    if wanted in {Deed.PASS, Deed.FAIL}:
        return actions.check_licence(call, licence=found, passed=wanted is Deed.PASS, note=reason)
    done = {
        Deed.SUSPEND: actions.suspend_licence,
        Deed.RESUME: actions.resume_licence,
        Deed.REVOKE: actions.revoke_licence,
    }[wanted]
    return done(call, licence=found, reason=reason)


@require_http_methods(["GET", "POST"])
@never_cache
def change(request: HttpRequest, number: str) -> HttpResponse:
    """变更换发."""
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    found = deskwork.licence(actor, number)
    begin = {f"i_{key}": value for key, value in found.items.items()}
    form = ChangeForm(request.POST or None, found.type.items, initial=begin)
    call = request.call()  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form,
            lambda: actions.change_licence(
                call, licence=found, items=form.given, reason=form.cleaned_data["reason"],
                valid_to=form.cleaned_data["valid_to"],
            ),
            form.aliases,
        )  # fmt: skip
        if made is not None:
            messages.success(request, _("新证已签发，旧证已注明换发。"))
            return redirect("trust:desk_licence", number=made.number)
    context = {"licence": found, "form": form, "key": new_key()}
    return render(request, "trust/desk/change.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
def issue(request: HttpRequest) -> HttpResponse:
    """签发: first the type, then the form."""
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    kinds = deskwork.issuable(actor)
    kind = next((one for one in kinds if one.code == request.GET.get("type")), None)
    if kind is None:
        rows = [{"kind": one, "rules": profile(one.code)} for one in kinds]
        return render(request, "trust/desk/types.html", {"rows": rows})
    rules = profile(kind.code)
    offices = [one for one in deskwork.own_departments(actor) if rules.may_issue(one.level)]
    form = IssueForm(request.POST or None, kind.items, offices)
    call = request.call()  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        made = attempt(
            form,
            lambda: actions.issue_by_hand(
                call, type_code=kind.code, department_id=int(told["department"]), holder_id=told["holder_id"],
                holder_name=told["holder_name"], items=form.given, valid_to=told["valid_to"],
            ),
            form.aliases,
        )  # fmt: skip
        if made is not None:
            messages.success(request, _("证照已签发，已放入持证人的卡包。"))
            return redirect("trust:desk_licence", number=made.number)
    context = {"kind": kind, "rules": rules, "form": form, "key": new_key()}
    return render(request, "trust/desk/issue.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
def objections(request: HttpRequest) -> HttpResponse:
    """证照异议 of the own departments."""
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    page = deskwork.objections(actor, request.GET)
    rows = [{"row": one, "item": _item(one)} for one in page.items]
    context = {"page": page, "rows": rows, "states": LicenceObjection.State.choices}
    return render(request, "trust/desk/objections.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """答复一条异议."""
    actor = request.actor  # type: ignore[attr-defined]
    deskwork.staff(actor)
    found = deskwork.objection(actor, pk)
    form = AnswerForm(request.POST or None)
    call = request.call()  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if attempt(
            form,
            lambda: actions.answer_objection(
                call, objection=found, corrected=told["outcome"] == "corrected", answer=told["answer"]
            ),
        ):
            messages.success(request, _("已答复，并告知持证人。"))
            return redirect("trust:desk_objections")
    context = {"objection": found, "item": _item(found), "form": form, "key": new_key()}
    return render(request, "trust/desk/objection.html", context, status=422 if form.errors else 200)


def _item(found: LicenceObjection) -> Any:
    labels = {key: label for key, label, *_rest in values.facts(found.licence)}
    return labels.get(found.item, found.item)


urlpatterns = [
    path("work/licences/", licences, name="desk"),
    path("work/licences/batch/", batch, name="desk_batch"),
    path("work/licences/issue/", issue, name="desk_issue"),
    path("work/licences/objections/", objections, name="desk_objections"),
    path("work/licences/objections/<int:pk>/", objection, name="desk_objection"),
    path("work/licences/<str:number>/", licence, name="desk_licence"),
    path("work/licences/<str:number>/deed/", deed, name="desk_deed"),
    path("work/licences/<str:number>/change/", change, name="desk_change"),
]
