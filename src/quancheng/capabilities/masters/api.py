"""HTTP interface of masters: /api/v1/masters/. A look-up names its purpose, counts against a limit, is audited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.masters import actions, profile, queries
from quancheng.capabilities.masters.models import Golden
from quancheng.kernel import pagination
from quancheng.kernel.problems import READ, Bilingual, Problem

router = Router()


WRITE = {**READ, 409: Problem, 429: Problem}


class MasterOut(Schema):
    code: str
    name: Bilingual
    owner: str
    records: int
    corroborated: int
    stale: bool


class LookupIn(Schema):
    master: str
    key: str
    purpose: str
    case: str = ""


class FactOut(Schema):
    """``source`` said it, ``why`` it stands, ``rivals`` say otherwise."""

    name: str
    label: Bilingual
    value: str
    source: Bilingual
    updated: date | None
    why: Bilingual
    rivals: int


class TagOut(Schema):
    code: str
    label: Bilingual
    citation: str
    valid_from: date
    working: list[str]
    simulated: bool


class RecordOut(Schema):
    number: str
    master: str
    sources: int
    updated_at: datetime
    purpose: str
    simulated: bool
    facts: list[FactOut]
    tags: list[TagOut]


class HomeOut(Schema):
    id: int
    address: str
    region_code: str
    residents: int
    contradictions: int
    state: str
    score: float
    findings: list[Bilingual]
    rule_from: date | None
    simulated: bool


class HomePage(Schema):
    """``note``: the score is a hint to look, never a ground to act."""

    items: list[HomeOut]
    next: str | None
    previous: str | None
    note: Bilingual


class PairOut(Schema):
    id: int
    master: str
    left: str
    right: str
    state: str
    probability: float
    evidence: list[Bilingual]
    simulated: bool


class PairPage(Schema):
    items: list[PairOut]
    next: str | None
    previous: str | None


class Decide(Schema):
    verdict: str
    reason: str


class Filters(Schema):
    cursor: str = ""
    size: str = ""
    region: str = ""
    state: str = ""
    master: str = ""


NOTE = {
    "zh": "仅供走访核实参考，不得单独作为行政决定的依据。",
    "en": "A hint to look; never a ground for a decision on its own.",
}


@router.get("/masters", response={200: list[MasterOut], **READ}, auth=django_auth, summary="基础库 Masters")
def masters(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "code": one.code, "name": one.text.to_dict(), "owner": one.owner, "records": one.records,  # type: ignore[attr-defined]
            "corroborated": one.many, "stale": one.stale,  # type: ignore[attr-defined]
        }
        for one in queries.masters(request.actor)  # type: ignore[attr-defined]
    ]  # fmt: skip


@router.post(
    "/lookup",
    response={200: RecordOut, **WRITE},
    auth=django_auth,
    summary="按号码查询 Look up by number for a purpose",
)
def lookup(request: HttpRequest, payload: LookupIn) -> dict[str, Any]:
    call, actor = request.call(), request.actor  # type: ignore[attr-defined]
    actions.note_lookup(call, purpose=payload.purpose, case=payload.case)
    golden = queries.by_key(actor, queries.master(actor, payload.master), payload.key)
    actions.open_record(call, golden=golden, purpose=payload.purpose, case=payload.case, way="api")
    found = queries.opened(actor, golden)
    assert found is not None
    return _record(golden, found[1])


def _record(golden: Golden, purpose: Any) -> dict[str, Any]:
    return {
        "number": golden.code, "master": golden.master.code, "sources": golden.sources,
        "updated_at": golden.updated_at, "purpose": purpose.code, "simulated": golden.simulated,
        "facts": [
            {
                "name": one.name, "label": one.text.to_dict(), "value": one.value, "source": one.source.to_dict(),
                "updated": one.updated, "why": one.why.to_dict(), "rivals": len(one.rivals),
            }
            for one in profile.facts(golden, purpose)
        ],
        "tags": [
            {
                "code": one.rule.code, "label": one.rule.text.to_dict(), "citation": one.rule.citation,
                "valid_from": one.rule.valid_from, "working": list(one.working), "simulated": one.rule.simulated,
            }
            for one in profile.tags(golden)
        ]
        if purpose.shows("birth") or golden.master.code == "legal"
        else [],
    }  # fmt: skip


@router.get("/homes", response={200: HomePage, **READ}, auth=django_auth, summary="房屋 Homes")
def homes(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    page = pagination.page(
        queries.homes(request.actor, {"region": filters.region, "state": filters.state}),  # type: ignore[attr-defined]
        ("-score", "-id"),
        filters.dict(),
    )
    items = [
        {
            "id": one.pk, "address": one.address, "region_code": one.region_code, "residents": one.residents,
            "contradictions": one.contradictions_count, "state": one.state, "score": one.score,
            "findings": [said["text"] for said in one.findings], "rule_from": one.rule_from,
            "simulated": one.simulated,
        }
        for one in page
    ]  # fmt: skip
    return {"items": items, "next": page.next, "previous": page.previous, "note": NOTE}


@router.get("/pairs", response={200: PairPage, **READ}, auth=django_auth, summary="待核对 Pairs to review")
def pairs(request: HttpRequest, filters: Query[Filters]) -> dict[str, Any]:
    found = queries.pairs(request.actor, {"master": filters.master, "state": filters.state})  # type: ignore[attr-defined]
    page = pagination.page(found, ("-value", "-id"), filters.dict())
    return {"items": [_pair(one) for one in page], "next": page.next, "previous": page.previous}


@router.post(
    "/pairs/{pk}/decide", response={200: PairOut, **WRITE}, auth=django_auth, summary="判定 Decide a pair"
)
def decide(request: HttpRequest, pk: int, payload: Decide) -> dict[str, Any]:
    found = queries.pair(request.actor, pk)  # type: ignore[attr-defined]
    call = request.call()  # type: ignore[attr-defined]
    return _pair(actions.decide_pair(call, pair=found, verdict=payload.verdict, reason=payload.reason))


def _pair(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk, "master": one.master.code, "left": one.left, "right": one.right, "state": one.state,
        "probability": one.probability, "evidence": [said["text"] for said in one.evidence],
        "simulated": one.simulated,
    }  # fmt: skip
