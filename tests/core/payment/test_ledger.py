"""The book: postings balance, are undone by reversal only, and stop at a closed period."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.payment import (
    ZERO,
    Account,
    AccountKind,
    Amount,
    Book,
    Entry,
    PaymentError,
    PaymentReason,
    Posting,
    balances,
    posted,
    reversal,
    settled,
    total,
    trial_balance,
)
from quancheng.core.text import Text
from tests.core.payment.world import DAY, FEW, PRICE, new, run, start, success

MEMO = Text("测试", "test")
ACCOUNTS = st.builds(Account, st.sampled_from(AccountKind), st.sampled_from("abc"))


@st.composite
def postings(draw: st.DrawFn) -> list[Posting]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        amounts = draw(st.lists(st.integers(-(10**6), 10**6).filter(bool), min_size=1, max_size=3))
        if sum(amounts):
            amounts.append(-sum(amounts))
        if len(amounts) > 1:
            entries = tuple(Entry(draw(ACCOUNTS), Amount(fen)) for fen in amounts)
            made.append(Posting(f"p{number}", DAY + timedelta(number), MEMO, entries))
    return made


def refused(book: Book, posting: Posting) -> PaymentReason:
    with pytest.raises(PaymentError) as caught:
        book.post(posting)
    return caught.value.reason


@FEW
@given(postings())
def test_the_trial_balance_is_always_even(made: list[Posting]) -> None:
    book = Book()
    for posting in made:
        book.post(posting)
        debit, credit = trial_balance(book.balances())
        assert debit == credit
    table = {account: amount for account, amount in balances(made).items() if amount}
    assert table == book.balances() and len(book) == len(made)
    assert total(book.balance(kind) for kind in AccountKind) == ZERO


@FEW
@given(postings())
def test_reversing_everything_leaves_nothing(made: list[Posting]) -> None:
    book = Book()
    for posting in made:
        book.post(posting)
    for posting in made:
        book.reverse(posting.id, f"undo-{posting.id}", DAY, MEMO)
    assert book.balances() == {}
    assert len(book) == 2 * len(made)


def test_a_payment_settled_leaves_money_in_the_bank_and_revenue_due() -> None:
    paid = run(new(), start(), success())
    book = Book()
    for posting in posted("O1", "n1", DAY, paid.effects):
        assert book.post(posting) and not book.post(posting)  # posting twice is posting once
    fee = Amount.of("0.72")
    arrived = settled("s1", DAY, "bank", "treasury-account", PRICE, fee)
    assert arrived is not None and arrived.turnover == PRICE
    book.post(arrived)
    assert {(account.kind, account.key): str(amount) for account, amount in book.balances().items()} == {
        (AccountKind.BANK, "treasury-account"): "119.33",
        (AccountKind.FEE, "bank"): "0.72",
        (AccountKind.TREASURY, "103042750"): "-100.00",
        (AccountKind.TREASURY, "103042751"): "-20.05",
    }


def test_a_day_of_more_refunds_than_payments_draws_from_the_bank() -> None:
    drawn = settled("s1", DAY, "bank", "account", Amount(-500), ZERO)
    assert drawn is not None
    assert [entry.amount.fen for entry in drawn.entries] == [-500, 500]
    assert settled("s2", DAY, "bank", "account", ZERO, ZERO) is None


def test_postings_that_do_not_balance_are_none() -> None:
    first, second = Account(AccountKind.BANK, "a"), Account(AccountKind.FEE, "b")
    for entries in ((), (Entry(first, Amount(1)),), (Entry(first, Amount(1)), Entry(second, Amount(-2)))):
        with pytest.raises(PaymentError) as caught:
            Posting("p", DAY, MEMO, entries)
        assert caught.value.reason is PaymentReason.UNBALANCED
    with pytest.raises(PaymentError):
        Entry(first, ZERO)


def posting(number: str = "p1", day: date = DAY, fen: int = 5) -> Posting:
    entries = (
        Entry(Account(AccountKind.BANK, "a"), Amount(fen)),
        Entry(Account(AccountKind.CHANNEL, "b"), Amount(-fen)),
    )
    return Posting(number, day, MEMO, entries)


def test_a_closed_period_takes_nothing_and_is_corrected_in_the_next() -> None:
    book, tomorrow = Book(), DAY + timedelta(1)
    book.post(posting())
    book.post(posting("p2", tomorrow, 7))
    assert book.close(DAY) == balances([posting()])  # tomorrow's is not of the period
    assert refused(book, posting("p3", DAY)) is PaymentReason.PERIOD_CLOSED
    assert not book.post(posting())  # already there: still no second posting, and no error
    with pytest.raises(PaymentError):
        book.close(DAY)
    undone = book.reverse("p1", "u1", tomorrow, Text("更正", "correction"))
    assert undone.day == tomorrow and book.balance(AccountKind.BANK, "a") == Amount(7)


def test_what_may_not_be_reversed() -> None:
    book = Book()
    book.post(posting())
    assert refused(book, posting(fen=6)) is PaymentReason.EVENT_REUSED
    half = Posting("h", DAY, MEMO, posting(fen=-3).entries, "p1")
    assert refused(book, half) is PaymentReason.UNBALANCED
    book.reverse("p1", "u1", DAY, MEMO)
    for number, reason in (
        ("p1", PaymentReason.ALREADY),
        ("u1", PaymentReason.UNKNOWN),
        ("p9", PaymentReason.UNKNOWN),
    ):
        with pytest.raises(PaymentError) as caught:
            book.reverse(number, "u2", DAY, MEMO)
        assert caught.value.reason is reason
    assert reversal(posting(), "u", DAY, MEMO).entries == posting(fen=-5).entries
    assert [kind.text.zh for kind in AccountKind if not kind.text.zh] == []
