"""交换网关: one signed request in, one signed answer out, with evidence of both before the answer leaves.

Order: read → whose signature → how old → may the ledger take one more → rate → the grant's decision →
rows → signature → **one transaction** that decides once more with everything locked, charges the quota,
writes the exchange, its evidence and the uses of people's data. What is answered is written; what could
not be written was not answered.

An authentic request that the grant does not cover gets a signed refusal, which is evidence too. What
nobody has signed, floods, and a stopped ledger get a plain error and leave no trace in the ledger.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from quancheng.capabilities.exchange import grants, keyring, ledger, messages, sources, terms
from quancheng.capabilities.exchange.models import Exchange, Grant, PartyKey
from quancheng.core import exchange as core
from quancheng.core.exchange.condition_form import condition_from_json
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, NotFound, PartnerFailed, TooMany

DEFAULT_ROWS = 100
NO_KEY = Text(
    "签名的密钥未登记、已失效或已撤销。", "The signing key is not registered, out of date or revoked."
)
NOT_SIGNED = Text(
    "签名与报文不符，或者不是需求方的密钥。", "The signature does not fit, or the key is not the consumer's."
)
REPLAYED = Text("同一编号的报文已经受理过。", "A message with this id was taken before.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway says (应答): the signed message and the HTTP status."""

    status: int
    body: bytes
    outcome: core.Outcome
    exchange: int | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """A request that has passed the door (已核验的请求)."""

    received: messages.Received
    key: str
    grant: Grant
    use: core.Use
    at: datetime
    started: float
    mode: core.Mode


def answer(service: str, raw: bytes) -> Answer:
    """Answer one request of ``POST /exchange/v1/<grant number>``.

    Raises InvalidInput, Forbidden, NotFound, Conflict (replayed), TooMany, Unavailable; all of them leave
    the ledger as it was.
    """
    started, at = time.monotonic(), clock.now()
    received = messages.read_request(raw)
    key = require_signed(received, at)
    ledger.intake.require(at)
    grant = grant_for(service, received)
    return serve(Taking(received, key, grant, use_of(received), at, started, core.Mode.QUERY))


def require_signed(received: messages.Received, at: datetime) -> str:
    """The name of the key that signed, when it counts now and is the consumer's; raises Forbidden."""
    signature, header = received.signed.signature, received.header
    row = PartyKey.objects.select_related("party").filter(name=signature.key).first()
    if row is None or not keyring.trusted_of(row, row.party.code).valid_at(at):
        raise Forbidden(NO_KEY, todo=Text("请登记或更换密钥。", "Register or rotate the key."))
    good = row.role == PartyKey.Role.MESSAGE and row.party.code == header.consumer.code
    good = good and row.algorithm == signature.algorithm
    good = good and core.signature_holds(
        signature, core.Domain.MESSAGE, received.signed.digest, bytes(row.public)
    )
    if not good:
        raise Forbidden(
            NOT_SIGNED, todo=Text("请检查密钥与单位代码。", "Check the key and the party's code.")
        )
    tuning = terms.tuning(at.astimezone(clock.LOCAL).date())
    if header.time > at + tuning.skew:
        raise Conflict(
            core.ReplayReason.FROM_THE_FUTURE.text, todo=Text("请校准时钟。", "Set the clock right.")
        )
    if header.time < at - tuning.window:
        raise Conflict(core.ReplayReason.TOO_OLD.text, todo=Text("请重新签发请求。", "Sign a new request."))
    if Exchange.objects.filter(consumer_id=row.party_id, message=header.id).exists():
        raise Conflict(REPLAYED, todo=Text("每次请求用新的编号。", "Use a new id for each request."))
    return row.name


def grant_for(service: str, received: messages.Received) -> Grant:
    """The grant of the address, when it is the signer's; raises NotFound."""
    found = (
        Grant.objects.select_related("consumer", "provider", "counter")
        .filter(number=service, consumer__code=received.header.consumer.code)
        .first()
    )
    if found is None or received.header.provider.code != found.provider.code:
        raise NotFound(messages.NOT_HERE)
    return found


def use_of(received: messages.Received) -> core.Use:
    """What the request wants to do, for the decision."""
    header, asking = received.header, received.asking
    condition = None if header.condition is None else condition_from_json(header.condition)
    fields = {name: asking.masks.get(name, core.Mask.KEEP) for name in header.fields}
    return core.Use(
        header.grant,
        header.consumer.code,
        header.resource,
        header.purpose,
        fields,
        core.Mode.QUERY,
        condition,
        asking.limit,
        header.case,
    )


def serve(taking: Taking) -> Answer:
    """Decide, fetch, sign, write, answer."""
    grant, at = taking.grant, taking.at
    allowed, ok = grants.rate_of(grant).take(grant.counter.due, at)
    del ok
    if not allowed:
        raise _too_fast(grant, at)
    if taking.received.header.basis != grant.basis:
        return _refuse(taking, Text("依据与授权不符。", "The basis is not the granted one."))
    verdict = core.decide(grants.value_of(grant), grants.used_of(grant.counter), taking.use, at)
    if isinstance(verdict, core.Refused):
        _plain_limits(verdict)
        return _refuse(taking, verdict.text)
    limit = verdict.rows if verdict.rows is not None else DEFAULT_ROWS
    if taking.use.rows is None:
        limit = min(limit, DEFAULT_ROWS)
    try:
        found = sources.rows_of(grant, verdict, limit + 1, taking.received.asking.offset, at)
    except PartnerFailed as error:
        _finish(taking, core.Outcome.FAILED, [], False, error.detail.zh)
        raise
    verdict = replace(verdict, rows=limit)
    shown = list(core.deliver(verdict, found, grants.hash_key(grant.number)))
    return _finish(
        taking, core.Outcome.DELIVERED, shown, len(found) > limit, "", persons_in(grant, found[:limit])
    )


def persons_in(grant: Grant, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Resident numbers of whom the rows are about."""
    if not grant.person_field:
        return ()
    return tuple(dict.fromkeys(str(row[grant.person_field]) for row in rows if row.get(grant.person_field)))


def _plain_limits(verdict: core.Refused) -> None:
    """Limits that a flood would meet are no evidence; raises TooMany."""
    if verdict.reason in (core.Refusal.CALLS_USED_UP, core.Refusal.ROWS_USED_UP, core.Refusal.CLOCK):
        raise TooMany(
            verdict.text, todo=Text("请明日再用，或申请提高额度。", "Use it tomorrow, or ask for more.")
        )


def _too_fast(grant: Grant, at: datetime) -> TooMany:
    wait = grants.rate_of(grant).wait(grant.counter.due, at)
    return TooMany(
        Text("调用过快，超过授权的每秒次数。", "Faster than the grant allows."),
        extra={"retry_after_seconds": round(wait.total_seconds(), 3)},
    )


def _refuse(taking: Taking, text: Text) -> Answer:
    return _finish(taking, core.Outcome.REFUSED, [], False, text.zh)


def _finish(
    taking: Taking,
    outcome: core.Outcome,
    rows: list[dict[str, object]],
    more: bool,
    reason: str,
    persons: tuple[str, ...] = (),
) -> Answer:
    """Sign the answer and write the exchange; then, and only then, answer."""
    from quancheng.capabilities.exchange import actions

    delivered = outcome is core.Outcome.DELIVERED
    body = messages.rows_body(rows, more, taking.received.asking.offset) if delivered else b""
    signer = keyring.signer_of(taking.grant.provider, taking.at)
    signed = messages.answer_to(
        taking.received, uuid4().hex, clock.now(), outcome, len(rows), reason[:200], body, signer
    )
    call = Call.system("exchange", simulated=taking.grant.simulated)
    row = actions.record_exchange(
        call, taking=taking, answer=signed, outcome=outcome, rows=len(rows), reason=reason, persons=persons
    )
    status = {core.Outcome.DELIVERED: 200, core.Outcome.REFUSED: 403, core.Outcome.FAILED: 502}[outcome]
    return Answer(status, messages.wire(signed), outcome, row.pk)
