"""订单: an order as a record of facts; its state is computed from them, never stored beside them.

Attempts to pay (支付尝试), refunds (退款) and disputes (存疑) are facts that channels and people
report. Because the state follows from the facts, call-backs in another order lead to the same
money. What may follow what is ``LEGAL``; the steps themselves are in ``life``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import ChannelReport, Decision, Outcome, RefundReport
from quancheng.core.payment.money import ZERO, Amount, total
from quancheng.core.payment.numbers import identifier
from quancheng.core.text import Text

__all__ = [
    "LEGAL",
    "Attempt",
    "Dispute",
    "DisputeReason",
    "Line",
    "Order",
    "OrderState",
    "Refund",
    "RefundReason",
    "open_order",
]


class OrderState(StrEnum):
    """Where an order stands (订单状态)."""

    CREATED = "CREATED"
    PAYING = "PAYING"
    FAILED = "FAILED"
    CLOSED = "CLOSED"
    PAID = "PAID"
    REFUNDING = "REFUNDING"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    REFUNDED = "REFUNDED"
    DISPUTED = "DISPUTED"

    @property
    def text(self) -> Text:
        """Label (状态名称)."""
        return _LABELS[self]


_LABELS = {
    OrderState.CREATED: Text("待支付", "to be paid"),
    OrderState.PAYING: Text("支付中", "being paid"),
    OrderState.FAILED: Text("支付失败", "payment failed"),
    OrderState.CLOSED: Text("已关闭", "closed"),
    OrderState.PAID: Text("已支付", "paid"),
    OrderState.REFUNDING: Text("退款中", "being refunded"),
    OrderState.PARTLY_REFUNDED: Text("部分退款", "partly refunded"),
    OrderState.REFUNDED: Text("已退款", "refunded"),
    OrderState.DISPUTED: Text("存疑待核", "disputed"),
}

_S = OrderState
LEGAL: Mapping[OrderState, frozenset[OrderState]] = {
    _S.CREATED: frozenset({_S.PAYING, _S.CLOSED, _S.DISPUTED}),
    _S.PAYING: frozenset({_S.PAID, _S.FAILED, _S.CLOSED, _S.DISPUTED}),
    _S.FAILED: frozenset({_S.PAYING, _S.CLOSED, _S.DISPUTED}),
    _S.CLOSED: frozenset({_S.DISPUTED}),
    _S.PAID: frozenset({_S.REFUNDING, _S.DISPUTED}),
    _S.REFUNDING: frozenset({_S.PAID, _S.PARTLY_REFUNDED, _S.REFUNDED, _S.DISPUTED}),
    _S.PARTLY_REFUNDED: frozenset({_S.REFUNDING, _S.DISPUTED}),
    _S.REFUNDED: frozenset({_S.DISPUTED}),
    _S.DISPUTED: frozenset(_S),
}
"""Which states may follow directly; a state may always stay. Out of a dispute a person may lead anywhere."""


class RefundReason(StrEnum):
    """Why money goes back (退款原因)."""

    REQUESTED = "REQUESTED"
    LATE = "LATE"
    DOUBLE = "DOUBLE"
    WRONG_AMOUNT = "WRONG_AMOUNT"


class DisputeReason(StrEnum):
    """What does not fit (存疑原因)."""

    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    TRADE_DIFFERS = "TRADE_DIFFERS"
    SUCCESS_AFTER_FAILURE = "SUCCESS_AFTER_FAILURE"
    FAILURE_AFTER_SUCCESS = "FAILURE_AFTER_SUCCESS"
    UNKNOWN_ATTEMPT = "UNKNOWN_ATTEMPT"
    UNKNOWN_REFUND = "UNKNOWN_REFUND"
    EVENT_REUSED = "EVENT_REUSED"

    @property
    def text(self) -> Text:
        """What a person reads (说明)."""
        return _DISPUTES[self]


_DISPUTES = {
    DisputeReason.AMOUNT_DIFFERS: Text("渠道报告的金额与应付金额不同", "the channel reports another amount"),
    DisputeReason.TRADE_DIFFERS: Text("同一笔支付出现两个交易号", "one attempt has two trade numbers"),
    DisputeReason.SUCCESS_AFTER_FAILURE: Text("先报失败后报成功", "success was reported after failure"),
    DisputeReason.FAILURE_AFTER_SUCCESS: Text("先报成功后报失败", "failure was reported after success"),
    DisputeReason.UNKNOWN_ATTEMPT: Text("渠道报告了未发起的支付", "a payment that was never started"),
    DisputeReason.UNKNOWN_REFUND: Text("渠道报告了未发起的退款", "a refund that was never sent"),
    DisputeReason.EVENT_REUSED: Text("同一通知编号内容不同", "one notification number, two contents"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One charge (收费项): the budget item it belongs to, what it is for, its amount."""

    item: str
    label: Text
    amount: Amount

    def __post_init__(self) -> None:
        identifier(self.item, "budget item")
        if self.amount.fen <= 0:
            raise PaymentError(PaymentReason.ORDER, "line")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to pay by one channel (支付尝试). ``received`` is what the channel proved it took."""

    id: str
    channel: str
    started: datetime
    outcome: Outcome = Outcome.PENDING
    received: Amount = ZERO
    trade: str = ""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of one attempt (退款). ``parts``: amount for each line of the order, or empty for
    money that never became revenue."""

    id: str
    attempt: str
    amount: Amount
    reason: RefundReason
    outcome: Outcome = Outcome.PENDING
    parts: tuple[Amount, ...] = ()
    trade: str = ""

    @property
    def counts(self) -> bool:
        """Whether it holds money back or gave it away: pending or done (占用可退额)."""
        return self.outcome is not Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Dispute:
    """A report that contradicts the record (存疑): kept as a claim until a person decides."""

    id: str
    reason: DisputeReason
    claim: ChannelReport | RefundReport
    decision: Decision | None = None
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order with everything that happened to it (订单). A value; ``life.advance`` makes the next.

    ``winner`` is the attempt that pays the order. ``seen`` maps event ids to fingerprints.
    """

    id: str
    payer: str
    lines: tuple[Line, ...]
    created: datetime
    expires: datetime
    attempts: tuple[Attempt, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    winner: str | None = None
    closed: bool = False
    seen: tuple[tuple[str, str], ...] = ()

    @property
    def amount(self) -> Amount:
        """What is to be paid (应付金额)."""
        return total(line.amount for line in self.lines)

    @property
    def disputed(self) -> bool:
        """Whether a dispute waits for a person (是否存疑)."""
        return any(dispute.decision is None for dispute in self.disputes)

    @property
    def state(self) -> OrderState:
        """State by the facts (订单状态)."""
        if self.disputed:
            return OrderState.DISPUTED
        if self.winner is not None:
            return self._paid_state(self.winner)
        if self.closed:
            return OrderState.CLOSED
        if not self.attempts:
            return OrderState.CREATED
        pending = any(attempt.outcome is Outcome.PENDING for attempt in self.attempts)
        return OrderState.PAYING if pending else OrderState.FAILED

    def _paid_state(self, winner: str) -> OrderState:
        mine = [refund for refund in self.refunds if refund.attempt == winner and refund.counts]
        if any(refund.outcome is Outcome.PENDING for refund in mine):
            return OrderState.REFUNDING
        if not mine:
            return OrderState.PAID
        left = self.amount - total(refund.amount for refund in mine)
        return OrderState.PARTLY_REFUNDED if left else OrderState.REFUNDED

    @property
    def received(self) -> Amount:
        """Everything channels took for this order (实收)."""
        return total(attempt.received for attempt in self.attempts)

    @property
    def returned(self) -> Amount:
        """Everything that went back for certain (已退)."""
        return total(item.amount for item in self.refunds if item.outcome is Outcome.SUCCEEDED)

    @property
    def surplus(self) -> Amount:
        """Money taken that pays nothing and has not gone back yet (应退溢收款)."""
        others = [attempt for attempt in self.attempts if attempt.id != self.winner]
        back = [r for r in self.refunds if r.outcome is Outcome.SUCCEEDED and r.attempt != self.winner]
        return total(item.received for item in others) - total(item.amount for item in back)

    def attempt(self, number: str) -> Attempt | None:
        """The attempt of that number (按编号取支付尝试)."""
        return next((item for item in self.attempts if item.id == number), None)

    def refund(self, number: str) -> Refund | None:
        """The refund of that number (按编号取退款)."""
        return next((item for item in self.refunds if item.id == number), None)

    def refundable(self, attempt: str) -> Amount:
        """What of an attempt is neither refunded nor being refunded (可退金额)."""
        found = self.attempt(attempt)
        gone = total(item.amount for item in self.refunds if item.attempt == attempt and item.counts)
        return (ZERO if found is None else found.received) - gone

    def left_of_lines(self) -> tuple[Amount, ...]:
        """For each line what of it is neither refunded nor being refunded (各项可退金额)."""
        parts = [
            item.parts for item in self.refunds if item.counts and item.attempt == self.winner and item.parts
        ]
        gone = [total(part[index] for part in parts) for index in range(len(self.lines))]
        return tuple(line.amount - lost for line, lost in zip(self.lines, gone, strict=True))

    def with_attempt(self, new: Attempt) -> Order:
        """The order with an attempt put in place of the one of its number, or added."""
        if self.attempt(new.id) is None:
            return replace(self, attempts=(*self.attempts, new))
        return replace(self, attempts=tuple(new if old.id == new.id else old for old in self.attempts))

    def with_refund(self, new: Refund) -> Order:
        """The order with a refund put in place of the one of its number, or added."""
        if self.refund(new.id) is None:
            return replace(self, refunds=(*self.refunds, new))
        return replace(self, refunds=tuple(new if old.id == new.id else old for old in self.refunds))


def open_order(
    number: str, payer: str, lines: tuple[Line, ...], created: datetime, expires: datetime
) -> Order:
    """A new order (下单). Times need a zone; at least one line; it expires after it is made."""
    identifier(f"{number}-X00-AXX", "order")  # room for the numbers made from it
    aware = created.tzinfo is not None and expires.tzinfo is not None
    if not payer.strip() or not lines or not aware or expires <= created:
        raise PaymentError(PaymentReason.ORDER, number)
    return Order(number, payer, lines, created, expires)
