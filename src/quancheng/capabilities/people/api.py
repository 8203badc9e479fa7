"""HTTP interface of the people capability, below ``/api/v1/people/``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.people import accounts, city, queries
from quancheng.capabilities.people.actions import update_contact
from quancheng.capabilities.people.models import Department, Firm, NaturalPerson
from quancheng.capabilities.people.pages.common import user_of
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import NotFound
from quancheng.kernel.middleware import call_of

router = Router()


class Contact(Schema):
    """New contact details; what is left out stays."""

    phone: str | None = None
    address: str | None = None


class RealName(Schema):
    """Name and number as on the identity card."""

    name: str
    id_number: str


class Lookup(Schema):
    """Look-up of one person for a purpose."""

    id_number: str
    purpose: str


class PeopleFilter(Schema):
    """Filters of the people list."""

    region: str = ""
    name: str = ""
    sex: str = ""
    age_from: str = ""
    age_to: str = ""
    cursor: str = ""
    size: int = 25


class FirmFilter(Schema):
    """Filters of the firm list."""

    name: str = ""
    uscc: str = ""
    region: str = ""
    industry: str = ""
    cursor: str = ""
    size: int = 25


@router.get("/me", summary="我是谁 Who am I", auth=None)
def me(request: HttpRequest) -> dict[str, Any]:
    """The actor of this request and, when verified, their masked basic facts."""
    actor = call_of(request).actor
    mine = queries.me(actor)
    return {
        "kind": actor.kind.value,
        "name": actor.name,
        "signed_in": actor.is_authenticated,
        "assurance": int(actor.assurance),
        "roles": sorted(actor.role_ids),
        "firm_id": actor.firm_id,
        "simulated": actor.simulated,
        "person": person_row(mine) if mine else None,
        "firms": [firm_row(firm) for firm in queries.firms_of(actor.person_id)],
    }


@router.get("/me/prefill", summary="可预填的信息 Pre-fill", auth=django_auth)
def prefill(request: HttpRequest) -> dict[str, Any]:
    """What forms need not ask, each value with its source."""
    return queries.prefill(call_of(request).actor)


@router.patch("/me/contact", summary="变更联系方式 Change contact", auth=django_auth)
def change_contact(request: HttpRequest, body: Contact) -> dict[str, Any]:
    """Change one's own phone or address; ``Idempotency-Key`` is honoured."""
    call = call_of(request)
    mine = queries.me(call.actor)
    if mine is None:
        raise NotFound(Text("账户尚未实名。", "The account has no verified name."))
    return person_row(update_contact(call, person=mine, **body.dict(exclude_none=True)))


@router.post("/me/real-name", summary="实名核验 Verify real name", auth=django_auth)
def verify(request: HttpRequest, body: RealName) -> dict[str, Any]:
    """Tie the account to a person by name and number."""
    user = accounts.verify_real_name(
        call_of(request), user=user_of(request), id_number=body.id_number, name=body.name
    )
    return {"verified": True, "name": user.display_name}


@router.get("/regions", summary="区划 Regions", auth=None)
def regions(request: HttpRequest, parent: str = "") -> list[dict[str, Any]]:
    """Regions directly below ``parent`` (districts and zones of the city without it)."""
    if parent:
        queries.region(parent)
    return [one.to_dict() for one in queries.regions(parent or None)]


@router.get("/districts.geojson", summary="区县轮廓 District outlines", auth=None)
def districts(request: HttpRequest) -> HttpResponse:
    """GeoJSON in CGCS2000 lon/lat; cached by ETag."""
    raw, etag = city.districts_geojson()
    if etag in request.headers.get("If-None-Match", ""):
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(raw, content_type="application/geo+json")
    answer["ETag"] = etag
    answer["Cache-Control"] = "public, max-age=86400"
    return answer


@router.get("/departments", summary="机构树 Departments", auth=None)
def departments(request: HttpRequest, under: str = "jn", depth: int = 1) -> list[dict[str, Any]]:
    """A department's sub-tree down to ``depth`` levels, in tree order."""
    top = queries.department(under)
    level = top.path.count("/")
    return [
        department_row(row)
        for row in queries.subtree(under).select_related("parent")
        if row.path.count("/") - level <= min(max(depth, 0), 6)
    ]


@router.get("/persons", summary="查询人口 People", auth=django_auth)
def persons(request: HttpRequest, filters: Query[PeopleFilter]) -> dict[str, Any]:
    """People of one's regions, masked, by cursor pages."""
    actor = call_of(request).actor
    values = {key: str(value) for key, value in filters.dict().items()}
    found = pagination.page(queries.search_people(actor, values), ("id",), values)
    return {
        "items": [person_row(row) for row in found],
        "next": found.next,
        "previous": found.previous,
    }


@router.post("/persons/lookup", summary="按证件查人 Look up a person", auth=django_auth)
def lookup(request: HttpRequest, body: Lookup) -> dict[str, Any]:
    """One person by identity number for a stated purpose; audited."""
    actor = call_of(request).actor
    found = queries.person_by_id_number(actor, body.id_number, purpose=body.purpose)
    return person_row(found)


@router.get("/firms", summary="查询法人 Firms", auth=None)
def firms(request: HttpRequest, filters: Query[FirmFilter]) -> dict[str, Any]:
    """Firms by name, code, region, industry, by cursor pages."""
    values = {key: str(value) for key, value in filters.dict().items()}
    found = pagination.page(queries.search_firms(call_of(request).actor, values), ("id",), values)
    return {
        "items": [firm_row(row) for row in found],
        "next": found.next,
        "previous": found.previous,
    }


def person_row(row: NaturalPerson) -> dict[str, Any]:
    """A person as lists and look-ups show them: masked."""
    return {
        "id": row.pk,
        "name": row.name,
        "id_number": row.masked_id,
        "sex": row.sex,
        "age": queries.age_of(row.birth_date),
        "region_code": row.region_code,
        "region": queries.region_name(row.region_code, full=True).to_dict(),
        "address": row.address,
        "phone": row.masked_phone,
        "simulated": row.simulated,
    }


def firm_row(row: Firm) -> dict[str, Any]:
    """Public facts of a firm."""
    return {
        "id": row.pk,
        "uscc": row.uscc,
        "name": row.name,
        "kind": row.kind,
        "industry": row.industry,
        "region_code": row.region_code,
        "established": row.established.isoformat(),
        "active": row.active,
        "simulated": row.simulated,
    }


def department_row(row: Department) -> dict[str, Any]:
    """A department of the tree."""
    return {
        "code": row.code,
        "parent": row.parent.code if row.parent else None,
        "level": row.level,
        "region_code": row.region_code,
        "name": row.text.to_dict(),
        "duty": row.duty.to_dict(),
        "plan": row.plan,
        "inferred": row.inferred,
    }
