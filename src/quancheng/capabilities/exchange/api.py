"""API of sharing: /api/v1/exchange/; for the desk's programs. Exchanges themselves go over /exchange/v1/."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from quancheng.capabilities.exchange import actions, queries
from quancheng.capabilities.exchange.models import Exchange, Grant, ShareRequest
from quancheng.capabilities.exchange.values import Asked, Given
from quancheng.core.exchange import Mask, Mode
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotSignedIn

router = Router(tags=["exchange"])


class RequestOut(Schema):
    """共享申请."""

    number: str
    resource: str
    name: dict[str, str]
    consumer: str
    provider: str
    fields: list[str]
    purpose: str
    basis: str
    way: str
    stage: str
    due: date | None
    late: bool
    waiting: bool


class GrantOut(Schema):
    """授权."""

    number: str
    request: str
    resource: str
    name: dict[str, str]
    consumer: str
    provider: str
    fields: dict[str, str]
    search: list[str]
    purpose: str
    basis: str
    modes: list[str]
    calls_per_day: int
    rows_per_call: int
    valid_from: datetime
    valid_until: datetime
    status: str


class ExchangeOut(Schema):
    """交换记录."""

    id: int
    message: str
    grant: str
    consumer: str
    provider: str
    at: datetime
    mode: str
    outcome: str
    rows: int
    case: str
    stamped: bool


class Requests(Schema):
    """A page of requests."""

    items: list[RequestOut]
    next: str | None


class Grants(Schema):
    """A page of grants."""

    items: list[GrantOut]
    next: str | None


class Exchanges(Schema):
    """A page of exchanges."""

    items: list[ExchangeOut]
    next: str | None


class SharingAskIn(Schema):
    """What is asked for."""

    consumer: str
    resource: str
    fields: list[str]
    purpose: str
    basis_title: str
    basis_clause: str
    way: str = "api"
    starts: date
    ends: date
    calls_per_day: int = 1000
    condition: dict[str, Any] | None = None
    rows_note: str = ""
    contact: str = ""
    renews: str = ""


class StepIn(Schema):
    """One step."""

    deed: str
    reason: str = ""
    basis: str = ""
    days: int = 0


class GiveIn(Schema):
    """Terms of a grant."""

    fields: dict[str, str]
    ends: date
    calls_per_day: int
    rows_per_call: int = 100
    rows_per_day: int = 10_000
    rate_per_second: float = 20.0
    condition: dict[str, Any] | None = None
    search: list[str] = []
    case_required: bool = False


def _actor(request: HttpRequest) -> Any:
    actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    return queries.require_desk(actor)


@router.get("/requests", response=Requests, summary="共享申请 Requests")
def requests(
    request: HttpRequest,
    side: str = "",
    stage: str = "",
    late: bool = False,
    q: str = "",
    organ: str = "",
    cursor: str = "",
    size: int = 25,
) -> dict[str, Any]:
    """Requests the asker may see, newest first."""
    wanted = {
        "side": side,
        "stage": stage,
        "late": late,
        "q": q,
        "organ": organ,
        "cursor": cursor,
        "size": size,
    }
    page = queries.request_page(_actor(request), wanted)
    return {"items": [_request(one) for one in page], "next": page.next}


@router.post("/requests", response={201: RequestOut}, summary="申请共享 Ask for data")
def post_request(request: HttpRequest, body: SharingAskIn) -> tuple[int, dict[str, Any]]:
    """Ask for data; what is shared without condition is granted at once."""
    _actor(request)
    facts = body.dict()
    consumer = facts.pop("consumer")
    asked = Asked(**(facts | {"fields": tuple(facts["fields"])}))
    row = actions.ask(request.call(), consumer=consumer, asked=asked)  # type: ignore[attr-defined]
    return 201, _request(row)


@router.get("/requests/{number}", response=RequestOut, summary="一件申请 One request")
def one_request(request: HttpRequest, number: str) -> dict[str, Any]:
    """One request the asker may see."""
    return _request(queries.request(_actor(request), number))


@router.post("/requests/{number}/steps", response=RequestOut, summary="办理一步 One step")
def step(request: HttpRequest, number: str, body: StepIn) -> dict[str, Any]:
    """Any deed but agreeing."""
    _actor(request)
    row = actions.advance(request.call(), number=number, **body.dict())  # type: ignore[attr-defined]
    return _request(row)


@router.post("/requests/{number}/grant", response={201: GrantOut}, summary="同意共享 Agree")
def post_grant(request: HttpRequest, number: str, body: GiveIn) -> tuple[int, dict[str, Any]]:
    """Agree with terms at most as wide as asked."""
    _actor(request)
    facts = body.dict()
    strange = sorted(set(facts["fields"].values()) - set(Mask))
    if strange:
        text = Text(f"没有这种遮蔽方式：{strange[0][:20]}", f"No such mask: {strange[0][:20]}")
        raise InvalidInput(fields={"fields": text})
    facts["fields"] = {name: Mask(way) for name, way in facts["fields"].items()}
    facts["search"] = tuple(facts["search"])
    grant = actions.agree(request.call(), number=number, given=Given(**facts))  # type: ignore[attr-defined]
    return 201, _grant(grant)


@router.get("/grants", response=Grants, summary="授权 Grants")
def grants(
    request: HttpRequest, side: str = "", status: str = "", q: str = "", cursor: str = "", size: int = 25
) -> dict[str, Any]:
    """Grants the asker may see, newest first."""
    wanted = {"side": side, "status": status, "q": q, "cursor": cursor, "size": size}
    page = queries.grant_page(_actor(request), wanted)
    return {"items": [_grant(one) for one in page], "next": page.next}


@router.get("/grants/{number}", response=GrantOut, summary="一项授权 One grant")
def one_grant(request: HttpRequest, number: str) -> dict[str, Any]:
    """One grant the asker may see."""
    return _grant(queries.grant(_actor(request), number))


@router.get("/exchanges", response=Exchanges, summary="交换记录 Exchanges")
def exchanges(
    request: HttpRequest,
    grant: str = "",
    outcome: str = "",
    mode: str = "",
    q: str = "",
    cursor: str = "",
    size: int = 25,
) -> dict[str, Any]:
    """Exchanges the asker may see, newest first."""
    wanted = {"grant": grant, "outcome": outcome, "mode": mode, "q": q, "cursor": cursor, "size": size}
    page = queries.exchange_page(_actor(request), wanted)
    return {"items": [_exchange(one) for one in page], "next": page.next}


@router.get("/exchanges/{pk}/evidence/{keeper}", summary="证据文件 Evidence")
def evidence(request: HttpRequest, pk: int, keeper: str) -> HttpResponse:
    """The evidence file of ``consumer`` or ``provider``, when it is stamped."""
    if keeper not in ("consumer", "provider"):
        raise InvalidInput(Text("应为 consumer 或 provider。", "consumer or provider is wanted."))
    return HttpResponse(queries.evidence(_actor(request), pk, keeper), content_type="application/json")


@router.get("/ledger", summary="台账状态 State of the ledger")
def ledger(request: HttpRequest) -> dict[str, Any]:
    """How many exchanges wait for a stamp and since when."""
    state = queries.ledger_state(_actor(request))
    return {
        "pending": state.pending,
        "oldest_seconds": state.oldest_seconds,
        "intake": str(state.acceptance.intake),
        "load": round(state.acceptance.load, 3),
    }


def _request(one: ShareRequest) -> dict[str, Any]:
    return {
        "number": one.number, "resource": one.resource, "name": one.resource_text.to_dict(),
        "consumer": one.consumer.code, "provider": one.provider.code, "fields": one.fields, "purpose": one.purpose,
        "basis": one.basis, "way": one.way, "stage": one.stage, "due": one.due, "late": one.late, "waiting": one.waiting,
    }  # fmt: skip


def _grant(one: Grant) -> dict[str, Any]:
    return {
        "number": one.number, "request": one.request.number, "resource": one.resource,
        "name": one.resource_text.to_dict(), "consumer": one.consumer.code, "provider": one.provider.code,
        "fields": one.fields, "search": one.search, "purpose": one.purpose, "basis": one.basis,
        "modes": [str(Mode(mode)) for mode in one.modes], "calls_per_day": one.calls_per_day,
        "rows_per_call": one.rows_per_call, "valid_from": one.valid_from, "valid_until": one.valid_until,
        "status": one.status,
    }  # fmt: skip


def _exchange(one: Exchange) -> dict[str, Any]:
    return {
        "id": one.pk, "message": one.message, "grant": one.grant.number, "consumer": one.consumer.code,
        "provider": one.provider.code, "at": one.at, "mode": one.mode, "outcome": one.outcome, "rows": one.rows,
        "case": one.case, "stamped": one.stamp_id is not None,
    }  # fmt: skip
