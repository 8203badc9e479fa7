"""HTTP interface of the citizen code: /api/v1/code/. Gates come with a bearer token."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from ninja import Field, Query, Router, Schema
from ninja.security import HttpBearer, django_auth

from quancheng.capabilities.code import actions, queries
from quancheng.capabilities.code.models import Verifier
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.problems import Bilingual, Problem

router = Router()


class GateToken(HttpBearer):
    """令牌: the one ``renew_token`` showed once."""

    def authenticate(self, request: HttpRequest, token: str) -> Verifier | None:
        """The gate, or None."""
        return queries.verifier_by_token(token)


class ScanIn(Schema):
    """``at``: Unix seconds of the gate's clock; ``verdict``: what the gate decided ("ok" or a reason)."""

    token: str = Field(max_length=1200)
    at: int
    scene: str = Field(max_length=30)
    verdict: str = Field(max_length=30)


class UploadIn(Schema):
    """``sent_at``: Unix seconds of the gate's clock when it sends; shows a wrong clock."""

    sent_at: int
    scans: list[ScanIn]


class UploadOut(Schema):
    accepted: int
    received_at: datetime
    skew_seconds: int


class SeenOut(Schema):
    at: datetime
    scene: str
    name: Bilingual
    place: str
    finding: str
    fare: int
    simulated: bool


class SeenPage(Schema):
    items: list[SeenOut]
    next: str | None
    previous: str | None


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)
    scene: str = ""


@router.get("/bundle", summary="离线名单 What a gate needs to work cut off")
def gate_bundle(request: HttpRequest) -> HttpResponse:
    return bundle_answer(request)


def bundle_answer(request: HttpRequest) -> HttpResponse:
    """The bundle with an ETag that changes with the lists, not with the time in it."""
    content = queries.bundle()
    timeless = json.dumps({**content, "time": 0}, sort_keys=True).encode()
    tag = f'"{hashlib.sha256(timeless).hexdigest()[:32]}"'
    answer = HttpResponse(json.dumps(content, ensure_ascii=False), content_type="application/json")
    answer["Cache-Control"] = "no-cache"
    answer["ETag"] = tag
    return cast(HttpResponse, get_conditional_response(request, etag=tag, response=answer))


@router.post(
    "/scans",
    auth=GateToken(),
    response={200: UploadOut, 401: Problem, 403: Problem, 409: Problem, 422: Problem},
    summary="上传扫码记录 Upload scans (batch)",
)
def upload(request: HttpRequest, body: UploadIn) -> dict[str, Any]:
    gate: Verifier = request.auth  # type: ignore[attr-defined]
    return taken(gate, request, body.sent_at, [one.dict() for one in body.scans])


def taken(
    gate: Verifier, request: HttpRequest, sent_at: int, scans: list[dict[str, Any]], call: Call | None = None
) -> dict[str, Any]:
    """Keep an upload of a gate; the header ``Idempotency-Key`` names the batch."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 0 < len(key) <= 80:
        said = Text(
            "请求头 Idempotency-Key 须有 1 至 80 个字符。",
            "The header Idempotency-Key has 1 to 80 characters.",
        )
        raise InvalidInput(said)
    try:
        sent = datetime.fromtimestamp(sent_at, UTC)
    except (ValueError, OverflowError, OSError):
        said = Text("sent_at 须为秒。", "sent_at is Unix seconds.")
        raise InvalidInput(said, fields={"sent_at": said}) from None
    call = call or Call(gate_actor(gate))
    kept = actions.take_scans(call, verifier=gate, key=key, scans=scans, sent_at=sent)
    skew = round((kept.received_at - sent).total_seconds())
    return {"accepted": kept.count, "received_at": kept.received_at, "skew_seconds": skew}


def gate_actor(gate: Verifier) -> Actor:
    """A gate as actor."""
    return Actor(ActorKind.DEVICE, name=f"gate:{gate.code}", simulated=gate.simulated)


@router.get(
    "/seen",
    auth=django_auth,
    response={200: SeenPage, 401: Problem, 422: Problem},
    summary="谁扫过我 Scans of my code",
)
def seen(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    page = queries.seen(request.actor, paging.dict())  # type: ignore[attr-defined]
    items = [
        {"at": one.at, "scene": one.scene, "name": one.text.to_dict(), "place": one.verifier.name,
         "finding": one.finding, "fare": one.fare, "simulated": one.simulated}
        for one in page.items
    ]  # fmt: skip
    return {"items": items, "next": page.next, "previous": page.previous}
