"""记录核对与数据校核: pairs side by side, and requests that organs answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.masters import actions, forms, queries
from quancheng.capabilities.masters.actions.reviewing import goldens_of, holds_licences
from quancheng.capabilities.masters.models import Correction, Member, Pair
from quancheng.capabilities.masters.pages.common import REVIEWERS, desk, language, tried
from quancheng.capabilities.masters.profile import shown
from quancheng.capabilities.masters.recipe import recipe
from quancheng.kernel import access, audit, pagination
from quancheng.kernel.middleware import new_key


@require_safe
def pairs(request: HttpRequest) -> HttpResponse:
    """核对队列: what a decision is worth most comes first."""
    actor = desk(request, REVIEWERS)
    masters = [(one.code, one.text.pick(language())) for one in queries.masters(actor)]
    form = forms.PairFilter(request.GET, masters=masters)
    page = pagination.page(queries.pairs(actor, form.wanted()), ("-value", "-id"), request.GET)
    return render(request, "masters/pairs.html", {"form": form, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    """一对记录: side by side, the evidence per field, the decision."""
    actor = desk(request, REVIEWERS)
    found = queries.pair(actor, pk)
    second = found.state == Pair.State.SECOND
    form: Any = (forms.ConfirmForm if second else forms.DecideForm)(request.POST or None)
    status = 200
    if request.method == "POST":
        if tried(form, lambda: _decide(request, found, form, second)):
            messages.success(request, _("判定已记录，将约束以后的每次构建。"))
            return redirect("masters:pairs")
        status = 422
    left, right = queries.side(found, found.left), queries.side(found, found.right)
    # two persons' records are shown whole: the look itself is kept
    audit.record(actor, "masters.review", found.reference, {"pair": found.pk}, stream="uses")
    context = {
        "pair": found, "left": left, "right": right, "form": form, "key": new_key(), "second": second,
        "rows": _rows(found, left, right), "may_decide": access.allowed(actor, "decide", found),
        "open": found.state in (Pair.State.OPEN, Pair.State.UNSURE, Pair.State.SECOND),
        "licences": holds_licences(found), "goldens": goldens_of(found),
    }  # fmt: skip
    return render(request, "masters/pair.html", context, status=status)


def _decide(request: Any, found: Pair, form: Any, second: bool) -> None:
    said = form.cleaned_data
    if second:
        actions.confirm_pair(request.call(), pair=found, agree=said["agree"] == "yes", reason=said["reason"])
    else:
        actions.decide_pair(request.call(), pair=found, **said)


def _rows(found: Pair, left: Member | None, right: Member | None) -> list[dict[str, Any]]:
    """Every field of both, with the model's line where it compares."""
    made = recipe(found.master.code)
    evidence = {one["field"]: one for one in found.evidence}
    rows = []
    for spec in made.fields:
        a, b = (one.values.get(spec.name, "") if one else "" for one in (left, right))
        if a or b:
            rows.append(
                {
                    "field": spec.text, "left": shown(spec, a), "right": shown(spec, b), "same": bool(a) and a == b,
                    "differ": bool(a and b) and a != b, "evidence": evidence.get(spec.name),
                }
            )  # fmt: skip
    return rows


CONTACTS = frozenset({"masters.steward", "masters.contact"})


@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    """数据校核: requests to one's organ."""
    actor = desk(request, CONTACTS)
    state = request.GET.get("state", "")
    state = state if state in Correction.State.values else ""
    page = pagination.page(queries.corrections(actor, state), ("-asked_at", "-id"), request.GET)
    rows = [{"row": one, "field": _field(one)} for one in page]
    context = {"page": page, "rows": rows, "state": state, "states": Correction.State.choices}
    return render(request, "masters/corrections.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: HttpRequest, pk: int) -> HttpResponse:
    """一项校核: the value, the claim, the answer."""
    actor = desk(request, CONTACTS)
    found = queries.correction(actor, pk)
    form = forms.AnswerForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if tried(form, lambda: _answer(request, found, form)):
            messages.success(request, _("答复已送达申请人。"))
            return redirect("masters:corrections")
        status = 422
    context = {
        "correction": found, "field": _field(found), "form": form, "key": new_key(),
        "may_answer": found.state == Correction.State.SENT and access.allowed(actor, "answer", found),
    }  # fmt: skip
    return render(request, "masters/correction.html", context, status=status)


def _answer(request: Any, found: Correction, form: Any) -> None:
    said = form.cleaned_data
    actions.answer_correction(
        request.call(), correction=found, accept=said["accept"] == "yes", answer=said["answer"]
    )


def _field(one: Correction) -> Any:
    spec = recipe(one.golden.master.code).field(one.field)
    return spec.text if spec else one.field
