"""HTTP interface of one-things: /api/v1/onething/."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.onething import actions, queries
from quancheng.capabilities.onething.models import Bundle, Theme
from quancheng.kernel.problems import Bilingual, Problem

router = Router(tags=["onething"])


class ThemeOut(Schema):
    """一件事主题."""

    code: str
    name: Bilingual
    summary: Bilingual
    zone: str
    simulated: bool
    version: int


class ThemesOut(Schema):
    items: list[ThemeOut]
    next: str | None


class GuideItemOut(Schema):
    """事项."""

    key: str
    matter: str
    name: Bilingual
    step: int
    promised_days: int
    always: bool


class GuideOut(ThemeOut):
    items: list[GuideItemOut]
    questions: dict[str, Any]


class BundleItemOut(Schema):
    """事项进度."""

    key: str
    matter: str
    name: Bilingual
    step: int
    state: str
    reason: Bilingual | None
    case: str | None
    due: date | None
    licence: str


class BundleOut(Schema):
    """一件事办件."""

    receipt: str
    theme: str
    state: str
    submitted_at: datetime | None
    finished_at: datetime | None
    packed: bool
    simulated: bool
    items: list[BundleItemOut]


class BundlesOut(Schema):
    items: list[BundleOut]
    next: str | None


class Listing(Schema):
    """Which page."""

    q: str = ""
    zone: str = ""
    cursor: str | None = None
    size: int | None = None


ERRORS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get("/themes", response={200: ThemesOut, 422: Problem}, summary="一件事主题 Themes")
def themes(request: HttpRequest, params: Query[Listing]) -> dict[str, Any]:
    page = queries.themes(request.actor, _set(params))  # type: ignore[attr-defined]
    return {"items": [_theme(one) for one in page.items], "next": page.next or None}


@router.get("/themes/{code}", response={200: GuideOut, 404: Problem}, summary="一件事指南 Guide")
def theme(request: HttpRequest, code: str) -> dict[str, Any]:
    found = queries.theme(request.actor, code)  # type: ignore[attr-defined]
    items = [
        {"key": one.key, "matter": one.matter.code, "name": one.matter.name, "step": one.layer,
         "promised_days": one.days, "always": one.always}
        for one in queries.guide_items(request.actor, found)  # type: ignore[attr-defined]
    ]  # fmt: skip
    return {**_theme(found), "items": items, "questions": queries.spec_of(found).questions}


@router.get("/bundles", auth=django_auth, response={200: BundlesOut, **ERRORS}, summary="我的一件事 Mine")
def bundles(request: HttpRequest, params: Query[Listing]) -> dict[str, Any]:
    page = queries.mine(request.actor, _set(params))  # type: ignore[attr-defined]
    return {"items": [_bundle(one) for one in page.items if one.receipt], "next": page.next or None}


@router.get(
    "/bundles/{receipt}", auth=django_auth, response={200: BundleOut, **ERRORS}, summary="一件事进度 Progress"
)
def bundle(request: HttpRequest, receipt: str) -> dict[str, Any]:
    return _bundle(queries.bundle(request.actor, receipt))  # type: ignore[attr-defined]


@router.post(
    "/bundles/{receipt}/withdraw",
    auth=django_auth,
    response={200: BundleOut, **ERRORS},
    summary="撤回 Withdraw",
)
def withdraw(request: HttpRequest, receipt: str) -> dict[str, Any]:
    found = queries.bundle(request.actor, receipt)  # type: ignore[attr-defined]
    return _bundle(actions.withdraw_bundle(request.call(), bundle=found))  # type: ignore[attr-defined]


@router.post(
    "/bundles/{receipt}/items/{key}/skip",
    auth=django_auth,
    response={200: BundleOut, **ERRORS},
    summary="不办一项 Skip",
)
def skip(request: HttpRequest, receipt: str, key: str) -> dict[str, Any]:
    actions.skip_item(request.call(), item=queries.item(request.actor, receipt, key))  # type: ignore[attr-defined]
    return _bundle(queries.bundle(request.actor, receipt))  # type: ignore[attr-defined]


@router.post(
    "/bundles/{receipt}/items/{key}/retry",
    auth=django_auth,
    response={200: BundleOut, **ERRORS},
    summary="重新办理 Retry",
)
def retry(request: HttpRequest, receipt: str, key: str) -> dict[str, Any]:
    actions.retry_item(request.call(), item=queries.item(request.actor, receipt, key))  # type: ignore[attr-defined]
    return _bundle(queries.bundle(request.actor, receipt))  # type: ignore[attr-defined]


def _set(params: Listing) -> dict[str, Any]:
    return {key: value for key, value in params.dict().items() if value not in (None, "")}


def _theme(found: Theme) -> dict[str, Any]:
    spec = queries.spec_of(found)
    return {
        "code": found.code, "name": found.name, "summary": spec.summary.to_dict(), "zone": found.zone,
        "simulated": spec.simulated, "version": found.current.number if found.current else 0,
    }  # fmt: skip


def _bundle(found: Bundle) -> dict[str, Any]:
    rows = [one for step in queries.steps(found) for one in step.rows]
    return {
        "receipt": found.receipt or "", "theme": found.theme.code, "state": found.state,
        "submitted_at": found.submitted_at, "finished_at": found.finished_at, "packed": bool(found.pack_digest),
        "simulated": found.simulated,
        "items": [
            {"key": one.key, "matter": one.matter, "name": one.name, "step": one.layer, "state": one.state,
             "reason": one.reason or None, "case": one.case.receipt if one.case else None,
             "due": one.case.due if one.case and one.progress.case_open else None,
             "licence": str(one.result.get("licence") or "")}
            for one in rows
        ],
    }  # fmt: skip
