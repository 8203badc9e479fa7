"""支付的值: what other modules say and hear about orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from quancheng.core.payment import Amount, OrderState
from quancheng.core.text import Text

__all__ = ["Amount", "Charge", "OrderInfo", "OrderState"]


@dataclass(frozen=True, slots=True)
class Charge:
    """收费项: budget item, what it is for, its amount in whole fen."""

    item: str
    label: Text
    amount: Amount


@dataclass(frozen=True, slots=True)
class OrderInfo:
    """订单 as other modules may know it. ``subject`` is the owner's own reference."""

    number: str
    subject: str
    title: Text
    amount: Amount
    state: OrderState
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    simulated: bool

    @property
    def paid(self) -> bool:
        """Whether the money is there and has not gone back whole (是否已缴清)."""
        return self.state in {OrderState.PAID, OrderState.REFUNDING, OrderState.PARTLY_REFUNDED}

    @property
    def path(self) -> str:
        """The payer's page."""
        return f"/me/payments/{self.number}/"
