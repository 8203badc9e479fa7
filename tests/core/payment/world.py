"""What the stories of payments share: an order of two charges, its events, a morning in Jinan."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from hypothesis import settings

from quancheng.core.payment import (
    Amount,
    AttemptStarted,
    ChannelReport,
    CloseReason,
    CutOff,
    Decision,
    DisputeResolved,
    Event,
    Line,
    Order,
    OrderClosed,
    Outcome,
    RefundReport,
    RefundRequested,
    Source,
    Step,
    advance,
    open_order,
)
from quancheng.core.text import Text

CALM = settings(deadline=None, max_examples=60)
"""No deadline: the machines that run this are shared."""

FEW = settings(CALM, max_examples=25)
"""For examples that are dear to make."""

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
DAY = date(2026, 11, 23)
CUT_OFF = CutOff(time(23, 59), ZONE)
PRICE = Amount.of("120.05")
LINES = (
    Line("103042750", Text("车辆号牌工本费", "number plates"), Amount.of("100.00")),
    Line("103042751", Text("登记证书工本费", "certificate"), Amount.of("20.05")),
)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def new(number: str = "O1") -> Order:
    return open_order(number, "citizen-7", LINES, NOW, minutes(30))


def start(attempt: str = "A1", channel: str = "bank", number: str = "", at: float = 1) -> AttemptStarted:
    return AttemptStarted(number or f"start-{attempt}", "O1", minutes(at), attempt, channel)


def success(
    number: str = "n1",
    attempt: str = "A1",
    amount: Amount = PRICE,
    trade: str = "",
    channel: str = "bank",
    source: Source = Source.CALLBACK,
) -> ChannelReport:
    told = trade or f"T-{attempt}"
    return ChannelReport(number, "O1", minutes(2), attempt, channel, Outcome.SUCCEEDED, amount, told, source)


def failure(number: str = "f1", attempt: str = "A1", outcome: Outcome = Outcome.FAILED) -> ChannelReport:
    return ChannelReport(number, "O1", minutes(2), attempt, "bank", outcome)


def close(number: str = "close", reason: CloseReason = CloseReason.EXPIRED, at: float = 31) -> OrderClosed:
    return OrderClosed(number, "O1", minutes(at), reason)


def ask_back(
    refund: str, yuan: str, attempt: str | None = None, parts: tuple[Amount, ...] = ()
) -> RefundRequested:
    return RefundRequested(f"ask-{refund}", "O1", minutes(40), refund, Amount.of(yuan), attempt, parts)


def given_back(
    refund: str, yuan: str, outcome: Outcome = Outcome.SUCCEEDED, number: str = ""
) -> RefundReport:
    return RefundReport(
        number or f"back-{refund}", "O1", minutes(41), refund, outcome, Amount.of(yuan), f"T-{refund}"
    )


def decide(dispute: str, decision: Decision, number: str = "decide") -> DisputeResolved:
    return DisputeResolved(number, "O1", minutes(60), dispute, decision, "officer-3", "已向银行核实")


def run(order: Order, *events: Event) -> Step:
    step = Step(order)
    for event in events:
        step = step.then(advance(step.order, event))
    return step
