"""工作台: people and firms for officials; each look at a person states its purpose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.people import city, queries
from quancheng.capabilities.people.forms import (
    FirmFilterForm,
    LookupForm,
    PeopleFilterForm,
    PurposeForm,
    refuse,
)
from quancheng.capabilities.people.models import Firm, NaturalPerson
from quancheng.capabilities.people.pages.common import actor_of, signed_in
from quancheng.core.text import Text
from quancheng.kernel import access, audit, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotFound, QuanchengError

READERS = frozenset({"people.reader", "people.registrar", "people.admin"})


@require_GET
@signed_in
def people(request: HttpRequest) -> HttpResponse:
    """人口查询: filters in the URL, masked rows, cursor paging, the search itself audited."""
    actor = _reader(request)
    form = PeopleFilterForm(request.GET or None)
    return _people_page(request, actor, form, LookupForm())


def _people_page(
    request: HttpRequest, actor: Actor, form: PeopleFilterForm, lookup_form: LookupForm
) -> HttpResponse:
    filters = _filters(form)
    page = pagination.page(queries.search_people(actor, filters), ("id",), request.GET)
    if filters:
        audit.record(
            actor,
            "people.search",
            "people.NaturalPerson:*",
            {"filters": sorted(filters), "shown": len(page)},
            stream=queries.USES,
        )
    context = {
        "form": form,
        "lookup": lookup_form,
        "page": page,
        "rows": [_person_row(one) for one in page],
    }
    status = 422 if lookup_form.is_bound else 200
    return render(request, "people/people.html", context, status=status)


def _filters(form: forms.Form) -> dict[str, str]:
    if not form.is_bound or not form.is_valid():
        return {}
    return {key: str(value) for key, value in form.cleaned_data.items() if value not in ("", None)}


def _person_row(one: NaturalPerson) -> dict[str, Any]:
    return {
        "href": f"/work/people/{one.pk}/",
        "name": one.name,
        "id": one.masked_id,
        "sex": one.get_sex_display(),
        "age": queries.age_of(one.birth_date),
        "region": queries.region_name(one.street_code, full=True),
        "simulated": one.simulated,
    }


@require_POST
@signed_in
def lookup(request: HttpRequest) -> HttpResponse:
    """按身份证号查一人, for a stated purpose."""
    actor = _reader(request)
    form = LookupForm(request.POST)
    if form.is_valid():
        try:
            found = queries.person_by_id_number(actor, **form.cleaned_data)
        except QuanchengError as wrong:
            refuse(form, wrong)
        else:
            query = urlencode({"purpose": form.cleaned_data["purpose"]})
            return redirect(f"/work/people/{found.pk}/?{query}")
    return _people_page(request, actor, PeopleFilterForm(), form)


@require_GET
@signed_in
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """一人详情: asks for the purpose first, then shows and records the view."""
    actor = _reader(request)
    found = queries.person(actor, pk)
    form = PurposeForm(request.GET or None)
    purpose = form.cleaned_data["purpose"] if form.is_bound and form.is_valid() else ""
    context: dict[str, Any] = {"person": found, "form": form, "purpose": purpose}
    if purpose:
        audit.record(actor, "people.view", found.reference, {"purpose": purpose}, stream=queries.USES)
        home = found.household_id or 0
        members = access.visible(actor, NaturalPerson).filter(household_id=home)
        context |= {
            "age": queries.age_of(found.birth_date),
            "place": queries.region_name(found.region_code, full=True),
            "members": [_person_row(one) for one in members.exclude(pk=found.pk)],
            "firms": Firm.objects.filter(legal_person=found),
        }
    return render(request, "people/person.html", context)


@require_GET
@signed_in
def firms(request: HttpRequest) -> HttpResponse:
    """法人查询."""
    actor = _reader(request)
    form = FirmFilterForm(request.GET or None)
    page = pagination.page(queries.search_firms(actor, _filters(form)), ("id",), request.GET)
    industries = _industries()
    rows = [
        {
            "href": f"/work/firms/{one.pk}/",
            "name": one.name,
            "uscc": one.uscc,
            "industry": industries.get(one.industry, Text(one.industry, one.industry)),
            "region": queries.region_name(one.region_code[:9], full=True),
            "established": one.established,
            "simulated": one.simulated,
        }
        for one in page
    ]
    return render(request, "people/firms.html", {"form": form, "page": page, "rows": rows})


@require_GET
@signed_in
def firm(request: HttpRequest, pk: int) -> HttpResponse:
    """一家企业的登记信息与经办人."""
    actor = _reader(request)
    found = access.visible(actor, Firm).select_related("legal_person").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    context = {
        "firm": found,
        "industry": _industries().get(found.industry, Text(found.industry, found.industry)),
        "place": queries.region_name(found.region_code, full=True),
        "agents": found.agents.count(),
    }
    return render(request, "people/firm.html", context)


def _industries() -> dict[str, Text]:
    rows = city.document("population")["firms"]["industries"]
    return {row[0]: Text(row[1], row[2]) for row in rows}


def _reader(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if not READERS & actor.role_ids:
        raise Forbidden()
    return actor
