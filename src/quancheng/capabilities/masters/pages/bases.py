"""基础库: the list, its records, and what it is made of."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.masters import actions, forms, queries
from quancheng.capabilities.masters.models import Build, LinkageModel, Master, Survivorship
from quancheng.capabilities.masters.pages.common import READERS, REVIEWERS, desk, language, tried
from quancheng.capabilities.masters.profile import label_of
from quancheng.capabilities.masters.recipe import Recipe, model_from, recipe
from quancheng.capabilities.people import queries as people
from quancheng.core.linkage import Strategy
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """基础库: each master with its figures."""
    actor = desk(request)
    waiting = queries.waiting(actor)
    rows = [
        {"master": one, "build": queries.last_build(one), "waiting": waiting.get(one.code, 0)}
        for one in queries.masters(actor)
    ]
    total = sum(row["master"].records for row in rows)
    many = sum(row["master"].many for row in rows)
    context = {
        "rows": rows, "total": total, "share": round(100 * many / total, 1) if total else None,
        "waiting": sum(waiting.values()), "may_review": bool(actor.role_ids & REVIEWERS),
    }  # fmt: skip
    return render(request, "masters/index.html", context)


@require_safe
def master(request: HttpRequest, code: str) -> HttpResponse:
    """记录: a master's golden records, masked until a purpose is stated."""
    actor = desk(request, READERS)
    found, made = queries.master(actor, code), recipe(code)
    form = forms.RecordFilter(request.GET)
    if found.personal:
        del form.fields["text"]  # whoever looks for a named person states a purpose: the profile page
    page = pagination.page(queries.records(actor, found, form.wanted()), ("number",), request.GET)
    rows = [
        {
            "row": one, "label": label_of(one, made),
            "region": people.region_name(one.region_code[:9], full=True) if one.region_code else "",
        }
        for one in page
    ]  # fmt: skip
    context = {
        "master": found, "form": form, "page": page, "rows": rows, "may_making": bool(actor.role_ids & REVIEWERS),
    }  # fmt: skip
    return render(request, "masters/master.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def making(request: HttpRequest, code: str) -> HttpResponse:
    """来源与规则: sources in order of trust, survivorship, the model explained, builds."""
    actor = desk(request, REVIEWERS)
    found, made = queries.master(actor, code), recipe(code)
    bound: dict[str, Any] = {}
    if request.method == "POST":
        what = request.POST.get("what", "")
        if what not in _DEEDS:
            raise InvalidInput()
        form = _form(what, request.POST, made)
        if tried(form, lambda: _DEEDS[what](request, found, form)):
            messages.success(request, _("已保存，下次构建生效。") if what != "build" else _("已发起构建。"))
            return redirect(request.path)
        bound = {what: form}
    context = _making(found, made, bound) | {
        "may_steward": access.allowed(actor, "steward", found),
        "key": new_key(),
    }
    return render(request, "masters/making.html", context, status=422 if bound else 200)


def _form(what: str, data: Any, made: Recipe) -> Any:
    if what == "rule":
        fields = [(one.name, one.text.pick(language())) for one in made.fields]
        return forms.RuleForm(data, fields=fields, language=language())
    return {"build": forms.BuildForm, "source": forms.SourceForm}[what](data)


def _ask(request: Any, found: Master, form: Any) -> None:
    actions.ask_build(request.call(), master=found, **form.cleaned_data)


def _source(request: Any, found: Master, form: Any) -> None:
    source = found.sources.filter(pk=_whole(request.POST.get("source"))).first()
    if source is None:
        raise InvalidInput()
    actions.change_source(request.call(), source=source, **form.cleaned_data)


def _rule(request: Any, found: Master, form: Any) -> None:
    said = form.cleaned_data
    actions.change_rule(
        request.call(), master=found, field=said["field"], strategies=form.strategies(),
        valid_from=said["valid_from"], reason=said["reason"],
    )  # fmt: skip


_DEEDS = {"build": _ask, "source": _source, "rule": _rule}


def _whole(said: Any) -> int:
    text = str(said or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _making(found: Master, made: Recipe, bound: dict[str, Any]) -> dict[str, Any]:
    today = clock.today()
    fields = [(one.name, one.text.pick(language())) for one in made.fields]
    model = LinkageModel.objects.filter(master=found, active=True).first()
    return {
        "master": found,
        "sources": [
            {
                "row": one, "organ": people.department(one.organ).text,
                "mapping": [
                    (spec.text, column) for name, column in one.mapping.items() if column and (spec := made.field(name))
                ],
            }
            for one in found.sources.all()
        ],
        "rules": _rules(found, made),
        "model": model,
        "weights": _weights(model, made) if model and model.recipe == made.digest else [],
        "builds": Build.objects.filter(master=found).order_by("-id")[:10],
        "build_form": bound.get("build") or forms.BuildForm(),
        "rule_form": bound.get("rule")
        or forms.RuleForm(fields=fields, language=language(), initial={"valid_from": today}),
        "source_form": bound.get("source"),
    }  # fmt: skip


def _rules(found: Master, made: Recipe) -> list[dict[str, Any]]:
    """The rule of each field in force today, and those that will be."""
    today = clock.today()
    rows: dict[str, list[Survivorship]] = {}
    for one in Survivorship.objects.filter(master=found).order_by("valid_from", "id"):
        rows.setdefault(one.field, []).append(one)
    shown = []
    for spec in made.fields:
        held = [one for one in rows.get(spec.name, []) if one.valid_from <= today]
        coming = [one for one in rows.get(spec.name, []) if one.valid_from > today]
        for one in [*held[-1:], *coming]:
            ways = [Strategy(name).text for name in one.strategies]
            shown.append({"field": spec, "rule": one, "ways": ways, "coming": one.valid_from > today})
    return shown


def _weights(model: LinkageModel, made: Recipe) -> list[dict[str, Any]]:
    """Each level of each comparison in bits: what it says for or against."""
    read = model_from(made, model.weights, model.prior)
    rows = []
    for comparison, weights in zip(read.comparisons, read.weights, strict=True):
        for level in range(comparison.levels - 1, -1, -1):
            rows.append(
                {
                    "comparison": comparison.label, "level": comparison.level_label(level),
                    "m": weights.m[level], "u": weights.u[level], "bits": weights.bits(level),
                }
            )  # fmt: skip
    return rows
