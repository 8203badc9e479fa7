"""线上报文: signed messages as the bodies of HTTP requests and answers (``/exchange/v1/``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import msgspec

from quancheng.core import exchange as core
from quancheng.core.exchange.canonical import Json, canonical, read_json
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

MEDIA_TYPE = "application/vnd.quancheng.exchange+json"
LIMIT = 256 * 1024
"""Bytes of a request."""
encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request's body may narrow (请求正文): rows, where to begin, stricter masks."""

    limit: int | None = None
    offset: int = 0
    masks: dict[str, core.Mask] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came: signed message, header, body (收到的请求). Nothing is checked yet."""

    signed: core.Signed
    header: core.Request
    asking: Asking


def read_request(raw: bytes) -> Received:
    """Read a request's bytes strictly; raises InvalidInput with the place."""
    try:
        signed = core.signed_from_json(read_json(raw, LIMIT), "$")
        header = core.request_from_header(cast(Json, signed.header), "$.header")
        body = b"" if signed.body is None else signed.body
        if core.body_digest(body) != signed.body_digest:
            raise core.FormatError("$.body", "正文与摘要不符", "the body does not have its digest")
        return Received(signed, header, _asking(body))
    except core.ExchangeError as error:
        raise InvalidInput(error.text) from error


def _asking(body: bytes) -> Asking:
    if not body:
        return Asking()
    value = read_json(body, LIMIT)
    if not isinstance(value, dict) or value.keys() - {"limit", "offset", "masks"}:
        raise core.FormatError("$.body", "只可含 limit、offset、masks", "only limit, offset and masks")
    limit, offset, masks = value.get("limit"), value.get("offset", 0), value.get("masks", {})
    good = (limit is None or _count(limit, 1)) and _count(offset, 0) and isinstance(masks, dict)
    if not good or not set(masks.values()) <= set(core.Mask):
        raise core.FormatError("$.body", "limit、offset、masks 取值有误", "a wrong limit, offset or mask")
    return Asking(limit, offset, {name: core.Mask(way) for name, way in masks.items()})


def _count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 10**9


def rows_body(rows: list[dict[str, object]], more: bool, offset: int) -> bytes:
    """The body of an answer with rows. Decimals are texts, times ISO 8601."""
    return encode({"rows": rows, "count": len(rows), "next": offset + len(rows) if more else None})


def wire(signed: core.Signed) -> bytes:
    """A signed message as bytes."""
    return canonical(core.signed_to_json(signed))


def kept(signed: core.Signed) -> str:
    """The same without its body, for the ledger."""
    return canonical(core.signed_to_json(signed.without_body())).decode()


def answer_to(
    received: Received,
    id: str,
    at: datetime,
    outcome: core.Outcome,
    rows: int,
    reason: str,
    body: bytes,
    signer: core.Signer,
) -> core.Signed:
    """The provider's signed answer to a request."""
    header = received.header
    response = core.Response(
        id, at, header.consumer, header.provider, header.id, received.signed.digest, outcome, rows, reason
    )
    return core.sign_response(response, body, signer)


NOT_HERE = Text(
    "没有这项授权，或者它不属于签名的单位。", "There is no such grant, or it is not the signer's."
)
