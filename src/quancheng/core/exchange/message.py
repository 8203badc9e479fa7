"""报文: request and response of one exchange, their canonical form and digests.

Digest: ``SHA512(SHA512(header) ‖ SHA512(body))``, the rule of X-Road's Message Protocol for REST
(PR-REST, header X-Road-Request-Hash), where the header is the canonical JSON (``canonical``). One
difference: X-Road leaves the body's half out when there is no body; here an empty body is hashed
like any other, so that every message has one form. A response names the request's digest in its own
header: signing the response signs the pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quancheng.core.exchange.canonical import Json, b64decode, b64encode, canonical, read_time, write_time
from quancheng.core.exchange.errors import FormatError
from quancheng.core.exchange.signing import Domain, Signature, Signer, sign
from quancheng.core.text import Text

__all__ = [
    "FORMAT",
    "Outcome",
    "Party",
    "Request",
    "Response",
    "Signed",
    "body_digest",
    "message_digest",
    "request_from_header",
    "response_from_header",
    "sign_request",
    "sign_response",
]

FORMAT = "quancheng-exchange/1"


class Outcome(StrEnum):
    """How the provider answered (响应结果)."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Party:
    """An organ: its unified code and name (单位)."""

    code: str
    name: Text

    def __post_init__(self) -> None:
        if not self.code or not self.name.zh:
            raise FormatError("party", "单位应有代码和名称", "a party has a code and a name")


@dataclass(frozen=True, slots=True)
class Request:
    """Header of a request (请求头): who asks whom, for what, under which grant.

    ``condition`` is the JSON of the narrowing row condition; the body carries what else the
    resource's interface wants. ``case`` is the business it serves, for the citizen to read.
    """

    id: str
    time: datetime
    consumer: Party
    provider: Party
    grant: str
    resource: str
    purpose: str
    basis: str
    fields: tuple[str, ...]
    case: str = ""
    condition: Json = None
    media_type: str = "application/json"

    def header(self) -> dict[str, Json]:
        """The header's JSON (报文头)."""
        return {
            "format": FORMAT,
            "kind": "request",
            "id": self.id,
            "time": write_time(self.time),
            "consumer": _party(self.consumer),
            "provider": _party(self.provider),
            "grant": self.grant,
            "resource": self.resource,
            "purpose": self.purpose,
            "basis": self.basis,
            "fields": list(self.fields),
            "case": self.case,
            "condition": self.condition,
            "media_type": self.media_type,
        }


@dataclass(frozen=True, slots=True)
class Response:
    """Header of a response (响应头). ``request_digest`` binds it to one request."""

    id: str
    time: datetime
    consumer: Party
    provider: Party
    request: str
    request_digest: bytes
    outcome: Outcome
    rows: int
    reason: str = ""
    media_type: str = "application/json"

    def header(self) -> dict[str, Json]:
        """The header's JSON (报文头)."""
        return {
            "format": FORMAT,
            "kind": "response",
            "id": self.id,
            "time": write_time(self.time),
            "consumer": _party(self.consumer),
            "provider": _party(self.provider),
            "request": self.request,
            "request_digest": b64encode(self.request_digest),
            "outcome": str(self.outcome),
            "rows": self.rows,
            "reason": self.reason,
            "media_type": self.media_type,
        }


@dataclass(frozen=True, slots=True)
class Signed:
    """A header, the digest of its body, the signature, and the body if it is kept (签名报文)."""

    header: Mapping[str, Json]
    body_digest: bytes
    signature: Signature
    body: bytes | None = None

    @property
    def digest(self) -> bytes:
        """The message's digest (报文摘要)."""
        return message_digest(self.header, self.body_digest)

    def without_body(self) -> Signed:
        """The same without the body (不留存正文): evidence need not hold the personal data itself."""
        return replace(self, body=None)


def body_digest(body: bytes) -> bytes:
    """SHA-512 of a body (正文摘要)."""
    return hashlib.sha512(body).digest()


def message_digest(header: Mapping[str, Json], body: bytes) -> bytes:
    """``SHA512(SHA512(header) ‖ body digest)`` (报文摘要); ``body`` is ``body_digest``'s result."""
    return hashlib.sha512(hashlib.sha512(canonical(header)).digest() + body).digest()


def sign_request(request: Request, body: bytes, signer: Signer) -> Signed:
    """The consumer's signed request (签署请求)."""
    return _signed(request.header(), body, signer)


def sign_response(response: Response, body: bytes, signer: Signer) -> Signed:
    """The provider's signed response (签署响应)."""
    return _signed(response.header(), body, signer)


def request_from_header(header: Json, place: str = "request.header") -> Request:
    """Read a request header strictly (读请求头): all members, no others, right types."""
    read = _Reader(header, place, "request")
    request = Request(
        read.text("id"),
        read.time("time"),
        read.party("consumer"),
        read.party("provider"),
        read.text("grant"),
        read.text("resource"),
        read.text("purpose"),
        read.text("basis"),
        read.texts("fields"),
        read.text("case", empty=True),
        read.any("condition"),
        read.text("media_type"),
    )
    read.done()
    return request


def response_from_header(header: Json, place: str = "response.header") -> Response:
    """Read a response header strictly (读响应头)."""
    read = _Reader(header, place, "response")
    outcome = read.text("outcome")
    if outcome not in set(Outcome):
        raise FormatError(f"{place}.outcome", "未知的结果", "an unknown outcome")
    response = Response(
        read.text("id"),
        read.time("time"),
        read.party("consumer"),
        read.party("provider"),
        read.text("request"),
        b64decode(read.any("request_digest"), f"{place}.request_digest"),
        Outcome(outcome),
        read.count("rows"),
        read.text("reason", empty=True),
        read.text("media_type"),
    )
    read.done()
    return response


def _signed(header: dict[str, Json], body: bytes, signer: Signer) -> Signed:
    digest = body_digest(body)
    signature = sign(signer, Domain.MESSAGE, message_digest(header, digest))
    return Signed(header, digest, signature, body)


def _party(party: Party) -> Json:
    return {"code": party.code, "name": party.name.zh, "name_en": party.name.en}


class _Reader:
    """Members of one header, each read once."""

    def __init__(self, header: Json, place: str, kind: str) -> None:
        if not isinstance(header, Mapping):
            raise FormatError(place, "应为对象", "an object is wanted")
        self._left = dict(header)
        self._place = place
        if self.text("format") != FORMAT or self.text("kind") != kind:
            raise FormatError(place, "格式或种类不符", "another format or kind")

    def any(self, name: str) -> Json:
        if name not in self._left:
            raise FormatError(f"{self._place}.{name}", "缺少此项", "missing")
        return self._left.pop(name)

    def text(self, name: str, empty: bool = False) -> str:
        value = self.any(name)
        if not isinstance(value, str) or not (value or empty):
            raise FormatError(f"{self._place}.{name}", "应为文本", "a text is wanted")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.any(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise FormatError(f"{self._place}.{name}", "应为文本列表", "a list of texts is wanted")
        return tuple(value)

    def count(self, name: str) -> int:
        value = self.any(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise FormatError(f"{self._place}.{name}", "应为非负整数", "a count is wanted")
        return value

    def time(self, name: str) -> datetime:
        return read_time(self.any(name), f"{self._place}.{name}")

    def party(self, name: str) -> Party:
        value, place = self.any(name), f"{self._place}.{name}"
        if not isinstance(value, Mapping) or value.keys() != {"code", "name", "name_en"}:
            raise FormatError(place, "单位应有 code、name、name_en", "a party has code, name and name_en")
        code, zh, en = value["code"], value["name"], value["name_en"]
        if not (isinstance(code, str) and isinstance(zh, str) and isinstance(en, str)):
            raise FormatError(place, "应为文本", "texts are wanted")
        return Party(code, Text(zh, en))

    def done(self) -> None:
        if self._left:
            raise FormatError(
                self._place, f"多余的项 {sorted(self._left)}", f"extra members {sorted(self._left)}"
            )
