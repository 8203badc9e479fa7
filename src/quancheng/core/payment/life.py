"""订单生命周期: every step of an order as one pure function, ``advance(order, event)``.

Rules. The first exact success before closing pays the order; every other money taken goes back by
itself (late, double, wrong amount). A report that contradicts the record changes no money: it
becomes a dispute, and while one is open nothing is paid out. Nothing is believed twice: an event
id again, or a fact known already, is a step without effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import (
    AskPerson,
    AttemptStarted,
    ChannelReport,
    CloseAtChannel,
    CloseReason,
    Decision,
    DisputeResolved,
    Effect,
    Event,
    Moved,
    Movement,
    OrderClosed,
    Outcome,
    RefundReport,
    RefundRequested,
    SendRefund,
    StartPayment,
    fingerprint,
)
from quancheng.core.payment.money import Amount, allocate, total
from quancheng.core.payment.numbers import identifier
from quancheng.core.payment.order import (
    Attempt,
    Dispute,
    DisputeReason,
    Order,
    Refund,
    RefundReason,
)

__all__ = ["Step", "advance"]


@dataclass(frozen=True, slots=True)
class Step:
    """The order after an event, and what to do (一步). Do effects in the transaction that keeps the order."""

    order: Order
    effects: tuple[Effect, ...] = ()

    def then(self, step: Step) -> Step:
        """This step followed by another that began where this one ended (连续两步)."""
        return Step(step.order, (*self.effects, *step.effects))


def advance(order: Order, event: Event) -> Step:
    """Apply one event (推进订单). A command that is not allowed raises ``PaymentError``; a report never does,
    unless it is for another order."""
    if event.order != order.id:
        raise PaymentError(PaymentReason.OTHER_ORDER, event.id)
    identifier(event.id, "event")
    known, mark = dict(order.seen).get(event.id), fingerprint(event)
    if known == mark:
        return Step(order)
    if known is not None:
        return _reused(order, event)
    step = _apply(order, event)
    if isinstance(event, ChannelReport | RefundReport) and event.outcome is Outcome.PENDING:
        return step  # says nothing, at any time: need not be remembered, and polls are many
    remembered = replace(step.order, seen=(*step.order.seen, (event.id, mark)))
    return _tidy(Step(remembered, step.effects))


def _apply(order: Order, event: Event) -> Step:
    match event:
        case AttemptStarted():
            return _start(order, event)
        case ChannelReport():
            return _reported(order, event)
        case OrderClosed():
            return _close(order, event)
        case RefundRequested():
            return _request(order, event)
        case RefundReport():
            return _refund_reported(order, event)
        case DisputeResolved():
            return _resolve(order, event)


def _reused(order: Order, event: Event) -> Step:
    if isinstance(event, ChannelReport | RefundReport):
        return _dispute(order, event, DisputeReason.EVENT_REUSED)
    raise PaymentError(PaymentReason.EVENT_REUSED, event.id)


def _dispute(order: Order, claim: ChannelReport | RefundReport, reason: DisputeReason) -> Step:
    """Keep a claim for a person, once: the same claim under another id adds nothing."""
    same = replace(claim, id="")
    if any(replace(old.claim, id="", at=claim.at, source=claim.source) == same for old in order.disputes):
        return Step(order)
    number = f"{claim.id}#{len(order.disputes) + 1}"
    kept = (*order.disputes, Dispute(number, reason, claim))
    return Step(replace(order, disputes=kept), (AskPerson(number, reason),))


# commands


def _start(order: Order, event: AttemptStarted) -> Step:
    identifier(f"{event.attempt}-AXX", "attempt")  # room for the number of an automatic refund
    identifier(event.channel, "channel")
    if order.disputed:
        raise PaymentError(PaymentReason.DISPUTED, event.attempt)
    if order.closed or order.winner is not None:
        raise PaymentError(PaymentReason.STATE, event.attempt, order.state.text)
    if event.at >= order.expires:
        raise PaymentError(PaymentReason.EXPIRED, event.attempt)
    if order.attempt(event.attempt) is not None:
        raise PaymentError(PaymentReason.ALREADY, event.attempt)
    begun = order.with_attempt(Attempt(event.attempt, event.channel, event.at))
    return Step(begun, (StartPayment(event.attempt, event.channel, order.amount, order.expires),))


def _close(order: Order, event: OrderClosed) -> Step:
    if order.closed or (order.winner is not None and event.reason is CloseReason.EXPIRED):
        return Step(order)
    if order.winner is not None:
        raise PaymentError(PaymentReason.STATE, order.id, order.state.text)
    if event.reason is CloseReason.EXPIRED and event.at < order.expires:
        raise PaymentError(PaymentReason.NOT_EXPIRED, order.id)
    waiting = [item for item in order.attempts if item.outcome is Outcome.PENDING]
    asks = tuple(CloseAtChannel(item.id, item.channel) for item in waiting)
    return Step(replace(order, closed=True), asks)


def _request(order: Order, event: RefundRequested) -> Step:
    identifier(event.refund, "refund")
    if order.disputed:
        raise PaymentError(PaymentReason.DISPUTED, event.refund)
    if order.refund(event.refund) is not None:
        raise PaymentError(PaymentReason.ALREADY, event.refund)
    attempt = order.attempt(event.attempt or order.winner or "")
    if attempt is None or attempt.outcome is not Outcome.SUCCEEDED:
        raise PaymentError(PaymentReason.STATE, event.refund, order.state.text)
    if not 0 < event.amount.fen <= order.refundable(attempt.id).fen:
        raise PaymentError(PaymentReason.REFUND_EXCEEDS, event.refund)
    parts = _parts(order, event) if attempt.id == order.winner else ()
    reason = RefundReason.REQUESTED
    return _owe(order, Refund(event.refund, attempt.id, event.amount, reason, parts=parts))


def _parts(order: Order, event: RefundRequested) -> tuple[Amount, ...]:
    left = order.left_of_lines()
    if not event.parts:
        return allocate(event.amount, [amount.fen for amount in left])
    if len(event.parts) != len(left) or total(event.parts) != event.amount:
        raise PaymentError(PaymentReason.AMOUNT, event.refund)
    if any(not 0 <= part.fen <= most.fen for part, most in zip(event.parts, left, strict=True)):
        raise PaymentError(PaymentReason.REFUND_EXCEEDS, event.refund)
    return event.parts


# reports


def _reported(order: Order, event: ChannelReport) -> Step:
    attempt = order.attempt(event.attempt)
    if event.outcome is Outcome.PENDING:
        return Step(order)
    if attempt is None or attempt.channel != event.channel:
        return _dispute(order, event, DisputeReason.UNKNOWN_ATTEMPT)
    if event.outcome is not Outcome.SUCCEEDED:
        return _unpaid(order, attempt, event)
    if attempt.outcome is Outcome.SUCCEEDED:
        if event.trade != attempt.trade:
            return _dispute(order, event, DisputeReason.TRADE_DIFFERS)
        if event.amount != attempt.received:
            return _dispute(order, event, DisputeReason.AMOUNT_DIFFERS)
        return Step(order)
    if event.amount != order.amount:
        return _dispute(order, event, DisputeReason.AMOUNT_DIFFERS)
    if attempt.outcome is not Outcome.PENDING:
        return _dispute(order, event, DisputeReason.SUCCESS_AFTER_FAILURE)
    return _take(order, attempt, event)


def _unpaid(order: Order, attempt: Attempt, event: ChannelReport) -> Step:
    if attempt.outcome is Outcome.SUCCEEDED:
        return _dispute(order, event, DisputeReason.FAILURE_AFTER_SUCCESS)
    if attempt.outcome is Outcome.PENDING:
        return Step(order.with_attempt(replace(attempt, outcome=event.outcome)))
    return Step(order)  # failed or closed: unpaid either way


def _take(order: Order, attempt: Attempt, event: ChannelReport) -> Step:
    paid = replace(attempt, outcome=Outcome.SUCCEEDED, received=event.amount, trade=event.trade)
    moved = Moved(Movement.RECEIVED, paid.id, paid.channel, event.amount)
    return Step(order.with_attempt(paid), (moved,))


def _refund_reported(order: Order, event: RefundReport) -> Step:
    refund = order.refund(event.refund)
    if event.outcome is Outcome.PENDING:
        return Step(order)
    if refund is None:
        return _dispute(order, event, DisputeReason.UNKNOWN_REFUND)
    success = event.outcome is Outcome.SUCCEEDED
    if success and event.amount != refund.amount:
        return _dispute(order, event, DisputeReason.AMOUNT_DIFFERS)
    if refund.outcome is Outcome.PENDING:
        return _refund_done(order, refund, event) if success else _refund_failed(order, refund)
    if success != (refund.outcome is Outcome.SUCCEEDED):
        late = DisputeReason.SUCCESS_AFTER_FAILURE if success else DisputeReason.FAILURE_AFTER_SUCCESS
        return _dispute(order, event, late)
    if success and event.trade != refund.trade:
        return _dispute(order, event, DisputeReason.TRADE_DIFFERS)
    return Step(order)


def _owe(order: Order, refund: Refund) -> Step:
    attempt = order.attempt(refund.attempt)
    if attempt is None:
        raise PaymentError(PaymentReason.UNKNOWN, refund.attempt)
    send = SendRefund(refund.id, attempt.id, attempt.channel, attempt.trade, refund.amount)
    return Step(order.with_refund(refund), (_moved(order, Movement.REFUND_OWED, refund), send))


def _refund_done(order: Order, refund: Refund, event: RefundReport) -> Step:
    done = replace(refund, outcome=Outcome.SUCCEEDED, trade=event.trade)
    return Step(order.with_refund(done), (_moved(order, Movement.REFUND_PAID, refund),))


def _refund_failed(order: Order, refund: Refund) -> Step:
    failed = order.with_refund(replace(refund, outcome=Outcome.FAILED))
    moved = _moved(order, Movement.REFUND_DROPPED, refund)
    return Step(failed, (moved, AskPerson(refund.id, "REFUND_FAILED")))


def _moved(order: Order, movement: Movement, refund: Refund) -> Moved:
    attempt = order.attempt(refund.attempt)
    items = tuple(line.item for line in order.lines)
    parts = tuple(zip(items, refund.parts, strict=True)) if refund.parts else ()
    return Moved(movement, refund.id, "" if attempt is None else attempt.channel, refund.amount, parts)


# disputes


def _resolve(order: Order, event: DisputeResolved) -> Step:
    dispute = next((item for item in order.disputes if item.id == event.dispute), None)
    if dispute is None or dispute.decision is not None:
        raise PaymentError(PaymentReason.UNKNOWN, event.dispute)
    if not event.by.strip() or not event.note.strip():
        raise PaymentError(PaymentReason.ORDER, event.dispute)
    step = Step(order)
    if event.decision is Decision.ACCEPT:
        claim = dispute.claim
        step = _accept(order, claim) if isinstance(claim, ChannelReport) else _accept_refund(order, claim)
    settled = replace(dispute, decision=event.decision, by=event.by, note=event.note)
    disputes = tuple(settled if item.id == settled.id else item for item in step.order.disputes)
    return Step(replace(step.order, disputes=disputes), step.effects)


def _accept(order: Order, claim: ChannelReport) -> Step:
    attempt = order.attempt(claim.attempt)
    if claim.outcome is not Outcome.SUCCEEDED:
        return _undo_receipt(order, attempt, claim)
    if claim.amount.fen <= 0:
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    if attempt is None or attempt.channel != claim.channel or attempt.outcome is Outcome.SUCCEEDED:
        attempt = _extra(order, claim)
    return _take(order, attempt, claim)


def _extra(order: Order, claim: ChannelReport) -> Attempt:
    """A second taking of money that no attempt of ours stands for: an attempt of its own."""
    if any(item.trade == claim.trade and item.channel == claim.channel for item in order.attempts):
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    taken = [item.id for item in order.attempts]
    return Attempt(_free(f"{order.id}-X{len(taken) + 1}", taken), claim.channel, claim.at)


def _free(number: str, taken: list[str]) -> str:
    while number in taken:
        number += "X"
    return number


def _undo_receipt(order: Order, attempt: Attempt | None, claim: ChannelReport) -> Step:
    """A success that was none: taken off the books, unless refunds of it are on them."""
    if attempt is None or attempt.outcome is not Outcome.SUCCEEDED:
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    if any(item.attempt == attempt.id and item.counts for item in order.refunds):
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    undone = order.with_attempt(Attempt(attempt.id, attempt.channel, attempt.started, claim.outcome))
    effects: list[Effect] = []
    if order.winner == attempt.id:
        undone = replace(undone, winner=None)
        effects.append(_earning(order, Movement.EARNING_UNDONE, attempt))
    effects.append(Moved(Movement.RECEIPT_UNDONE, attempt.id, attempt.channel, attempt.received))
    return Step(undone, tuple(effects))


def _accept_refund(order: Order, claim: RefundReport) -> Step:
    refund = order.refund(claim.refund)
    if refund is None or (claim.amount != refund.amount and claim.outcome is Outcome.SUCCEEDED):
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    if claim.outcome is not Outcome.SUCCEEDED:
        if refund.outcome is not Outcome.SUCCEEDED:
            raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
        undone = Step(order, (_moved(order, Movement.REFUND_PAYMENT_UNDONE, refund),))
        return undone.then(_refund_failed(order, refund))
    if refund.outcome is Outcome.PENDING:
        return _refund_done(order, refund, claim)
    if refund.outcome is Outcome.SUCCEEDED or not _room(order, refund):
        raise PaymentError(PaymentReason.CLAIM_IMPOSSIBLE, claim.id)
    again = Step(order, (_moved(order, Movement.REFUND_OWED, refund),))
    return again.then(_refund_done(order, refund, claim))


def _room(order: Order, refund: Refund) -> bool:
    if bool(refund.parts) != (refund.attempt == order.winner):
        return False
    fits = zip(refund.parts, order.left_of_lines(), strict=False)
    whole = refund.amount.fen <= order.refundable(refund.attempt).fen
    return whole and all(part.fen <= left.fen for part, left in fits)


# what follows by itself


def _tidy(step: Step) -> Step:
    """Choose what pays the order; send back what pays nothing, unless a person must look first."""
    order = step.order
    if order.winner is None and not order.closed:
        step = step.then(_choose(order))
    if not step.order.disputed:
        for attempt in step.order.attempts:
            step = step.then(_send_back(step.order, attempt))
    return step


def _choose(order: Order) -> Step:
    for attempt in order.attempts:
        untouched = not any(item.attempt == attempt.id for item in order.refunds)
        if attempt.outcome is Outcome.SUCCEEDED and attempt.received == order.amount and untouched:
            return Step(replace(order, winner=attempt.id), (_earning(order, Movement.EARNED, attempt),))
    return Step(order)


def _earning(order: Order, movement: Movement, attempt: Attempt) -> Moved:
    parts = tuple((line.item, line.amount) for line in order.lines)
    return Moved(movement, attempt.id, attempt.channel, attempt.received, parts)


def _send_back(order: Order, attempt: Attempt) -> Step:
    """Refund a surplus once by itself; when that fails a person asks again (``RefundRequested``)."""
    tried = any(item.attempt == attempt.id for item in order.refunds)
    if attempt.outcome is not Outcome.SUCCEEDED or attempt.id == order.winner or tried:
        return Step(order)
    if attempt.received != order.amount:
        reason = RefundReason.WRONG_AMOUNT
    else:
        reason = RefundReason.DOUBLE if order.winner is not None else RefundReason.LATE
    number = _free(f"{attempt.id}-A", [item.id for item in order.refunds])
    return _owe(order, Refund(number, attempt.id, attempt.received, reason))
