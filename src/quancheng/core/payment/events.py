"""事件与效果: what can happen to an order, and what a step asks the world to do.

An event carries its own id: the same id again changes nothing. Reports are facts from a channel,
whether they came by call-back, by query or in a statement; the other events are commands.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from quancheng.core.payment.money import ZERO, Amount

__all__ = [
    "AskPerson",
    "AttemptStarted",
    "ChannelReport",
    "CloseAtChannel",
    "CloseReason",
    "Decision",
    "DisputeResolved",
    "Effect",
    "Event",
    "Moved",
    "Movement",
    "OrderClosed",
    "Outcome",
    "RefundReport",
    "RefundRequested",
    "SendRefund",
    "Source",
    "StartPayment",
    "fingerprint",
]


class Outcome(StrEnum):
    """How an attempt or a refund stands (结果). ``CLOSED`` only of attempts: ended unpaid by us."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CLOSED = "CLOSED"


class Source(StrEnum):
    """How a report reached us (来源)."""

    CALLBACK = "CALLBACK"
    QUERY = "QUERY"
    STATEMENT = "STATEMENT"


class CloseReason(StrEnum):
    """Why an order is closed (关闭原因)."""

    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class Decision(StrEnum):
    """What a person decides about a claim (处理决定)."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The payer chose a channel (发起支付)."""

    id: str
    order: str
    at: datetime
    attempt: str
    channel: str


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """A channel says how an attempt stands (渠道支付结果)."""

    id: str
    order: str
    at: datetime
    attempt: str
    channel: str
    outcome: Outcome
    amount: Amount = ZERO
    trade: str = ""
    source: Source = Source.CALLBACK


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """The time is over, or the payer or the office gives up (关闭订单)."""

    id: str
    order: str
    at: datetime
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class RefundRequested:
    """Somebody entitled asks for money back (申请退款).

    ``attempt`` defaults to the paying one. ``parts``: amount per line of the order, else by what is left.
    """

    id: str
    order: str
    at: datetime
    refund: str
    amount: Amount
    attempt: str | None = None
    parts: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundReport:
    """A channel says how a refund stands (渠道退款结果)."""

    id: str
    order: str
    at: datetime
    refund: str
    outcome: Outcome
    amount: Amount = ZERO
    trade: str = ""
    source: Source = Source.CALLBACK


@dataclass(frozen=True, slots=True)
class DisputeResolved:
    """A person accepts or rejects the claim of a dispute, with a note (存疑处理)."""

    id: str
    order: str
    at: datetime
    dispute: str
    decision: Decision
    by: str
    note: str


Event = AttemptStarted | ChannelReport | OrderClosed | RefundRequested | RefundReport | DisputeResolved


def fingerprint(event: Event) -> str:
    """Hash of what an event says, without when and how it reached us (事件指纹).

    A repeated call-back arrives later and perhaps by query, and is the same fact.
    """
    parts = [type(event).__name__]
    for item in fields(event):
        if item.name not in {"at", "source"}:
            value = repr(getattr(event, item.name))
            parts.append(f"{item.name}:{len(value)}:{value}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Movement(StrEnum):
    """What a step moved on the books (资金变动); ``posting.posted`` says the entries."""

    RECEIVED = "RECEIVED"
    RECEIPT_UNDONE = "RECEIPT_UNDONE"
    EARNED = "EARNED"
    EARNING_UNDONE = "EARNING_UNDONE"
    REFUND_OWED = "REFUND_OWED"
    REFUND_DROPPED = "REFUND_DROPPED"
    REFUND_PAID = "REFUND_PAID"
    REFUND_PAYMENT_UNDONE = "REFUND_PAYMENT_UNDONE"


@dataclass(frozen=True, slots=True)
class Moved:
    """Money moved (资金变动): always to be posted, in the transaction that keeps the order.

    ``parts`` of (budget item, amount), empty for money that is no revenue. ``subject`` is the attempt or refund.
    """

    movement: Movement
    subject: str
    channel: str
    amount: Amount
    parts: tuple[tuple[str, Amount], ...] = ()


@dataclass(frozen=True, slots=True)
class StartPayment:
    """Ask a channel to take money (向渠道下单)."""

    attempt: str
    channel: str
    amount: Amount
    expires: datetime


@dataclass(frozen=True, slots=True)
class CloseAtChannel:
    """Ask a channel to take no more money for an attempt (向渠道关单)."""

    attempt: str
    channel: str


@dataclass(frozen=True, slots=True)
class SendRefund:
    """Ask a channel to give money back (向渠道申请退款). Repeat it with the same number until answered."""

    refund: str
    attempt: str
    channel: str
    trade: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Somebody must look (转人工): ``subject`` is a dispute or a failed refund."""

    subject: str
    why: str


Effect = Moved | StartPayment | CloseAtChannel | SendRefund | AskPerson
