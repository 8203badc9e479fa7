"""清算: when a channel must pay out a day, how much, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quancheng.core.calendar import WorkingCalendar
from quancheng.core.payment.ledger import Posting
from quancheng.core.payment.money import Amount
from quancheng.core.payment.posting import settled
from quancheng.core.payment.statement import Statement

__all__ = ["Settlement", "settlement_of"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a channel owes for a business day (清算单). ``net`` below zero: the channel draws from us."""

    channel: str
    day: date
    due: date
    gross: Amount
    fees: Amount

    @property
    def net(self) -> Amount:
        """Gross less fees (净额)."""
        return self.gross - self.fees

    @property
    def number(self) -> str:
        """Its number: channel and business day (清算单号)."""
        return f"settlement/{self.channel}/{self.day}"

    def missing(self, arrived: Amount) -> Amount:
        """What has not arrived yet; below zero when too much did (未到金额)."""
        return self.net - arrived

    def overdue(self, arrived: Amount, today: date) -> bool:
        """Whether the due day is over and the money is not there (是否逾期)."""
        return today > self.due and self.missing(arrived).fen > 0

    def posting(self, account: str, day: date) -> Posting | None:
        """The posting when it arrived whole, on the day it did (到账凭证)."""
        return settled(self.number, day, self.channel, account, self.gross, self.fees)


def settlement_of(statement: Statement, calendar: WorkingCalendar, working_days: int) -> Settlement:
    """Settlement of a statement, T+n working days after its business day (T+n 清算).

    ``working_days`` by the contract with the channel, 1 or more. A year without a known holiday
    arrangement raises ``CalendarNotCovered``.
    """
    if working_days < 1:
        raise ValueError("a channel settles after the business day")
    due = calendar.add_working_days(statement.day, working_days)
    gross = statement.payments - statement.refunds
    return Settlement(statement.channel, statement.day, due, gross, statement.fees)
