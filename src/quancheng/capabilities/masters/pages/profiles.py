"""画像: asked for by number with a purpose and a case; the record with the origin of every value."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.masters import actions, forms, profile, purposes, queries
from quancheng.capabilities.masters.models import Change, Golden
from quancheng.capabilities.masters.pages.common import desk, language, tried
from quancheng.capabilities.masters.purposes import Purpose
from quancheng.capabilities.masters.recipe import recipe
from quancheng.capabilities.people import queries as people
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound, TooMany
from quancheng.kernel.middleware import new_key


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """画像查询: number, purpose, case; every question counts and is kept."""
    actor = desk(request)
    offered = [
        one
        for one in purposes.in_force(clock.today())
        if one.masters & {"population", "legal"} and (not one.roles or one.roles & actor.role_ids)
    ]
    form = forms.ProfileForm(request.POST or None, offered=offered, language=language())
    if request.method == "POST" and form.is_valid():
        found = _found(request, actor, form)
        if found is not None:
            return redirect("masters:record", code=found.code)
    status = 422 if request.method == "POST" else 200
    return render(request, "masters/search.html", {"form": form, "key": new_key()}, status=status)


def _found(request: Any, actor: Actor, form: Any) -> Golden | None:
    said = form.cleaned_data
    found: Golden | None = None

    def look() -> None:
        nonlocal found
        actions.note_lookup(request.call(), purpose=said["purpose"], case=said["case"])
        golden = queries.by_key(actor, queries.master(actor, said["master"]), said["key"])
        actions.open_record(request.call(), golden=golden, purpose=said["purpose"], case=said["case"])
        found = golden

    try:
        tried(form, look)
    except NotFound:
        form.add_error("key", _("基础库中没有此号码，或不在您的管辖区域"))
    except TooMany as refused:
        form.add_error(None, refused.detail.pick(language()))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, code: str) -> HttpResponse:
    """一条黄金记录: the purpose first; then facts, tags, related records, members, history."""
    actor = desk(request)
    found = queries.record(actor, code)
    bound: dict[str, Any] = {}
    if request.method == "POST":
        what = request.POST.get("what", "")
        form = _form(what, request.POST, actor, found)
        if tried(form, lambda: _DEEDS[what](request, found, form)):
            if what != "open":
                messages.success(request, _DONE[what]())
            return redirect("masters:record", code=found.code)
        bound = {what: form}
    look = queries.opened(actor, found)
    context = {
        "golden": found, "label": profile.label_of(found, recipe(found.master.code)), "look": look, "key": new_key(),
        "open_form": bound.get("open") or _form("open", None, actor, found),
        "region": people.region_name(found.region_code, full=True) if found.region_code else "",
    }  # fmt: skip
    if look:
        context |= _shown(actor, found, look[1], bound)
    return render(request, "masters/record.html", context, status=422 if bound else 200)


def _form(what: str, data: Any, actor: Actor, found: Golden) -> Any:
    match what:
        case "open":
            offered = queries.purposes_for(actor, found.master.code)
            return forms.PurposeForm(data, offered=list(offered), language=language())
        case "unmerge":
            return forms.UnmergeForm(data, members=_member_choices(actor, found))
        case "correct":
            return forms.CorrectionForm(data, fields=_field_choices(actor, found))
    raise InvalidInput()


def _member_choices(actor: Actor, found: Golden) -> list[tuple[str, str]]:
    return [
        (one.ref, f"{one.source.text.pick(language())} {one.record}") for one in queries.members(actor, found)
    ]


def _field_choices(actor: Actor, found: Golden) -> list[tuple[str, str]]:
    look = queries.opened(actor, found)
    specs = recipe(found.master.code).fields
    return [
        (one.name, one.text.pick(language()))
        for one in specs
        if look and look[1].shows(one.name) and found.values.get(one.name)
    ]


def _open(request: Any, found: Golden, form: Any) -> None:
    actions.open_record(request.call(), golden=found, **form.cleaned_data)


def _unmerge(request: Any, found: Golden, form: Any) -> None:
    actions.unmerge_record(request.call(), golden=found, **form.cleaned_data)


def _correct(request: Any, found: Golden, form: Any) -> None:
    actions.ask_correction(request.call(), golden=found, **form.cleaned_data)


_DEEDS = {"open": _open, "unmerge": _unmerge, "correct": _correct}
_DONE = {
    "unmerge": lambda: _("已拆出，系统正在重新构建；这些记录不会再被合并。"),
    "correct": lambda: _("已转来源部门核实。"),
}


def _shown(actor: Actor, found: Golden, purpose: Purpose, bound: dict[str, Any]) -> dict[str, Any]:
    whole = purposes.EVERY in purpose.fields
    members = list(queries.members(actor, found)) if whole else []
    made = recipe(found.master.code)
    changes = access.visible(actor, Change).filter(golden=found).order_by("-id")[:30] if whole else []
    return {
        "facts": profile.facts(found, purpose),
        "offered": list(profile.offered(found, purpose.code)),
        "tags": profile.tags(found)
        if whole or purpose.shows("birth") or found.master.code == "legal"
        else (),
        "licences": profile.related(found, "licence")[:20] if "licence" in purpose.masters else (),
        "credit": profile.related(found, "credit")[:20] if "credit" in purpose.masters else (),
        "home": profile.home_of(found)
        if purpose.shows("address") and found.master.code == "population"
        else None,
        "members": [
            {
                "row": one,
                "values": [
                    (spec.text, profile.shown(spec, one.values[spec.name]))
                    for spec in made.fields
                    if one.values.get(spec.name)
                ],
            }
            for one in members
        ],
        "changes": [_change(one, made) for one in changes],
        "may_unmerge": len(members) > 1 and access.allowed(actor, "unmerge", found),
        "unmerge_form": bound.get("unmerge")
        or (_form("unmerge", None, actor, found) if len(members) > 1 else None),
        "correct_form": bound.get("correct") or _form("correct", None, actor, found),
        "may_correct": access.allowed(actor, "correct", found),
    }


def _change(one: Change, made: Any) -> dict[str, Any]:
    fields = [
        f"{spec.text.pick(language())}：{before or '—'} → {after or '—'}"
        for name, (before, after) in one.detail.get("fields", {}).items()
        if (spec := made.field(name))
    ]
    other = one.detail.get("into") or one.detail.get("took")
    return {
        "when": one.at,
        "title": one.get_kind_display(),
        "text": "；".join(fields) or (f"#{other}" if other else ""),
        "who": one.by,
    }
