"""HTTP interface of counters and custody: /api/v1/counter/. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.counter import actions, queries
from quancheng.capabilities.counter.models import Bag
from quancheng.capabilities.counter.values import Confirmation
from quancheng.kernel import pagination
from quancheng.kernel.problems import READ, WRITE, Bilingual, Problem

router = Router()


class HallOut(Schema):
    code: str
    level: str
    region_code: str
    name: Bilingual
    address: Bilingual
    hours: Bilingual
    windows: int
    accessible: bool
    simulated: bool


class HallPage(Schema):
    items: list[HallOut]
    next: str | None
    previous: str | None


class BagOut(Schema):
    number: str
    seal: str
    receipt: str
    state: str
    holder: str
    holder_name: str
    count: int
    problem: bool
    due_at: datetime | None
    simulated: bool


class BagPage(Schema):
    items: list[BagOut]
    next: str | None
    previous: str | None


class LinkOut(Schema):
    sequence: int
    at: datetime
    kind: str
    giver: str
    taker: str
    signer: str
    data: dict[str, Any]
    previous: str
    digest: str
    signature: str


class ChainOut(BagOut):
    intact: bool
    verdict: Bilingual
    chain: list[LinkOut]


class Seen(Schema):
    count: int
    seal: str = ""
    intact: bool = True


class Move(Schema):
    verb: str
    courier: str = ""
    waybill: str = ""
    confirmation: Seen | None = None
    note: str = ""


class HallFilters(Schema):
    level: str = ""
    region: str = ""
    accessible: str = ""
    cursor: str = ""
    size: str = ""


class BagFilters(Schema):
    q: str = ""
    state: str = ""
    holder: str = ""
    due: str = ""
    problem: str = ""
    cursor: str = ""
    size: str = ""


def _clean(filters: Schema) -> dict[str, str]:
    return {key: str(value).replace("\x00", "") for key, value in filters.dict().items()}


@router.get("/halls", response={200: HallPage, 422: Problem}, summary="四级大厅 Halls")
def halls(request: HttpRequest, filters: Query[HallFilters]) -> Any:
    params = _clean(filters)
    found = queries.halls(request.actor, params)  # type: ignore[attr-defined]
    return pagination.page(found, queries.HALLS, params)


@router.get("/halls.geojson", response={200: dict[str, Any]}, summary="大厅位置 Halls as GeoJSON")
def halls_geojson(request: HttpRequest) -> dict[str, Any]:
    found = queries.halls(request.actor, {})  # type: ignore[attr-defined]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [one.longitude, one.latitude]},
                "properties": {
                    "code": one.code, "name": one.name, "address": one.address, "level": one.level,
                    "href": f"/halls/{one.code}/",
                },
            }
            for one in found
        ],
    }  # fmt: skip


@router.get("/bags", response={200: BagPage, **READ}, auth=django_auth, summary="材料袋 Bags of paper")
def bags(request: HttpRequest, filters: Query[BagFilters]) -> dict[str, Any]:
    page = queries.bags(request.actor, _clean(filters))  # type: ignore[attr-defined]
    return {"items": [_bag(one) for one in page.items], "next": page.next, "previous": page.previous}


@router.get(
    "/bags/{number}", response={200: ChainOut, **READ}, auth=django_auth, summary="交接链 Chain of custody"
)
def bag(request: HttpRequest, number: str) -> dict[str, Any]:
    found = queries.bag(request.actor, number)  # type: ignore[attr-defined]
    verdict = queries.verdict(found)
    links = [{name: getattr(one, name) for name in LinkOut.model_fields} for one in queries.chain(found)]
    return {**_bag(found), "intact": verdict.good, "verdict": verdict.text.to_dict(), "chain": links}


@router.post(
    "/bags/{number}/move", response={200: BagOut, **WRITE}, auth=django_auth, summary="交接 Hand over"
)
def move(request: HttpRequest, number: str, payload: Move) -> dict[str, Any]:
    found = queries.bag(request.actor, number)  # type: ignore[attr-defined]
    seen = Confirmation(**payload.confirmation.dict()) if payload.confirmation else None
    moved = actions.move_bag(
        request.call(),  # type: ignore[attr-defined]
        bag=found, verb=payload.verb, courier=payload.courier, waybill=payload.waybill, confirmation=seen,
        note=payload.note,
    )  # fmt: skip
    return _bag(moved)


def _bag(one: Bag) -> dict[str, Any]:
    return {
        "number": one.number, "seal": one.seal, "receipt": one.case.receipt, "state": one.state,
        "holder": one.holder, "holder_name": one.holder_name, "count": one.count, "problem": one.problem,
        "due_at": one.due_at, "simulated": one.simulated,
    }  # fmt: skip
