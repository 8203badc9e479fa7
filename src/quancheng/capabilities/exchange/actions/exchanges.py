"""The writer of exchanges, of stamps and of circuits: the hot way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError

from quancheng.capabilities.exchange import grants, keyring, ledger, messages, sources, terms
from quancheng.capabilities.exchange.models import (
    Backend,
    Counter,
    Exchange,
    Grant,
    Party,
    PartyKey,
    Stamp,
    UseLine,
)
from quancheng.capabilities.people import queries as people
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, TooMany

if TYPE_CHECKING:
    from quancheng.capabilities.exchange.gateway import Taking

_AUTHORITY = Text("泉城交换时间戳服务", "Time stamps of Quancheng's exchange")
STAMP_KEY_YEARS = 10


@action("exchange.record", idempotent=False)
def record_exchange(
    call: Call,
    *,
    taking: Taking,
    answer: core.Signed,
    outcome: core.Outcome,
    rows: int,
    reason: str = "",
    persons: Sequence[str] = (),
) -> Exchange:
    """登记一次交换: the pair of messages, the quota charged, the uses of people's data, in one transaction.

    Everything that may have changed since the decision is asked again under lock: the key, the grant, the
    quota, the rate. Raises Forbidden (key revoked in between), Conflict (replayed, grant changed), TooMany.
    """
    access.require(call.actor, "record", Exchange)
    counter = Counter.objects.select_for_update().get(grant_id=taking.grant.pk)
    grant = Grant.objects.select_related("consumer", "provider").get(pk=taking.grant.pk)
    if taking.key and not keyring.live(call.at).filter(name=taking.key).exists():
        raise Forbidden(Text("密钥刚刚被撤销。", "The key was revoked a moment ago."))
    if outcome is core.Outcome.DELIVERED:
        _charge(grant, counter, taking, rows)
    elif outcome is core.Outcome.REFUSED:
        counter.due = _paced(grant, counter, taking.at)
        counter.save(update_fields=["due"])
    row = _written(grant, taking, answer, outcome, rows, reason, call.at)
    _tell_persons(row, persons)
    audit.note(exchange=row.pk, grant=grant.number, outcome=str(outcome), rows=rows)
    return row


def _paced(grant: Grant, counter: Counter, at: datetime) -> datetime | None:
    conforms, due = grants.rate_of(grant).take(counter.due, at)
    if not conforms:
        raise TooMany(Text("调用过快，超过授权的每秒次数。", "Faster than the grant allows."))
    return due


def _charge(grant: Grant, counter: Counter, taking: Taking, rows: int) -> None:
    verdict = core.decide(grants.value_of(grant), grants.used_of(counter), taking.use, taking.at)
    if isinstance(verdict, core.Refused):
        raise Conflict(verdict.text)
    if taking.mode is core.Mode.QUERY and verdict.rows is not None and rows > verdict.rows:
        raise TooMany(core.Refusal.ROWS_USED_UP.text)
    if verdict.fields != taking_fields(grant, taking):
        raise Conflict(Text("授权刚刚变更，请重新请求。", "The grant was changed a moment ago; ask again."))
    used = grants.quota_of(grant).delivered(verdict.used, rows, grant.valid_from, taking.at)
    counter.window, counter.calls, counter.rows = used.window, used.calls, used.rows
    if taking.mode is core.Mode.QUERY:
        counter.due = _paced(grant, counter, taking.at)
    counter.save(update_fields=["window", "calls", "rows", "due"])


def taking_fields(grant: Grant, taking: Taking) -> dict[str, core.Mask]:
    """Fields as the grant showed them when the rows were masked."""
    return {
        name: core.meet(way, core.Mask(taking.grant.fields[name])) for name, way in taking.use.fields.items()
    }


def _written(
    grant: Grant,
    taking: Taking,
    answer: core.Signed,
    outcome: core.Outcome,
    rows: int,
    reason: str,
    at: datetime,
) -> Exchange:
    row = Exchange(
        grant=grant,
        consumer=grant.consumer,
        provider=grant.provider,
        message=taking.received.header.id,
        at=at,
        mode=str(taking.mode),
        outcome=str(outcome),
        reason=reason[:200],
        rows=rows,
        case=taking.use.case[:80],
        milliseconds=int((time.monotonic() - taking.started) * 1000),
        request=messages.kept(taking.received.signed),
        response=messages.kept(answer),
        simulated=grant.simulated,
    )
    try:
        row.save(force_insert=True)
    except IntegrityError as twice:
        raise Conflict(
            Text("同一编号的报文已经受理过。", "A message with this id was taken before.")
        ) from twice
    return row


def _tell_persons(row: Exchange, numbers: Sequence[str]) -> None:
    """使用记录: one line a person whose row left; people find them on their page."""
    if not numbers:
        return
    known: dict[str, int] = {}
    everybody = people.search_people(Actor.system("exchange"), {})
    for start in range(0, len(numbers), 500):
        part = everybody.filter(id_number__in=numbers[start : start + 500])
        known |= dict(part.values_list("id_number", "id"))
    UseLine.objects.bulk_create(
        [
            UseLine(exchange=row, digest=grants.person_digest(one), person_id=known.get(one), at=row.at)
            for one in numbers
        ],
        batch_size=500,
    )


# -- stamps -------------------------------------------------------------------------------------
@action("exchange.stamp", idempotent=False)
def stamp_waiting(call: Call, *, most: int | None = None) -> int:
    """盖时间戳: one batch of what waits, oldest first; returns how many exchanges got their stamp."""
    access.require(call.actor, "stamp", Stamp)
    size = most or terms.tuning(call.at.astimezone(clock.LOCAL).date()).batch
    last = Stamp.objects.select_for_update().order_by("-number").first()
    rows = list(Exchange.objects.filter(stamp=None).order_by("id")[:size])
    if not rows:
        return 0
    number = 1 if last is None else last.number + 1
    previous = core.FIRST if last is None else bytes(last.digest)
    made = ledger.stamp_batch(rows, number, previous, _stamp_signer(call), call.at)
    stamp = made.stamp
    row = Stamp.objects.create(
        number=number,
        authority=stamp.authority,
        time=stamp.time,
        size=stamp.size,
        root=stamp.root,
        previous=stamp.previous,
        digest=stamp.digest,
        leaves=made.leaves,
        key=stamp.signature.key,
        algorithm=stamp.signature.algorithm,
        signature=stamp.signature.value,
    )
    for place, one in enumerate(rows):
        one.stamp, one.place = row, place
    Exchange.objects.bulk_update(rows, ["stamp", "place"], batch_size=200)
    audit.note(batch=number, exchanges=len(rows), root=stamp.root.hex())
    events.emit("exchange.stamped", f"batch:{number}", {"batch": number, "exchanges": len(rows)})
    return len(rows)


def _stamp_signer(call: Call) -> core.Signer:
    """The stamping key; made and made known at the first stamp."""
    owner, _ = Party.objects.get_or_create(
        code=keyring.authority(),
        defaults={"zh": _AUTHORITY.zh, "en": _AUTHORITY.en, "created_at": call.at},
    )
    name = (
        keyring.live(call.at)
        .filter(party=owner, role=PartyKey.Role.STAMP)
        .order_by("-valid_from")
        .values_list("name", flat=True)
        .first()
    )
    if name is not None:
        return keyring.signer_named(name)
    signer = keyring.new_private()
    PartyKey.objects.create(
        party=owner,
        name=core.key_name(signer.public_der),
        algorithm=signer.algorithm,
        public=signer.public_der,
        role=PartyKey.Role.STAMP,
        custody=PartyKey.Custody.PLATFORM,
        valid_from=call.at,
        valid_until=call.at.replace(month=1, day=1, year=call.at.year + STAMP_KEY_YEARS),
        registered_at=call.at,
        registered_by=str(call.actor),
    )
    return signer


@action("exchange.warn_ledger", idempotent=False)
def warn_ledger(call: Call) -> dict[str, Any]:
    """台账告警: an event when stamping falls behind 70 % of its limit, once an hour."""
    access.require(call.actor, "stamp", Stamp)
    state = ledger.acceptance(call.at)
    said = {"intake": str(state.intake), "load": round(state.load, 3)}
    if state.intake is not core.Intake.OPEN:
        events.emit("exchange.ledger.late", f"hour:{call.at:%Y%m%d%H}", said)
    audit.note(**said)
    return said


# -- circuits -----------------------------------------------------------------------------------
@action("exchange.admit", idempotent=False)
def admit_backend(call: Call, *, backend: int) -> int | None:
    """放行: the ticket of one call to a provider's service, or None while its circuit is open."""
    row = _backend(call, backend)
    state, ticket = _circuit(row, call).admit(call.at)
    _keep(row, state, call)
    return ticket


@action("exchange.report", idempotent=False)
def report_backend(call: Call, *, backend: int, ticket: int, good: bool) -> str:
    """报告结果: the circuit opens after failures in a row and closes when a trial succeeds."""
    row = _backend(call, backend)
    before = _circuit(row, call)
    after = before.report(ticket, good, call.at)
    _keep(row, after, call)
    if after.circuit is not before.circuit:
        said = {"resource": row.resource, "circuit": str(after.circuit)}
        events.emit("exchange.circuit.changed", row.resource, said)
    return str(after.circuit)


def _backend(call: Call, pk: int) -> Backend:
    row: Backend = Backend.objects.select_for_update().get(pk=pk)
    access.require(call.actor, "report", row)
    return row


def _circuit(row: Backend, call: Call) -> core.Breaker:
    rule = terms.tuning(call.at.astimezone(clock.LOCAL).date()).breaker
    return sources.read_circuit(row.circuit, rule)


def _keep(row: Backend, state: core.Breaker, call: Call) -> None:
    row.circuit, row.changed_at = sources.write_circuit(state), call.at
    row.save(update_fields=["circuit", "changed_at"])
    audit.note(resource=row.resource, circuit=str(state.circuit))
