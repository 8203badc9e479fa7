"""HTTP interface of internal handling: /api/v1/internal/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.internal import actions, papersight, queries, showing
from quancheng.capabilities.internal.models import Dossier, Item, Paper
from quancheng.capabilities.internal.retirement import Category, Month, Schedule, retirement
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.problems import READ, WRITE, Bilingual, Problem

router = Router()


class RetirementOut(Schema):
    birth: str
    delay_months: int
    age: Bilingual
    statutory: str
    earliest: str
    latest: str
    citation: str


class WorkOut(Schema):
    id: int
    item: str
    element: str
    name: Bilingual
    kind: str
    department: Bilingual
    role: str
    state: str
    outcome: str
    due_on: date


class WorkPage(Schema):
    items: list[WorkOut]
    next: str | None
    previous: str | None


class InternalItemOut(Schema):
    number: str
    code: str
    name: Bilingual
    subject: str
    unit: Bilingual
    state: str
    filed_at: datetime
    due_on: date
    returns: int
    revision: int
    simulated: bool


class ItemPage(Schema):
    items: list[InternalItemOut]
    next: str | None
    previous: str | None


class NoticeOut(Schema):
    kind: str
    title: Bilingual
    code: str
    sha256: str


class ItemDetail(InternalItemOut):
    works: list[WorkOut]
    notices: list[NoticeOut]
    provenance: dict[str, Any]
    form: dict[str, Any]


class DossierOut(Schema):
    number: str
    name: str
    kind: str
    unit: Bilingual
    status: str
    retires_on: date | None


class DossierPage(Schema):
    items: list[DossierOut]
    next: str | None
    previous: str | None


class PaperOut(Schema):
    id: int
    title: str
    number: str
    kind: str
    organ: Bilingual
    state: str
    version: int
    online: bool
    revision: int


class PaperPage(Schema):
    items: list[PaperOut]
    next: str | None
    previous: str | None


class Filing(Schema):
    code: str
    dossier: str | None = None
    unit: int | None = None
    form: dict[str, Any] = {}


class InternalDecision(Schema):
    work: int
    outcome: str
    opinion: str = ""
    form: dict[str, Any] | None = None


class ListFilters(Schema):
    q: str = ""
    code: str = ""
    state: str = ""
    due: str = ""
    cursor: str = ""
    size: str = ""


class DossierFilters(Schema):
    q: str = ""
    status: str = ""
    due: str = ""
    cursor: str = ""
    size: str = ""


class PaperFilters(Schema):
    q: str = ""
    kind: str = ""
    state: str = ""
    box: str = ""
    cursor: str = ""
    size: str = ""


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _clean(filters: Schema) -> dict[str, str]:
    return {key: str(value).replace("\x00", "") for key, value in filters.dict().items()}


@router.get(
    "/retirement", response={200: RetirementOut, 422: Problem}, summary="法定退休时间计算 When one retires"
)
def when(request: HttpRequest, birth: str, category: str) -> dict[str, Any]:
    """``birth`` is ``1965-01``; ``category`` is ``male``, ``female_55`` or ``female_50``."""
    if category not in set(Category):
        wrong = Text("类别应为 male、female_55 或 female_50。", "category: male, female_55 or female_50")
        raise InvalidInput(wrong, fields={"category": wrong})
    unread = Text("出生年月应如 1965-01。", "birth looks like 1965-01")
    try:
        month = Month.parse(birth)
    except ValueError as broken:
        raise InvalidInput(unread, fields={"birth": unread}) from broken
    if not 1900 <= month.year <= 2100:
        raise InvalidInput(unread, fields={"birth": unread})
    found = rulebook.find(f"internal.retirement.{category}")
    answer = retirement(month, Schedule.of(found.table()))
    return {
        "birth": str(answer.birth), "delay_months": answer.delay, "age": answer.age.to_dict(),
        "statutory": str(answer.statutory), "earliest": str(answer.earliest), "latest": str(answer.latest),
        "citation": found.rule.citation,
    }  # fmt: skip


@router.get("/inbox", auth=django_auth, response={200: WorkPage, **READ}, summary="待办 What waits")
def inbox(request: HttpRequest, filters: Query[ListFilters]) -> dict[str, Any]:
    page = queries.inbox(_actor(request), _clean(filters))
    return {"items": [_work(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get("/items", auth=django_auth, response={200: ItemPage, **READ}, summary="事项列表 Items")
def items(request: HttpRequest, filters: Query[ListFilters]) -> dict[str, Any]:
    page = queries.items(_actor(request), _clean(filters))
    return {"items": [_item(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.post(
    "/items", auth=django_auth, response={201: InternalItemOut, **WRITE}, summary="申报事项 File an item"
)
def file(request: HttpRequest, body: Filing) -> tuple[int, dict[str, Any]]:
    call = request.call()  # type: ignore[attr-defined]
    dossier = queries.dossier(call.actor, body.dossier) if body.dossier else None
    made = actions.file_item(
        call, code=body.code.replace("\x00", ""), form=body.form, dossier=dossier, unit_id=body.unit
    )
    return 201, _item(made)


@router.get(
    "/items/{number}", auth=django_auth, response={200: ItemDetail, **READ}, summary="事项进度 One item"
)
def item(request: HttpRequest, number: str) -> dict[str, Any]:
    found = queries.item(_actor(request), number)
    provenance = {
        key: {**fact, "value": showing.hidden(key, fact["value"], key in {"id_number", "phone"})}
        for key, fact in found.provenance.items()
    }
    form = {k: showing.hidden(k, v, k in {"id_number", "phone"}) for k, v in found.form.items()}
    return _item(found) | {
        "works": [_work(one) for one in queries.works(found)],
        "notices": [
            {"kind": one.kind, "title": one.title, "code": one.code, "sha256": one.digest}
            for one in found.notices.all()
        ],
        "provenance": provenance, "form": form,
    }  # fmt: skip


@router.post(
    "/items/{number}/decide",
    auth=django_auth,
    response={200: InternalItemOut, **WRITE},
    summary="办理环节 Decide a step",
)
def decide(request: HttpRequest, number: str, body: InternalDecision) -> dict[str, Any]:
    found = queries.item(_actor(request), number)
    work = next((one for one in queries.works(found) if one.pk == body.work), None)
    if work is None:
        raise NotFound()
    return _item(
        actions.decide_work(
            request.call(), work=work, outcome=body.outcome, opinion=body.opinion, form=body.form  # type: ignore[attr-defined]
        )
    )  # fmt: skip


@router.get("/dossiers", auth=django_auth, response={200: DossierPage, **READ}, summary="档案 Dossiers")
def dossiers(request: HttpRequest, filters: Query[DossierFilters]) -> dict[str, Any]:
    page = queries.dossiers_page(_actor(request), _clean(filters))
    return {"items": [_dossier(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get("/papers", auth=django_auth, response={200: PaperPage, **READ}, summary="公文 Documents")
def papers(request: HttpRequest, filters: Query[PaperFilters]) -> dict[str, Any]:
    page = papersight.papers(_actor(request), _clean(filters))
    return {"items": [_paper(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get("/verify/{code}", response={200: dict[str, Any]}, summary="文书验真 Verify a notice")
def verify(request: HttpRequest, code: str) -> dict[str, Any]:
    verdict = queries.verify_notice(_actor(request), code)
    return {
        key: value.to_dict() if isinstance(value, Text) else value for key, value in verdict.items()
    }  # fmt: skip


def _work(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk, "item": one.item.number, "element": one.element, "name": one.name, "kind": one.kind,
        "department": one.department.text.to_dict(), "role": one.role, "state": str(one.state),
        "outcome": one.outcome, "due_on": one.due_on,
    }  # fmt: skip


def _item(one: Item) -> dict[str, Any]:
    return {
        "number": one.number, "code": one.code, "name": one.name, "subject": one.subject_name,
        "unit": one.unit.text.to_dict(), "state": str(one.state), "filed_at": one.filed_at, "due_on": one.due_on,
        "returns": one.returns, "revision": one.revision, "simulated": one.simulated,
    }  # fmt: skip


def _dossier(one: Dossier) -> dict[str, Any]:
    return {
        "number": one.number, "name": one.name, "kind": one.kind, "unit": one.unit.text.to_dict(),
        "status": str(one.status), "retires_on": one.retires_on,
    }  # fmt: skip


def _paper(one: Paper) -> dict[str, Any]:
    return {
        "id": one.pk, "title": one.title, "number": one.number, "kind": one.kind,
        "organ": one.organ.text.to_dict(), "state": str(one.state), "version": one.version, "online": one.online,
        "revision": one.revision,
    }  # fmt: skip
