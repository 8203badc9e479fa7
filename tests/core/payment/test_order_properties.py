"""Any sequence of events: states legal, money conserved, the books balanced and equal to the order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from quancheng.core.payment import (
    LEGAL,
    ZERO,
    AccountKind,
    Amount,
    AttemptStarted,
    Book,
    ChannelReport,
    CloseReason,
    Decision,
    DisputeResolved,
    Event,
    Order,
    OrderClosed,
    Outcome,
    PaymentError,
    RefundReport,
    RefundRequested,
    SendRefund,
    Step,
    advance,
    order_from,
    posted,
    to_plain,
    total,
    trial_balance,
)
from tests.core.payment.world import DAY, LINES, PRICE, minutes, new

ATTEMPTS = st.sampled_from(["A1", "A2", "A3", "O1-X1"])
CHANNELS = st.sampled_from(["bank", "wallet"])
AMOUNTS = st.sampled_from([PRICE, PRICE, PRICE, Amount(1), Amount(20_000)])
PIECES = st.sampled_from([PRICE, Amount(1), Amount(2005), Amount(6_001), Amount(12_004)])
REFUNDS = st.sampled_from(["R1", "R2", "R3", "A1-A", "A2-A", "O1-X2-A"])
OUTCOMES = st.sampled_from(Outcome)
TRADES = st.sampled_from(["T1", "T2"])


class AnyEvents(RuleBasedStateMachine):
    """A channel and people that say anything at any time, often again."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order = new()
        self.book = Book()
        self.told: list[Event] = []
        self.sent: dict[str, SendRefund] = {}
        self.count = 0

    def tell(self, event: Event) -> None:
        before = self.order
        step = self.tried(event)
        if step is None:
            return
        self.told.append(event)
        after = step.order
        assert after.state is before.state or after.state in LEGAL[before.state], (before.state, after.state)
        for posting in posted(after.id, event.id + f"-{self.count}", DAY, step.effects):
            assert self.book.post(posting)
        for effect in step.effects:
            if isinstance(effect, SendRefund):
                assert effect.refund not in self.sent  # a refund is sent once
                assert not before.disputed or isinstance(event, DisputeResolved)
                self.sent[effect.refund] = effect
        self.order = after
        assert advance(after, event).order.received == after.received
        assert advance(after, event).effects == ()  # the same event again does nothing

    def tried(self, event: Event) -> Step | None:
        if isinstance(event, ChannelReport | RefundReport):
            return advance(self.order, event)  # whatever a channel says is never an error
        try:
            return advance(self.order, event)
        except PaymentError:
            return None

    def number(self) -> str:
        self.count += 1
        return f"e{self.count}"

    @rule(attempt=ATTEMPTS, channel=CHANNELS)
    def start(self, attempt: str, channel: str) -> None:
        self.tell(AttemptStarted(self.number(), "O1", minutes(1), attempt, channel))

    @rule(attempt=ATTEMPTS, channel=CHANNELS, outcome=OUTCOMES, amount=AMOUNTS, trade=TRADES)
    def report(self, attempt: str, channel: str, outcome: Outcome, amount: Amount, trade: str) -> None:
        event = ChannelReport(self.number(), "O1", minutes(2), attempt, channel, outcome, amount, trade)
        self.tell(event)

    @rule(
        place=st.integers(0, 3),
        outcome=st.sampled_from([Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED]),
    )
    def honest_report(self, place: int, outcome: Outcome) -> None:
        if place < len(self.order.attempts):
            item = self.order.attempts[place]
            trade = f"T-{item.id}"
            self.tell(
                ChannelReport(self.number(), "O1", minutes(2), item.id, item.channel, outcome, PRICE, trade)
            )

    @rule(reason=st.sampled_from(CloseReason), at=st.integers(0, 60))
    def close(self, reason: CloseReason, at: int) -> None:
        self.tell(OrderClosed(self.number(), "O1", minutes(at), reason))

    @rule(refund=REFUNDS, amount=PIECES, attempt=st.none() | ATTEMPTS)
    def ask_back(self, refund: str, amount: Amount, attempt: str | None) -> None:
        self.tell(RefundRequested(self.number(), "O1", minutes(40), refund, amount, attempt))

    @rule(refund=REFUNDS, outcome=OUTCOMES, amount=PIECES, trade=TRADES)
    def refund_report(self, refund: str, outcome: Outcome, amount: Amount, trade: str) -> None:
        self.tell(RefundReport(self.number(), "O1", minutes(41), refund, outcome, amount, trade))

    @rule(place=st.integers(0, 4), outcome=st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED]))
    def honest_refund_report(self, place: int, outcome: Outcome) -> None:
        if place < len(self.order.refunds):
            item = self.order.refunds[place]
            trade = f"T-{item.id}"
            self.tell(RefundReport(self.number(), "O1", minutes(41), item.id, outcome, item.amount, trade))

    @rule(decision=st.sampled_from(Decision), place=st.integers(0, 3))
    def decide(self, decision: Decision, place: int) -> None:
        waiting = [item.id for item in self.order.disputes if item.decision is None]
        if place < len(waiting):
            event = DisputeResolved(
                self.number(), "O1", minutes(60), waiting[place], decision, "officer", "核实"
            )
            self.tell(event)

    @rule(place=st.integers(0, 50), later=st.integers(0, 100))
    def again(self, place: int, later: int) -> None:
        if place < len(self.told):
            event = replace(self.told[place], at=minutes(later))
            if isinstance(event, ChannelReport | RefundReport) and event.outcome is Outcome.PENDING:
                return
            step = advance(self.order, event)
            assert step.order == self.order and step.effects == ()

    @invariant()
    def nobody_gets_back_more_than_was_taken(self) -> None:
        order = self.order
        for attempt in order.attempts:
            assert order.refundable(attempt.id).fen >= 0
            assert (attempt.received.fen > 0) == (attempt.outcome is Outcome.SUCCEEDED)
        assert order.received - order.returned >= ZERO and order.surplus >= ZERO
        assert len({item.id for item in order.attempts}) == len(order.attempts)
        assert len({item.id for item in order.refunds}) == len(order.refunds)

    @invariant()
    def what_is_written_reads_back(self) -> None:
        assert order_from(to_plain(self.order)) == self.order

    @invariant()
    def items_are_kept_apart(self) -> None:
        assert all(left.fen >= 0 for left in self.order.left_of_lines())

    @invariant()
    def the_books_balance_and_say_what_the_order_says(self) -> None:
        order, book = self.order, self.book
        debit, credit = trial_balance(book.balances())
        assert debit == credit
        assert book.balance(AccountKind.CHANNEL) == order.received - order.returned
        pending = total(item.amount for item in order.refunds if item.outcome is Outcome.PENDING)
        assert -book.balance(AccountKind.REFUND, "O1") == pending
        for line, left in zip(LINES, order.left_of_lines(), strict=True):
            earned = left if order.winner else ZERO
            assert -book.balance(AccountKind.TREASURY, line.item) == earned
        owed_back = total(
            item.amount
            for item in order.refunds
            if item.outcome is Outcome.PENDING and item.attempt != order.winner
        )
        assert -book.balance(AccountKind.PAYER, "O1") == order.surplus - owed_back

    @invariant()
    def undisputed_surplus_is_on_its_way_or_a_person_knows(self) -> None:
        order = self.order
        if not order.disputed:
            for attempt in order.attempts:
                if attempt.received and attempt.id != order.winner:
                    assert any(item.attempt == attempt.id for item in order.refunds)


AnyEvents.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestAnyEvents = AnyEvents.TestCase
