"""对账: our records against the channel's statement, every row of both in exactly one finding.

A row within ``margin`` before the cut-off that only one side has is carried to the next day,
once: clocks and call-backs differ. The result proves itself: its findings add up to both sides' totals,
computed apart, and the difference of the totals is the sum of the gaps, to the fen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import ChannelReport, Outcome, RefundReport, Source
from quancheng.core.payment.money import ZERO, Amount, total
from quancheng.core.payment.order import Order
from quancheng.core.payment.statement import CutOff, RowKind, Statement, StatementRow
from quancheng.core.text import Text

__all__ = [
    "NOTHING_CARRIED",
    "Action",
    "Carried",
    "Finding",
    "OurRow",
    "Reconciliation",
    "Result",
    "our_rows",
    "reconcile",
    "report_of",
]


class Result(StrEnum):
    """How a transaction compares (对账结果). ``IDLE``: no money moved on either side."""

    MATCHED = "MATCHED"
    IDLE = "IDLE"
    CARRIED = "CARRIED"
    OURS_ONLY = "OURS_ONLY"
    THEIRS_ONLY = "THEIRS_ONLY"
    STATE_DIFFERS = "STATE_DIFFERS"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    TRADE_DIFFERS = "TRADE_DIFFERS"
    FEE_DIFFERS = "FEE_DIFFERS"
    THEIRS_TWICE = "THEIRS_TWICE"

    @property
    def text(self) -> Text:
        """Label (结果名称)."""
        return _LABELS[self]


class Action(StrEnum):
    """What to do about a finding (处理方式)."""

    NONE = "NONE"
    WAIT = "WAIT"
    APPLY_REPORT = "APPLY_REPORT"
    QUERY_CHANNEL = "QUERY_CHANNEL"
    CLAIM = "CLAIM"
    ASK_PERSON = "ASK_PERSON"

    @property
    def text(self) -> Text:
        """What a person reads (说明)."""
        return _ACTIONS[self]


_LABELS = {
    Result.MATCHED: Text("一致", "matched"),
    Result.IDLE: Text("双方均无资金变动", "no money on either side"),
    Result.CARRIED: Text("跨日，转次日", "carried to the next day"),
    Result.OURS_ONLY: Text("我方有、渠道无", "ours only"),
    Result.THEIRS_ONLY: Text("渠道有、我方无", "theirs only"),
    Result.STATE_DIFFERS: Text("状态不符", "states differ"),
    Result.AMOUNT_DIFFERS: Text("金额不符", "amounts differ"),
    Result.TRADE_DIFFERS: Text("交易号不符", "trade numbers differ"),
    Result.FEE_DIFFERS: Text("手续费不符", "fees differ"),
    Result.THEIRS_TWICE: Text("渠道重复列示", "the channel lists it twice"),
}
_ACTIONS = {
    Action.NONE: Text("无需处理。", "Nothing to do."),
    Action.WAIT: Text("与次日对账单再核对。", "Compare again with the next day's statement."),
    Action.APPLY_REPORT: Text("按渠道结果补记订单。", "Apply the channel's result to the order."),
    Action.QUERY_CHANNEL: Text("向渠道查询该笔交易。", "Query the transaction at the channel."),
    Action.CLAIM: Text("向渠道提出更正。", "Ask the channel for a correction."),
    Action.ASK_PERSON: Text("转人工核查。", "A person must look into it."),
}


@dataclass(frozen=True, slots=True)
class OurRow:
    """One transaction as we see it (我方记录). ``fee`` is what we expect, ``None`` when not checked."""

    kind: RowKind
    order: str
    number: str
    amount: Amount
    state: Outcome
    at: datetime
    trade: str = ""
    fee: Amount | None = None

    @property
    def value(self) -> Amount:
        """What it moves (净额), as of ``StatementRow``."""
        if self.state is not Outcome.SUCCEEDED:
            return ZERO
        return self.amount if self.kind is RowKind.PAY else -self.amount


@dataclass(frozen=True, slots=True)
class Finding:
    """Both sides of one transaction and how they compare (对账明细)."""

    result: Result
    ours: OurRow | None
    theirs: StatementRow | None

    @property
    def gap(self) -> Amount:
        """What the channel has more than we (差额)."""
        theirs = ZERO if self.theirs is None else self.theirs.value
        return theirs - (ZERO if self.ours is None else self.ours.value)

    @property
    def action(self) -> Action:
        """What to do (处理方式)."""
        if self.result is Result.STATE_DIFFERS:
            done = self.theirs is not None and self.theirs.state is Outcome.SUCCEEDED
            return Action.APPLY_REPORT if done else Action.QUERY_CHANNEL
        return _DO[self.result]


_DO = {
    Result.MATCHED: Action.NONE,
    Result.IDLE: Action.NONE,
    Result.CARRIED: Action.WAIT,
    Result.OURS_ONLY: Action.QUERY_CHANNEL,
    Result.THEIRS_ONLY: Action.ASK_PERSON,
    Result.AMOUNT_DIFFERS: Action.ASK_PERSON,
    Result.TRADE_DIFFERS: Action.ASK_PERSON,
    Result.FEE_DIFFERS: Action.CLAIM,
    Result.THEIRS_TWICE: Action.CLAIM,
}


@dataclass(frozen=True, slots=True)
class Carried:
    """What waits for the next day (转次日)."""

    ours: tuple[OurRow, ...] = ()
    theirs: tuple[StatementRow, ...] = ()


NOTHING_CARRIED = Carried()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A day compared (对账结果). Totals are net, carried-in rows included, and come from the inputs."""

    channel: str
    day: date
    findings: tuple[Finding, ...]
    ours_total: Amount
    theirs_total: Amount
    rows: int

    @property
    def carried(self) -> Carried:
        """What the next day begins with (转次日)."""
        waiting = [item for item in self.findings if item.result is Result.CARRIED]
        return Carried(
            tuple(item.ours for item in waiting if item.ours is not None),
            tuple(item.theirs for item in waiting if item.theirs is not None),
        )

    @property
    def differences(self) -> tuple[Finding, ...]:
        """Findings somebody or something must act on (差异)."""
        return tuple(item for item in self.findings if item.action not in {Action.NONE, Action.WAIT})

    @property
    def counts(self) -> dict[Result, int]:
        """How many of each result (统计)."""
        return dict(Counter(item.result for item in self.findings))

    @property
    def proved(self) -> bool:
        """Whether findings and inputs agree in rows, both totals and the gap (是否勾稽)."""
        ours = total(item.ours.value for item in self.findings if item.ours is not None)
        theirs = total(item.theirs.value for item in self.findings if item.theirs is not None)
        rows = sum((item.ours is not None) + (item.theirs is not None) for item in self.findings)
        gap = total(item.gap for item in self.findings)
        totals = (ours, theirs, rows) == (self.ours_total, self.theirs_total, self.rows)
        return totals and gap == self.theirs_total - self.ours_total


def reconcile(
    ours: Iterable[OurRow],
    statement: Statement,
    cut_off: CutOff,
    margin: timedelta,
    carried: Carried = NOTHING_CARRIED,
) -> Reconciliation:
    """Compare a business day (对账). Give ``ours`` of that day by the same cut-off, whatever their state.

    A number of ours twice raises ``PaymentError``. Time and memory are linear.
    """
    mine, waited = _ours([*carried.ours, *ours]), {(row.kind, row.number) for row in carried.ours}
    late = {(row.kind, row.number) for row in carried.theirs}
    edge = cut_off.end(statement.day) - margin
    findings, met = [], set()
    for row in (*carried.theirs, *statement.rows):
        key = (row.kind, row.number)
        if key in met:
            findings.append(Finding(Result.THEIRS_TWICE, None, row))
            continue
        met.add(key)
        may_wait = row.at >= edge and key not in late
        findings.append(Finding(_compare(mine.get(key), row, may_wait), mine.get(key), row))
    for key, own in mine.items():
        if key not in met:
            may_wait = own.at >= edge and key not in waited
            findings.append(Finding(_alone(own.state, may_wait, Result.OURS_ONLY), own, None))
    theirs = [*carried.theirs, *statement.rows]
    return Reconciliation(
        statement.channel,
        statement.day,
        tuple(findings),
        total(own.value for own in mine.values()),
        total(row.value for row in theirs),
        len(mine) + len(theirs),
    )


def _ours(rows: Iterable[OurRow]) -> dict[tuple[RowKind, str], OurRow]:
    found: dict[tuple[RowKind, str], OurRow] = {}
    for row in rows:
        if found.setdefault((row.kind, row.number), row) is not row:
            raise PaymentError(PaymentReason.ALREADY, row.number)
    return found


def _compare(ours: OurRow | None, theirs: StatementRow, may_wait: bool) -> Result:
    if ours is None:
        return _alone(theirs.state, may_wait, Result.THEIRS_ONLY)
    done = ours.state is Outcome.SUCCEEDED
    if done != (theirs.state is Outcome.SUCCEEDED):
        return Result.STATE_DIFFERS
    if not done:
        return Result.IDLE
    if ours.amount != theirs.amount:
        return Result.AMOUNT_DIFFERS
    if ours.trade != theirs.trade:
        return Result.TRADE_DIFFERS
    return Result.MATCHED if ours.fee in (None, theirs.fee) else Result.FEE_DIFFERS


def _alone(state: Outcome, may_wait: bool, otherwise: Result) -> Result:
    if state is not Outcome.SUCCEEDED:
        return Result.IDLE
    return Result.CARRIED if may_wait else otherwise


def our_rows(order: Order, channel: str, times: dict[str, datetime]) -> tuple[OurRow, ...]:
    """The rows of an order at one channel (订单的对账记录). ``times``: when each attempt and refund was
    booked, by number; one that is missing has the time of its attempt's start."""
    attempts = {item.id: item for item in order.attempts if item.channel == channel}
    paid = [
        OurRow(
            RowKind.PAY,
            order.id,
            item.id,
            item.received if item.outcome is Outcome.SUCCEEDED else order.amount,
            item.outcome,
            times.get(item.id, item.started),
            item.trade,
        )
        for item in attempts.values()
    ]
    back = [
        OurRow(
            RowKind.REFUND,
            order.id,
            item.id,
            item.amount,
            item.outcome,
            times.get(item.id, attempts[item.attempt].started),
            item.trade,
        )
        for item in order.refunds
        if item.attempt in attempts
    ]
    return (*paid, *back)


def report_of(
    finding: Finding, channel: str, event: str, at: datetime
) -> ChannelReport | RefundReport | None:
    """The event that tells the order what the statement says (由对账单补报): how lost call-backs heal.

    ``None`` unless both sides know the transaction. What contradicts the order becomes a dispute there.
    """
    ours, theirs = finding.ours, finding.theirs
    if ours is None or theirs is None or theirs.state is Outcome.PENDING:
        return None
    seen, amount = (theirs.state, theirs.trade), theirs.amount
    if theirs.kind is RowKind.PAY:
        return ChannelReport(
            event, ours.order, at, ours.number, channel, seen[0], amount, seen[1], Source.STATEMENT
        )
    return RefundReport(event, ours.order, at, ours.number, seen[0], amount, seen[1], Source.STATEMENT)
