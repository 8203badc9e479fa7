"""交换客户端: for a party's own programs: ask with a signature, check the answer's, keep the evidence, take deliveries.

Needs of the platform only ``core``; nothing of Django. Times come from ``now``, the connection from
``transport`` (HTTP by default), so that it runs anywhere, in a test too::

    client = ExchangeClient("https://data.jinan.example", Party(...), Ed25519Signer(key), trusted)
    answer = client.query(Terms(grant="SQD…", …), fields=("name",), condition=Comparison(...))
    client.evidence(terms, answer.message)          # the consumer's evidence file, when it is stamped
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from quancheng.core import exchange as core
from quancheng.core.exchange.canonical import Json, canonical, read_json

MEDIA_TYPE = "application/vnd.quancheng.exchange+json"
_ANSWER_BYTES = 64 * 2**20
Transport = Callable[[str, bytes], tuple[int, bytes]]
"""Path and body of a POST → status and body of the answer."""


class ExchangeRefused(Exception):  # noqa: N818: what happened, not a fault
    """The provider refused with a signed answer, or the platform did not take the request (未受理)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status, self.reason = status, reason


class NotProved(Exception):
    """The answer's signature does not hold, or it answers another request (应答无法核验)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What every request under a grant says again (授权要素)."""

    grant: str
    provider: core.Party
    resource: str
    purpose: str
    basis: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of an answer, proved (已核验的应答). ``message`` is the request's id, for the evidence."""

    message: str
    rows: list[dict[str, Any]]
    next: int | None
    request: core.Signed
    response: core.Signed


def over_http(base: str, timeout: float = 30.0) -> Transport:
    """A transport to a platform at ``https://…``."""
    if not base.startswith(("http://", "https://")):
        raise ValueError("http or https")

    def post(path: str, body: bytes) -> tuple[int, bytes]:
        request = urllib.request.Request(base.rstrip("/") + path, body, {"Content-Type": MEDIA_TYPE})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return answer.status, answer.read(_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            return error.code, error.read(_ANSWER_BYTES)

    return post


@dataclass(slots=True)
class ExchangeClient:
    """A consumer's side of the protocol (需求方)."""

    transport: Transport
    party: core.Party
    signer: core.Signer
    keys: core.TrustedKeys
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def query(
        self,
        terms: Terms,
        fields: tuple[str, ...],
        condition: core.Condition | None = None,
        *,
        case: str = "",
        limit: int | None = None,
        offset: int = 0,
        masks: Mapping[str, core.Mask] | None = None,
    ) -> Answer:
        """Ask once. Raises ExchangeRefused, NotProved, OSError when there is no connection."""
        asking: dict[str, Json] = {"offset": offset}
        if limit is not None:
            asking["limit"] = limit
        if masks:
            asking["masks"] = {name: str(way) for name, way in masks.items()}
        signed = self.sign(terms, fields, condition, case, canonical(asking))
        status, raw = self.transport(f"/exchange/v1/{terms.grant}", wire(signed))
        if status not in (200, 403, 502) or not raw.lstrip().startswith(b'{"body'):
            raise ExchangeRefused(status, _problem(raw))
        answered, header = self._proved(signed, raw)
        if header.outcome is not core.Outcome.DELIVERED:
            raise ExchangeRefused(status, header.reason)
        content = json.loads(answered.body or b"{}")
        return Answer(str(signed.header["id"]), content["rows"], content["next"], signed, answered)

    def evidence(self, terms: Terms, message: str) -> bytes:
        """Our evidence file of an earlier exchange. Raises ExchangeRefused while it has no stamp (409)."""
        signed = self.sign(terms, ("evidence",), None, message, b"")
        status, raw = self.transport(f"/exchange/v1/{terms.grant}/evidence", wire(signed))
        if status != 200:
            raise ExchangeRefused(status, _problem(raw))
        return raw

    def sign(
        self, terms: Terms, fields: tuple[str, ...], condition: core.Condition | None, case: str, body: bytes
    ) -> core.Signed:
        """A signed request, not sent."""
        header = core.Request(
            uuid4().hex,
            self.now(),
            self.party,
            terms.provider,
            terms.grant,
            terms.resource,
            terms.purpose,
            terms.basis,
            fields,
            case,
            None if condition is None else core.condition_to_json(condition),
        )
        return core.sign_request(header, body, self.signer)

    def _proved(self, asked: core.Signed, raw: bytes) -> tuple[core.Signed, core.Response]:
        answered, header = read_answer(raw, self.keys)
        if header.request != asked.header["id"] or header.request_digest != asked.digest:
            raise NotProved("another request is answered")
        return answered, header


def read_answer(raw: bytes, keys: core.TrustedKeys) -> tuple[core.Signed, core.Response]:
    """A provider's message, when a trusted key of the provider signed it and its body. Raises NotProved."""
    try:
        signed = core.signed_from_json(read_json(raw, _ANSWER_BYTES), "$")
        header = core.response_from_header(cast(Json, signed.header), "$.header")
    except core.FormatError as error:
        raise NotProved(str(error)) from error
    key = keys.find(signed.signature.key)
    if key is None or key.owner != header.provider.code or not key.valid_at(header.time):
        raise NotProved("the key is not trusted for the provider")
    if core.body_digest(signed.body or b"") != signed.body_digest:
        raise NotProved("the body was changed")
    if not core.signature_holds(signed.signature, core.Domain.MESSAGE, signed.digest, key.public_der):
        raise NotProved("the signature does not hold")
    return signed, header


def wire(signed: core.Signed) -> bytes:
    """A signed message as bytes."""
    return canonical(core.signed_to_json(signed))


def _problem(raw: bytes) -> str:
    try:
        said = json.loads(raw)
        return str(said.get("detail") or said.get("title") or "")
    except (ValueError, AttributeError):
        return ""


@dataclass(slots=True)
class Inbox:
    """A consumer's endpoint of a subscription (订阅接收端): each delivery proved, taken once, applied in order.

    ``apply(content)`` gets ``{"reset", "version", "complete", "changes": […]}``; keep what it does and ``receiver``
    in one transaction of your own database.
    """

    grant: str
    keys: core.TrustedKeys
    apply: Callable[[dict[str, Any]], None]
    receiver: core.Receiver = field(default_factory=lambda: core.Receiver(256, 64))
    waiting: dict[int, dict[str, Any]] = field(default_factory=dict)
    applied: int = 0

    def take(self, raw: bytes) -> bytes:
        """Take one delivery; returns the receipt to answer with. Raises NotProved."""
        signed, header = read_answer(raw, self.keys)
        content = json.loads(signed.body or b"{}")
        number = content["number"]
        if header.request != f"{self.grant}-{number}":
            raise NotProved("a delivery of another subscription")
        self.receiver, arrival = self.receiver.take(number, signed.digest)
        if arrival is core.Arrival.CONFLICT:
            raise NotProved("one number, two contents")
        if arrival is core.Arrival.NEW:
            self.waiting[number] = content
            while self.applied + 1 in self.waiting:
                self.applied += 1
                self.apply(self.waiting.pop(self.applied))
        receipt = self.receiver.receipt()
        return json.dumps({"upto": receipt.upto, "beyond": sorted(receipt.beyond)}).encode()
