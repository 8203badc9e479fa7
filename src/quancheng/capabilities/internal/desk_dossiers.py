"""Pages of dossiers: list, one dossier, the own one, corrections."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.internal import actions, queries, showing
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.forms import StaffFilter
from quancheng.capabilities.internal.models import Dossier
from quancheng.capabilities.internal.values import DossierStatus
from quancheng.kernel import access, audit
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


class CorrectForm(forms.Form):
    """更正: which fact, the right value, the evidence."""

    key = forms.ChoiceField(label=gettext_lazy("条目"))
    value = forms.CharField(label=gettext_lazy("更正后的内容"), max_length=200)
    reason = forms.CharField(label=gettext_lazy("更正依据"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fixed = {"status", "retired_on", "left_on"}
        choices = [(one.key, showing.say(one.label)) for one in specs.dossier_keys() if one.key not in fixed]
        self.fields["key"].choices = choices  # type: ignore[attr-defined]


@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """档案列表, and who reaches the age soon."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.dossiers_page(actor, request.GET)
    filters = StaffFilter(request.GET, states=[(one.value, one.text) for one in DossierStatus])
    return render(
        request,
        "internal/dossiers.html",
        {
            "page": page, "filter": filters, "soon": queries.retiring(actor).count(),
            "due": bool(request.GET.get("due")), "may_file": bool(queries.kinds(actor)),
        },
    )  # fmt: skip


@require_GET
@never_cache
def dossier(request: HttpRequest, number: str) -> HttpResponse:
    """一份档案."""
    return _page(request, queries.dossier(request.actor, number))  # type: ignore[attr-defined]


@require_GET
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """我的档案."""
    found = queries.my_dossier(request.actor)  # type: ignore[attr-defined]
    if found is None:
        raise NotFound()
    return _page(request, found)


def _page(
    request: HttpRequest,
    found: Dossier,
    *,
    form: CorrectForm | None = None,
    problem: Any = None,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    reveal = request.method == "GET" and request.GET.get("reveal") == "1"
    if reveal:
        audit.record(
            actor,
            "internal.dossier.reveal",
            f"internal.Dossier:{found.pk}",
            {"dossier": found.number},
            stream="uses",
        )
    rows = queries.dossier_rows(found)
    for row in rows:
        key, fact = row["key"], row["fact"]
        if fact is not None:
            row["value"] = key.shown(showing.hidden(key.key, fact.value, key.sensitive and not reveal))
        row["planned"] = [(key.shown(one.value), one) for one in row["planned"]]
        row["earlier"] = [
            (key.shown(showing.hidden(key.key, one.value, key.sensitive and not reveal)), one)
            for one in row["earlier"]
        ]
    may_file = access.allowed(actor, "file", found) and found.status == "active"
    return render(
        request,
        "internal/dossier.html",
        {
            "dossier": found, "rows": rows, "reveal": reveal, "problem": problem,
            "items": [
                {"item": one, "kind": showing.state_kind(one.state)}
                for one in found.items.order_by("-filed_at")[:50]
            ],
            "legal": queries.legal_retirement(found) if found.kind == Dossier.Kind.STAFF else None,
            "may_file": may_file, "opened": form is not None,
            "form": form or (CorrectForm() if access.allowed(actor, "correct", found) else None),
        },
        status=status,
    )  # fmt: skip


@require_POST
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """更正."""
    found = queries.dossier(request.actor, number)  # type: ignore[attr-defined]
    form = CorrectForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        actions.correct_dossier(request.call(), dossier=found, **form.cleaned_data)  # type: ignore[attr-defined]
    except (InvalidInput, Conflict) as wrong:
        return _page(request, found, form=form, problem=wrong, status=wrong.status)
    messages.success(request, _("已更正，原内容保留可查。"))
    return redirect("internal:dossier", number=number)
