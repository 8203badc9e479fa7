"""限额: limits of paying and of refunding; every number is an argument, none is built in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quancheng.core.payment.money import ZERO, Amount
from quancheng.core.payment.order import Order
from quancheng.core.text import Text

__all__ = ["Breach", "PayLimits", "RefundLimits"]


class Breach(StrEnum):
    """A limit that would be broken (超限)."""

    PER_ORDER = "PER_ORDER"
    PER_DAY = "PER_DAY"
    ORDERS_PER_DAY = "ORDERS_PER_DAY"
    REFUND_TOO_LATE = "REFUND_TOO_LATE"
    REFUNDS_PER_ORDER = "REFUNDS_PER_ORDER"
    REFUND_NEEDS_APPROVAL = "REFUND_NEEDS_APPROVAL"

    @property
    def text(self) -> Text:
        """What a person reads (说明)."""
        return _TEXTS[self]


_TEXTS = {
    Breach.PER_ORDER: Text("超过单笔限额。", "Above the limit of one order."),
    Breach.PER_DAY: Text("超过当日累计限额。", "Above the limit of one day."),
    Breach.ORDERS_PER_DAY: Text("超过当日笔数限制。", "Too many orders on one day."),
    Breach.REFUND_TOO_LATE: Text("已过可退款期限。", "The time for refunds is over."),
    Breach.REFUNDS_PER_ORDER: Text("退款次数已用完。", "No further refund of this order."),
    Breach.REFUND_NEEDS_APPROVAL: Text("金额较大，须经审批。", "So large a refund needs approval."),
}


@dataclass(frozen=True, slots=True)
class PayLimits:
    """Limits of one payer (支付限额); ``None`` sets none. A sum equal to a limit is allowed."""

    per_order: Amount | None = None
    per_day: Amount | None = None
    orders_per_day: int | None = None

    def breaches(self, amount: Amount, spent: Amount = ZERO, orders: int = 0) -> tuple[Breach, ...]:
        """What an order would break, after ``spent`` in ``orders`` on that day (超限检查)."""
        broken = (
            (Breach.PER_ORDER, self.per_order is not None and amount > self.per_order),
            (Breach.PER_DAY, self.per_day is not None and spent + amount > self.per_day),
            (Breach.ORDERS_PER_DAY, self.orders_per_day is not None and orders >= self.orders_per_day),
        )
        return tuple(breach for breach, is_broken in broken if is_broken)


@dataclass(frozen=True, slots=True)
class RefundLimits:
    """Limits of refunds that somebody asks for (退款限制); automatic ones know none.

    ``within`` counts from the start of the attempt; amounts above ``alone`` need a second person.
    """

    within: timedelta | None = None
    most: int | None = None
    alone: Amount | None = None

    def breaches(self, order: Order, amount: Amount, at: datetime) -> tuple[Breach, ...]:
        """What a refund of the paying attempt would break (退款检查)."""
        winner = order.attempt(order.winner or "")
        asked = [item for item in order.refunds if item.attempt == order.winner and item.counts]
        too_late = self.within is not None and winner is not None and at - winner.started > self.within
        broken = (
            (Breach.REFUND_TOO_LATE, too_late),
            (Breach.REFUNDS_PER_ORDER, self.most is not None and len(asked) >= self.most),
            (Breach.REFUND_NEEDS_APPROVAL, self.alone is not None and amount > self.alone),
        )
        return tuple(breach for breach, is_broken in broken if is_broken)
