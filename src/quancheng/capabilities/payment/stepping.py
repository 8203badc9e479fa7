"""一步: an event applied to an order inside the caller's transaction, with its postings and its effects.

The record, the books, the rows that lists and reconciliation read, the events of the bus and the jobs that
talk to a channel are written together or not at all.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from quancheng.capabilities.payment.models import (
    Booking,
    EntryRow,
    NumberSeries,
    PaymentOrder,
    PostingRow,
    Receipt,
)
from quancheng.core.payment import (
    AskPerson,
    Effect,
    Event,
    Moved,
    Movement,
    Order,
    OrderState,
    Outcome,
    Posting,
    RowKind,
    Step,
    advance,
    posted,
    to_plain,
)
from quancheng.kernel import audit, clock, events, jobs, rulebook
from quancheng.kernel.db.serials import next_number

EFFECT_JOB = "payment.effect"
_TOLD = {
    OrderState.PAID: "payment.order.paid",
    OrderState.CLOSED: "payment.order.closed",
    OrderState.REFUNDED: "payment.order.refunded",
    OrderState.PARTLY_REFUNDED: "payment.order.refunded",
    OrderState.DISPUTED: "payment.order.disputed",
}


def locked(number: str) -> PaymentOrder | None:
    """The order's row, ours until the transaction ends."""
    row: PaymentOrder | None = PaymentOrder.objects.select_for_update().filter(number=number).first()
    return row


def take_number(name: str) -> int:
    """The next number of a series; in the caller's transaction, so none is lost or given twice."""
    return next_number(NumberSeries, name, column="name")


def apply(row: PaymentOrder, event: Event, *, ended: datetime | None = None) -> Step:
    """Move a locked order on by one event and write all that follows. Raises PaymentError.

    ``ended``: when the channel says it happened; bookings are dated by it, so that both sides put a
    transaction into the same business day.
    """
    before = row.order
    step = advance(before, event)
    if step.order == before:
        return step
    _keep(row, step.order, event.at)
    _book(row, before, step.order, ended or event.at)
    day = event.at.astimezone(clock.LOCAL).date()
    for posting in posted(row.number, event.id, day, step.effects):
        post(posting, row, event.at)
    _receipts(row, step.effects, day)
    _follow(row, event, step.effects)
    _tell(row, before.state, step.order.state)
    audit.note(order=row.number, event=type(event).__name__, state=str(step.order.state))
    return step


def _keep(row: PaymentOrder, order: Order, at: datetime) -> None:
    row.record, row.state, row.revision = to_plain(order), str(order.state), row.revision + 1
    if order.winner is not None and row.paid_at is None:
        row.paid_at = at
    row.save(update_fields=["record", "state", "revision", "paid_at"])


def _book(row: PaymentOrder, before: Order, after: Order, at: datetime) -> None:
    for attempt in after.attempts:
        if before.attempt(attempt.id) != attempt:
            fen = attempt.received.fen if attempt.outcome is Outcome.SUCCEEDED else after.amount.fen
            when = attempt.started if attempt.outcome is Outcome.PENDING else at
            _booking(row, RowKind.PAY, attempt.id, attempt.channel, fen, attempt.outcome, attempt.trade, when)
    for refund in after.refunds:
        if before.refund(refund.id) != refund:
            paid_by = after.attempt(refund.attempt)
            channel = paid_by.channel if paid_by else ""
            _booking(
                row, RowKind.REFUND, refund.id, channel, refund.amount.fen, refund.outcome, refund.trade, at
            )


def _booking(
    row: PaymentOrder,
    kind: RowKind,
    number: str,
    channel: str,
    fen: int,
    state: Outcome,
    trade: str,
    at: datetime,
) -> None:
    Booking.objects.update_or_create(
        number=number,
        defaults={
            "order": row,
            "kind": str(kind),
            "channel": channel,
            "fen": fen,
            "state": str(state),
            "trade": trade,
            "at": at,
        },
    )


def post(posting: Posting, row: PaymentOrder | None, at: datetime) -> bool:
    """Write a posting once; a second one of its number adds nothing."""
    kept, made = PostingRow.objects.get_or_create(
        number=posting.id,
        defaults={"order": row, "day": posting.day, "memo": posting.memo.to_dict(), "made_at": at},
    )
    if made:
        EntryRow.objects.bulk_create(
            EntryRow(
                posting=kept,
                kind=str(entry.account.kind),
                account=entry.account.key,
                fen=entry.amount.fen,
            )
            for entry in posting.entries
        )
    return bool(made)


def _receipts(row: PaymentOrder, effects: tuple[Effect, ...], day: date) -> None:
    """A receipt for revenue, a red one for revenue given back."""
    for effect in effects:
        if not isinstance(effect, Moved) or not effect.parts:
            continue
        if effect.movement is Movement.EARNED:
            _receipt(row, effect.subject, effect.amount.fen, day)
        elif effect.movement is Movement.REFUND_PAID:
            _receipt(row, effect.subject, -effect.amount.fen, day)


def _receipt(row: PaymentOrder, reason: str, fen: int, day: date) -> None:
    if Receipt.objects.filter(reason=reason).exists():
        return
    code = rulebook.find("payment.receipt_code", on=day).string()
    number = f"{take_number(f'receipt.{code}'):010}"
    Receipt.objects.create(
        order=row,
        code=code,
        number=number,
        check_code=secrets.token_hex(3),
        fen=fen,
        reason=reason,
        issued=day,
    )


def _follow(row: PaymentOrder, event: Event, effects: tuple[Effect, ...]) -> None:
    for place, effect in enumerate(effects, 1):
        if isinstance(effect, Moved | AskPerson):
            continue
        key = f"{row.number}/{event.id}/{place}"
        jobs.enqueue(EFFECT_JOB, {"order": row.number, "effect": to_plain(effect)}, key=key)


def _tell(row: PaymentOrder, before: OrderState, after: OrderState) -> None:
    if after is before or after not in _TOLD:
        return
    data: dict[str, Any] = {
        "number": row.number,
        "subject": row.subject,
        "state": str(after),
        "fen": row.fen,
        "person_id": row.person_id,
        "firm_id": row.firm_id,
        "organ": row.organ.code,
    }
    events.emit(_TOLD[after], row.number, data)
