"""渠道对账单: the daily statement of a channel, written and read strictly.

UTF-8 CSV, lines ended by LF or CRLF, no quoting needed and none accepted. Fields:

|line|fields|
|---|---|
|head|``H``, ``1``, channel, merchant, business day|
|columns|kind, trade, number, original, amount, fee, state, time|
|rows|as the columns say, see below|
|tail|``T``, rows, payments, refunds, fees, net (payments − refunds − fees), of what succeeded|

A row: ``PAY`` or ``REFUND``; the channel's number; ours (attempt or refund); for refunds our attempt,
else empty; yuan; fee in yuan (of a refund zero, or below zero when given back); ``SUCCEEDED``,
``FAILED`` or ``PENDING``; ISO 8601 with offset.

One doubtful sign refuses the whole file: half a statement reconciles to anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import Outcome
from quancheng.core.payment.money import ZERO, Amount, total
from quancheng.core.payment.numbers import identifier
from quancheng.core.text import Text

__all__ = ["COLUMNS", "CutOff", "RowKind", "Statement", "StatementRow", "parse_statement", "render_statement"]

COLUMNS = ("kind", "trade", "number", "original", "amount", "fee", "state", "time")
_MOST_BYTES = 256 * 1024 * 1024
_STATES = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.PENDING})


class RowKind(StrEnum):
    """What a row is (交易类型)."""

    PAY = "PAY"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class CutOff:
    """When a business day ends (日切): at ``time`` in ``zone``; what happens then is of the next day."""

    time: time
    zone: tzinfo

    def day(self, at: datetime) -> date:
        """Business day of a moment with a zone (业务日)."""
        if at.tzinfo is None:
            raise ValueError("a moment needs a zone")
        local = at.astimezone(self.zone)
        return local.date() + timedelta(days=local.time() >= self.time)

    def end(self, day: date) -> datetime:
        """The first moment after a business day (日切时刻)."""
        return datetime.combine(day, self.time, self.zone)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One transaction as the channel sees it (对账单行). ``amount`` is above zero for both kinds."""

    kind: RowKind
    trade: str
    number: str
    amount: Amount
    fee: Amount
    state: Outcome
    at: datetime
    original: str = ""

    @property
    def value(self) -> Amount:
        """What it moves: payments up, refunds down, nothing unless it succeeded (净额)."""
        if self.state is not Outcome.SUCCEEDED:
            return ZERO
        return self.amount if self.kind is RowKind.PAY else -self.amount


@dataclass(frozen=True, slots=True)
class Statement:
    """A day of a channel (日对账单)."""

    channel: str
    merchant: str
    day: date
    rows: tuple[StatementRow, ...]

    def _sum(self, kind: RowKind) -> Amount:
        return total(row.amount for row in self._done() if row.kind is kind)

    def _done(self) -> list[StatementRow]:
        return [row for row in self.rows if row.state is Outcome.SUCCEEDED]

    @property
    def payments(self) -> Amount:
        """Payments that succeeded (支付合计)."""
        return self._sum(RowKind.PAY)

    @property
    def refunds(self) -> Amount:
        """Refunds that succeeded (退款合计)."""
        return self._sum(RowKind.REFUND)

    @property
    def fees(self) -> Amount:
        """Fees less those given back (手续费合计)."""
        return total(row.fee for row in self._done())

    @property
    def net(self) -> Amount:
        """What the channel owes for the day (应清算净额)."""
        return self.payments - self.refunds - self.fees

    def tail(self) -> tuple[str, ...]:
        """Fields of the tail (合计行)."""
        sums = (self.payments, self.refunds, self.fees, self.net)
        return ("T", str(len(self.rows)), *map(str, sums))


def render_statement(statement: Statement) -> bytes:
    """Write a statement (生成对账单)."""
    head = ("H", "1", statement.channel, statement.merchant, statement.day.isoformat())
    rows = (
        (row.kind, row.trade, row.number, row.original, str(row.amount), str(row.fee), row.state,
         row.at.isoformat())
        for row in statement.rows
    )  # fmt: skip
    lines = [head, COLUMNS, *rows, statement.tail()]
    return ("\n".join(",".join(line) for line in lines) + "\n").encode()


def parse_statement(data: bytes, channel: str, merchant: str, day: date) -> Statement:
    """Read the statement we expect (解析对账单); another channel, merchant or day is refused.

    ``PaymentError`` with reason ``STATEMENT``, ``DUPLICATE_ROW``, ``TOTALS``, ``AMOUNT`` or
    ``NUMBER`` and the line as its place.
    """
    lines = _lines(data)
    if lines[0] != ["H", "1", channel, merchant, day.isoformat()] or tuple(lines[1]) != COLUMNS:
        raise PaymentError(PaymentReason.STATEMENT, "line 1")
    rows = tuple(_row(cells, f"line {place}") for place, cells in enumerate(lines[2:-1], 3))
    _once(rows)
    statement = Statement(channel, merchant, day, rows)
    if tuple(lines[-1]) != statement.tail():
        expected = ",".join(statement.tail())
        detail = Text(f"按明细应为 {expected}", f"the rows give {expected}")
        raise PaymentError(PaymentReason.TOTALS, f"line {len(lines)}", detail)
    return statement


def _lines(data: bytes) -> list[list[str]]:
    if len(data) > _MOST_BYTES:
        raise PaymentError(PaymentReason.STATEMENT, "size")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PaymentError(PaymentReason.STATEMENT, f"byte {error.start}") from error
    lines = text.replace("\r\n", "\n").split("\n")
    if lines.pop() != "":  # a file cut short has no last line end
        raise PaymentError(PaymentReason.STATEMENT, f"line {len(lines) + 1}")
    if len(lines) < 3:
        raise PaymentError(PaymentReason.STATEMENT, "line 1")
    return [line.split(",") for line in lines]


def _row(cells: list[str], place: str) -> StatementRow:
    if len(cells) != len(COLUMNS):
        raise PaymentError(PaymentReason.STATEMENT, place)
    kind, trade, number, original, amount, fee, state, at = cells
    try:
        row = StatementRow(
            RowKind(kind),
            identifier(trade, place),
            identifier(number, place),
            Amount.of(amount, place),
            Amount.of(fee, place),
            Outcome(state),
            datetime.fromisoformat(at),
            identifier(original, place) if original else "",
        )
    except PaymentError:
        raise
    except ValueError as error:
        raise PaymentError(PaymentReason.STATEMENT, place) from error
    _plausible(row, at, place)
    return row


def _plausible(row: StatementRow, at: str, place: str) -> None:
    refund = row.kind is RowKind.REFUND
    fee_fits = (-row.amount.fen <= row.fee.fen <= 0) if refund else (0 <= row.fee.fen <= row.amount.fen)
    if row.amount.fen <= 0 or not fee_fits:
        raise PaymentError(PaymentReason.AMOUNT, place)
    if row.state not in _STATES or bool(row.original) != refund:
        raise PaymentError(PaymentReason.STATEMENT, place)
    if row.at.tzinfo is None or row.at.isoformat() != at:  # one moment, one spelling
        raise PaymentError(PaymentReason.STATEMENT, place)


def _once(rows: Iterable[StatementRow]) -> None:
    seen: dict[tuple[RowKind, str, str], int] = {}
    for place, row in enumerate(rows, 3):
        for key in ((row.kind, "number", row.number), (row.kind, "trade", row.trade)):
            if key in seen:
                detail = Text(f"与第{seen[key]}行重复", f"like line {seen[key]}")
                raise PaymentError(PaymentReason.DUPLICATE_ROW, f"line {place}", detail)
            seen[key] = place
