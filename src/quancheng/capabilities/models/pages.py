"""Pages of the registry at the desk."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from quancheng.capabilities.models import console, desk, queries
from quancheng.capabilities.models.values import RISK_TEXTS, Risk, State
from quancheng.kernel import access
from quancheng.kernel.errors import Forbidden

ROLES = frozenset({"models.engineer", "models.approver"})
KINDS = {
    State.DRAFT: "",
    State.EVALUATED: "info",
    State.APPROVED: "info",
    State.ACTIVE: "ok",
    State.RETIRED: "",
}


class ModelFilter(forms.Form):
    """筛选模型."""

    q = forms.CharField(label=_("模型编码"), required=False, max_length=60)
    risk = forms.ChoiceField(
        label=_("风险等级"),
        required=False,
        choices=[("", _("全部")), ("low", _("低风险")), ("medium", _("中风险")), ("high", _("高风险"))],
    )


def _staff(request: HttpRequest) -> None:
    if not request.actor.role_ids & ROLES:  # type: ignore[attr-defined]
        raise Forbidden


@require_GET
@never_cache
def models(request: HttpRequest) -> HttpResponse:
    """模型登记."""
    _staff(request)
    page = queries.models(request.actor, request.GET)  # type: ignore[attr-defined]
    rows = [{"row": one, "risk": RISK_TEXTS[Risk(one.risk)]} for one in page.items]
    return render(
        request,
        "models/models.html",
        {
            "page": page,
            "rows": rows,
            "filter": ModelFilter(request.GET),
            "may_register": "models.engineer" in request.actor.role_ids,  # type: ignore[attr-defined]
        },
    )


@require_GET
@never_cache
def model(request: HttpRequest, code: str) -> HttpResponse:
    """一个模型: its purpose, and the versions with what the trial load found."""
    _staff(request)
    row = queries.model(request.actor, code)  # type: ignore[attr-defined]
    versions = [
        {
            "row": one,
            "kind": KINDS[State(one.state)],
            "measured": queries.evaluations(request.actor, one),  # type: ignore[attr-defined]
        }
        for one in queries.versions(request.actor, code)  # type: ignore[attr-defined]
    ]
    found = {
        "row": row,
        "risk": RISK_TEXTS[Risk(row.risk)],
        "versions": versions,
        "manages": access.allowed(request.actor, "manage", row),  # type: ignore[attr-defined]
    }
    return render(request, "models/model.html", found)


urlpatterns = [
    path("work/models/", models, name="models"),
    path("work/models/new/", desk.new, name="new"),
    path("work/models/uses/", desk.uses, name="uses"),
    path("work/models/<slug:code>/", model, name="model"),
    path("work/models/<slug:code>/upload/", desk.upload, name="upload"),
    path("work/models/<slug:code>/<int:number>/", desk.version, name="version"),
    path("work/models/<slug:code>/<int:number>/<slug:name>/", desk.deed, name="deed"),
    path("open/algorithms/", console.algorithms, name="algorithms"),
    path("open/algorithms/<str:name>/", console.algorithm, name="algorithm"),
]
