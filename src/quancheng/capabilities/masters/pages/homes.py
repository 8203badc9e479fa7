"""一户一档 and 房屋空置: homes, communities, a trial of thresholds. The score is never a ground to act alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.masters import actions, forms, queries, vacancies
from quancheng.capabilities.masters.models import Home
from quancheng.capabilities.masters.pages.common import desk, language, tried
from quancheng.capabilities.masters.profile import label_of
from quancheng.capabilities.masters.recipe import recipe
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import pagination

KINDS = {"OCCUPIED": "ok", "UNCERTAIN": "warn", "VACANT": "bad", "UNKNOWN": ""}


@require_safe
def homes(request: HttpRequest) -> HttpResponse:
    """房屋: by community, state, contradictions."""
    actor = desk(request)
    form = forms.HomeFilter(request.GET)
    page = pagination.page(queries.homes(actor, form.wanted()), ("-score", "-id"), request.GET)
    rows = [
        {"row": one, "kind": KINDS.get(one.state, ""), "region": _region(one.region_code)} for one in page
    ]
    return render(request, "masters/homes.html", {"form": form, "page": page, "rows": rows})


@require_safe
def communities(request: HttpRequest) -> HttpResponse:
    """社区与阈值试算: counts of each community, and what other thresholds would give."""
    actor = desk(request)
    points = vacancies.in_force()
    given = {"occupied": points.rule.occupied, "vacant": points.rule.vacant}
    asked = "vacant" in request.GET
    form = forms.TrialForm(request.GET if asked else None, initial=given)
    now: dict[str, int] = queries.trial(actor, **given)
    tried_: dict[str, int] | None = None
    if asked:

        def compute() -> None:
            nonlocal tried_
            tried_ = queries.trial(actor, **form.cleaned_data)

        tried(form, compute)
    rows = [{**one, "region": _region(one["region_code"])} for one in queries.by_community(actor)]
    trial = [
        {"label": label, "now": now[state], "then": tried_[state] if tried_ else None}
        for state, label in Home.State.choices
    ]
    context = {"rows": rows, "form": form, "trial": trial, "tried": tried_ is not None, "points": points}
    return render(request, "masters/communities.html", context, status=422 if form.errors else 200)


def _region(code: str) -> Any:
    return people.region_name(code, full=True) if code else ""


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest, pk: int) -> HttpResponse:
    """一户: people by source once a purpose is stated, contradictions, why it looks lived-in or not."""
    actor = desk(request)
    found = queries.home(actor, pk)
    offered = [
        one
        for one in queries.purposes_for(actor, "population")
        if "address" in one.fields or one.fields == ("*",)
    ]
    form = forms.PurposeForm(request.POST or None, offered=offered, language=language())
    status = 200
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        if tried(form, lambda: actions.open_home(call, home=found, **form.cleaned_data)):
            return redirect(request.path)
        status = 422
    look = queries.opened(actor, found.golden)
    context = {
        "home": found, "kind": KINDS.get(found.state, ""), "form": form, "look": look, "region": _region(found.region_code),
        "points": vacancies.in_force(), **(_people(actor, found) if look else {}),
    }  # fmt: skip
    return render(request, "masters/home.html", context, status=status)


def _people(actor: Any, found: Home) -> dict[str, Any]:
    """Who may be named: people whose own record was opened with the home."""
    made = recipe("population")
    named: dict[str, Any] = {}
    lives = []
    for one in found.residences.select_related("golden__master"):
        opened = queries.opened(actor, one.golden) is not None
        name = one.golden.label if opened else label_of(one.golden, made)
        named[str(one.golden_id)] = {"name": name, "code": one.golden.code, "opened": opened}
        lives.append(
            {"row": one, "name": name, "code": one.golden.code, "opened": opened, "values": one.golden.values}
        )
    unknown = {"name": "—", "code": "", "opened": False}
    households = [
        {
            "head": named.get(made_["head"], unknown),
            "because": Text.of(made_["because"]),
            "members": [
                {**named.get(m["person"], unknown), "relation": Text.of(m["relation"])}
                for m in made_["members"]
            ],
            "text": Text.of(made_["text"]),
        }
        for made_ in found.households
    ]
    contradictions = [
        one
        for one in found.contradictions
        if not one.get("person") or named.get(one["person"], unknown)["opened"]
    ]
    return {"lives": lives, "households": households, "contradictions": contradictions}
