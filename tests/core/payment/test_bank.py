"""The city and the reference bank, in one process: whatever the wire does, both books say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.payment import (
    NO_MISCHIEF,
    ZERO,
    AccountKind,
    Amount,
    AttemptStarted,
    Bank,
    Book,
    Callback,
    ChannelReport,
    CloseAtChannel,
    CloseReason,
    Ed25519Signer,
    Ed25519Verifier,
    FeeRule,
    Message,
    Mischief,
    NonceWindow,
    Order,
    OrderClosed,
    OrderState,
    Outcome,
    PaymentError,
    PaymentReason,
    RefundReport,
    RefundRequested,
    Result,
    SendRefund,
    Source,
    StartPayment,
    accept,
    advance,
    encode,
    open_order,
    our_rows,
    parse_statement,
    payment_report,
    posted,
    reconcile,
    refund_report,
    render_statement,
    report_of,
    request_of,
    settled,
    sign,
    total,
    trial_balance,
)
from tests.core.payment.world import CUT_OFF, DAY, LINES, NOW, PRICE, minutes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER, VERIFIER = Ed25519Signer(KEY), Ed25519Verifier(KEY.public_key())
KEYS = {("bank", "k1"): VERIFIER, ("city", "k1"): VERIFIER}
RETRIES = (timedelta(seconds=15), timedelta(seconds=30), timedelta(minutes=3))
FEE = FeeRule(6000, returned=True)


def new_bank(mischief: dict[int, Mischief] | None = None) -> Bank:
    return Bank("bank", FEE, CUT_OFF, RETRIES, mischief or {})


def ask(kind: str, at: datetime = NOW, **fields: str) -> Message:
    return Message.of("city", "bank", kind, int(at.timestamp()), "n" * 16, fields)


def create(number: str = "A1", amount: str = "120.05") -> Message:
    return ask("pay.create", number=number, amount=amount, expires=minutes(30).isoformat())


def with_paid() -> Bank:
    return new_bank().handle(create(), NOW)[0].pay("A1", minutes(1))


def test_an_order_asked_for_twice_is_one_order() -> None:
    bank, reply = new_bank().handle(create(), NOW)
    assert reply == {
        "code": "OK",
        "number": "A1",
        "state": "PENDING",
        "amount": "120.05",
        "trade": "",
        "at": "",
    }
    assert bank.handle(create(), NOW) == (bank, reply)
    assert bank.handle(create(amount="1.00"), NOW)[1]["code"] == PaymentReason.ALREADY


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (create("=A1"), PaymentReason.NUMBER),
        (create(amount="0.00"), PaymentReason.AMOUNT),
        (create(amount="1e9"), PaymentReason.AMOUNT),
        (ask("pay.create", number="A1", amount="1.00", expires="soon"), PaymentReason.MESSAGE),
        (ask("pay.create", number="A1", amount="1.00", expires="2026-11-24T00:00:00"), PaymentReason.MESSAGE),
        (ask("pay.create", number="A1", amount="1.00", expires=NOW.isoformat()), PaymentReason.EXPIRED),
        (ask("pay.create", number="A1"), PaymentReason.MESSAGE),
        (ask("pay.query", number="A9"), PaymentReason.UNKNOWN),
        (ask("refund.query", number="R9"), PaymentReason.UNKNOWN),
        (ask("refund.create", number="R1", original="A9", amount="1.00"), PaymentReason.UNKNOWN),
        (ask("gold.create", number="A1"), PaymentReason.MESSAGE),
    ],
)
def test_refusals_are_answers(request_: Message, code: PaymentReason) -> None:
    bank = new_bank()
    after, reply = bank.handle(request_, NOW)
    assert after is bank and reply["code"] == code and reply["detail"]


def test_another_merchant_sees_nothing() -> None:
    bank = with_paid()
    stranger = replace(ask("pay.query", number="A1"), sender="shop")
    assert bank.handle(stranger, NOW)[1]["code"] == PaymentReason.UNKNOWN
    assert bank.statement("shop", DAY).rows == ()


def test_refunds_at_the_bank_never_exceed_the_payment() -> None:
    bank = with_paid()
    for number, yuan, code in (
        ("R1", "100.00", "OK"),
        ("R2", "20.06", "REFUND_EXCEEDS"),
        ("R2", "20.05", "OK"),
    ):
        bank, reply = bank.handle(ask("refund.create", number=number, original="A1", amount=yuan), NOW)
        assert reply["code"] == code
    bank = bank.give_back("R1", minutes(3)).give_back("R2", minutes(4), success=False)
    found = bank.statement("city", DAY)
    assert (found.payments, found.refunds) == (PRICE, Amount.of("100.00"))
    assert found.fees == FEE.on(PRICE - Amount.of("100.00"))
    assert parse_statement(render_statement(found), "bank", "city", DAY) == found
    with pytest.raises(PaymentError):
        bank.give_back("R1", minutes(5))


def test_nobody_pays_twice_late_or_after_closing() -> None:
    bank = with_paid()
    with pytest.raises(PaymentError):
        bank.pay("A1", minutes(2))
    with pytest.raises(PaymentError):
        bank.handle(create("A2"), NOW)[0].pay("A2", minutes(30))
    closed, reply = bank.handle(create("A3"), NOW)[0].handle(ask("pay.close", number="A3"), NOW)
    assert reply["state"] == Outcome.CLOSED
    with pytest.raises(PaymentError):
        closed.pay("A3", minutes(1))
    assert bank.handle(ask("pay.close", number="A1"), NOW)[1]["state"] == Outcome.SUCCEEDED


def heard(bank: Bank, at: datetime) -> tuple[Bank, list[str]]:
    bank, sent = bank.due(at)
    return bank, [callback.id for callback in sent]


def test_call_backs_repeat_until_heard_and_then_stop() -> None:
    bank, first = heard(with_paid(), minutes(1))
    assert first == ["bank-N1"]
    bank, early = heard(bank, minutes(1.2))
    bank, second = heard(bank, minutes(1.25))
    assert (early, second) == ([], ["bank-N1"])
    assert heard(bank.acknowledged("bank-N1"), minutes(99))[1] == []
    for at in (10, 20, 30, 40):
        bank, _ = heard(bank, minutes(at))
    assert heard(bank, minutes(999))[1] == []  # four tries, then it gives up


def test_mischief_loses_copies_and_delays() -> None:
    odd = Mischief(lost=1, copies=3, delay=timedelta(minutes=1))
    bank = new_bank({1: odd}).handle(create(), NOW)[0].pay("A1", minutes(1))
    bank, none = heard(bank, minutes(1))
    bank, lost = heard(bank, minutes(2))
    bank, copies = heard(bank, minutes(3))
    assert (none, lost, copies) == ([], [], ["bank-N1"] * 3)


class City:
    """The smallest honest platform: orders and a book, effects sent, call-backs verified."""

    def __init__(self, bank: Bank, dice: Random) -> None:
        self.bank, self.dice = bank, dice
        self.orders: dict[str, Order] = {}
        self.of: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.book, self.window, self.serial = Book(), NonceWindow(300), 0

    def tell(
        self, event: AttemptStarted | ChannelReport | OrderClosed | RefundReport | RefundRequested
    ) -> None:
        step = advance(self.orders[event.order], event)
        self.orders[event.order] = step.order
        for posting in posted(event.order, event.id, DAY, step.effects):
            assert self.book.post(posting)
        for effect in step.effects:
            if isinstance(effect, StartPayment | CloseAtChannel | SendRefund):
                if isinstance(effect, SendRefund):
                    self.of[effect.refund] = event.order
                self.request(*request_of(effect), event.at, event.order)

    def request(self, kind: str, fields: dict[str, str], at: datetime, order: str) -> None:
        message, _ = self.wire("city", "bank", kind, fields, at, NonceWindow(300))
        self.bank, reply = self.bank.handle(message, at)
        if reply["code"] == "OK" and reply["state"] != Outcome.PENDING:
            answer, _ = self.wire("bank", "city", kind, reply, at, NonceWindow(300))
            self.report(answer, kind.startswith("refund"), order, at, Source.QUERY)

    def wire(
        self, sender: str, receiver: str, kind: str, fields: dict[str, str], at: datetime, window: NonceWindow
    ) -> tuple[Message, NonceWindow]:
        nonce = f"{self.dice.getrandbits(128):032x}"
        message = Message.of(sender, receiver, kind, int(at.timestamp()), nonce, fields)
        return accept(encode(sign(message, "k1", SIGNER)), receiver, KEYS, window, int(at.timestamp()))

    def report(self, message: Message, refund: bool, order: str, at: datetime, source: Source) -> None:
        self.serial += 1
        number = f"{source}-{self.serial}"
        if source is Source.CALLBACK:
            number = message.get("notification")
        event = (refund_report if refund else payment_report)(message, number, order, at, source)
        if event.outcome is Outcome.SUCCEEDED:
            self.times.setdefault(message.get("number"), at)
        self.tell(event)

    def listen(self, at: datetime) -> None:
        self.bank, sent = self.bank.due(at)
        order = list(sent)
        self.dice.shuffle(order)
        for callback in order:
            self.hear(callback, at)

    def hear(self, callback: Callback, at: datetime) -> None:
        message, self.window = self.wire(
            "bank", "city", callback.kind, dict(callback.fields), at, self.window
        )
        number = message.get("number")
        self.report(message, callback.kind == "refund.result", self.of[number], at, Source.CALLBACK)
        if self.dice.random() < 0.7:  # our answer may be lost too
            self.bank = self.bank.acknowledged(callback.id)

    def begin(self, number: str, attempts: int, at: datetime) -> None:
        self.orders[number] = open_order(number, "p", LINES, NOW, minutes(60))
        for place in range(attempts):
            attempt = f"{number}-{place}"
            self.of[attempt] = number
            self.tell(AttemptStarted(f"s-{attempt}", number, at, attempt, "bank"))

    def bank_works(self, at: datetime) -> None:
        for refund in list(self.bank.refunds.values()):
            if refund.state is Outcome.PENDING:
                self.bank = self.bank.give_back(refund.number, at, success=self.dice.random() < 0.9)


MISCHIEF = st.builds(
    Mischief, st.integers(0, 9), st.integers(1, 3), st.integers(0, 900).map(lambda s: timedelta(seconds=s))
)


@given(st.dictionaries(st.integers(1, 16), MISCHIEF, max_size=16), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_a_day_of_mischief_ends_with_equal_books(mischief: dict[int, Mischief], seed: int) -> None:
    dice = Random(seed)
    city = City(new_bank(mischief), dice)
    for place in range(6):
        city.begin(f"O{place}", dice.randint(1, 3), minutes(place))
    for at in range(6, 59):
        some_pay(city, at)
        city.listen(minutes(at))
        if at == 40:
            some_cancel(city, at)
        if at in {45, 50}:
            ask_some_back(city, at)
        city.bank_works(minutes(at))
    for number, order in list(city.orders.items()):
        if order.winner is None and not order.closed:
            city.tell(OrderClosed(f"x-{number}", number, minutes(61), CloseReason.EXPIRED))
    end_of_day(city)


def some_pay(city: City, at: int) -> None:
    for attempt in list(city.of):
        known = city.bank.orders.get(attempt)
        if known is not None and known.state is Outcome.PENDING and city.dice.random() < 0.05:
            city.bank = city.bank.pay(attempt, minutes(at), success=city.dice.random() < 0.8)


def some_cancel(city: City, at: int) -> None:
    for number in ("O0", "O1"):
        if city.orders[number].winner is None:
            city.tell(OrderClosed(f"c-{number}", number, minutes(at), CloseReason.CANCELLED))


def ask_some_back(city: City, at: int) -> None:
    for number, order in list(city.orders.items()):
        if order.winner is not None and not order.disputed and city.dice.random() < 0.6:
            most = order.refundable(order.winner).fen
            if most:
                wanted = Amount(city.dice.randint(1, most))
                city.tell(RefundRequested(f"r-{number}-{at}", number, minutes(at), f"{number}-R{at}", wanted))


def end_of_day(city: City) -> None:
    """Two rounds, because what the first round heals may send refunds back (late, double)."""
    for turn in range(2):
        city.bank_works(minutes(100 + turn))
        statement = parse_statement(render_statement(city.bank.statement("city", DAY)), "bank", "city", DAY)
        rows = [row for order in city.orders.values() for row in our_rows(order, "bank", city.times)]
        found = reconcile(rows, statement, CUT_OFF, timedelta(minutes=5))
        assert found.proved
        assert set(found.counts) <= {Result.MATCHED, Result.IDLE, Result.STATE_DIFFERS}
        for place, item in enumerate(found.differences):
            report = report_of(item, "bank", f"stmt-{turn}-{place}", minutes(200 + turn))
            assert report is not None
            city.tell(report)
    city.bank_works(minutes(300))
    statement = city.bank.statement("city", DAY)
    for place, row in enumerate(city.bank.refunds.values()):
        if row.state is not Outcome.PENDING:  # those whose call-back was lost are asked for
            answer = city.bank.handle(ask("refund.query", number=row.number), minutes(301))[1]
            message = Message.of("bank", "city", "refund.query", 1, "n" * 16, answer)
            city.tell(refund_report(message, f"q-{place}", city.of[row.number], minutes(301), Source.QUERY))
    books_agree(city)


def books_agree(city: City) -> None:
    statement = city.bank.statement("city", DAY)
    orders = city.orders.values()
    assert not any(order.disputed for order in orders)
    assert total(order.received for order in orders) == statement.payments
    assert total(order.returned for order in orders) == statement.refunds
    assert city.book.balance(AccountKind.CHANNEL, "bank") == statement.payments - statement.refunds
    debit, credit = trial_balance(city.book.balances())
    assert debit == credit
    final = settled("s", DAY, "bank", "account", statement.payments - statement.refunds, statement.fees)
    if final is not None:
        city.book.post(final)
    assert city.book.balance(AccountKind.CHANNEL) == ZERO
    assert city.book.balance(AccountKind.BANK) == statement.net


def test_paid_once_although_everything_goes_wrong() -> None:
    """The call-back is lost nine times, the payer pays twice, the office closes: one story by hand."""
    city = City(new_bank({1: Mischief(lost=9), 2: Mischief(copies=3)}), Random(1))
    city.begin("O1", 2, minutes(1))
    city.bank = city.bank.pay("O1-0", minutes(2))
    city.listen(minutes(2))
    assert city.orders["O1"].state is OrderState.PAYING  # lost
    city.bank = city.bank.pay("O1-1", minutes(3))
    city.listen(minutes(3))
    assert city.orders["O1"].state is OrderState.PAID and city.orders["O1"].winner == "O1-1"
    city.request("pay.query", {"number": "O1-0"}, minutes(20), "O1")  # the lost one, found by a query
    assert city.orders["O1"].surplus == PRICE
    city.bank = city.bank.give_back("O1-0-A", minutes(30))
    for at in range(30, 50):
        city.listen(minutes(at))
    assert city.orders["O1"].surplus == ZERO and city.orders["O1"].state is OrderState.PAID
    books_agree(city)


def test_signed_rubbish_is_no_result() -> None:
    for fields in (
        {"code": "UNKNOWN", "detail": "x"},
        {"code": "OK", "number": "A1", "state": "DONE", "amount": "1.00", "trade": "T"},
        {"code": "OK", "number": "A1", "state": "SUCCEEDED", "amount": "1.00", "trade": ""},
        {"code": "OK", "number": "A1", "state": "SUCCEEDED", "amount": "1", "trade": "T"},
        {"code": "OK", "number": "A1", "state": "SUCCEEDED", "trade": "T"},
    ):
        message = Message.of("bank", "city", "pay.result", 1, "n" * 16, fields)
        with pytest.raises(PaymentError):
            payment_report(message, "e", "O1", NOW, Source.CALLBACK)
    assert Mischief() == NO_MISCHIEF
