"""复式记账: accounts, postings that balance, a book that only grows.

Every posting sums to zero, so the trial balance does. Nothing is changed or deleted: a mistake is
undone by a reversal, the same entries with the other sign, in an open period
(《会计基础工作规范》第六十二条, the red-letter method). A closed period takes no more postings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.money import Amount, total
from quancheng.core.text import Text

__all__ = ["Account", "AccountKind", "Book", "Entry", "Posting", "balances", "reversal", "trial_balance"]


class AccountKind(StrEnum):
    """Kinds of accounts (科目). The key of each: see the labels."""

    CHANNEL = "CHANNEL"
    BANK = "BANK"
    FEE = "FEE"
    PAYER = "PAYER"
    TREASURY = "TREASURY"
    REFUND = "REFUND"

    @property
    def text(self) -> Text:
        """Label with what the key is (科目名称)."""
        return _LABELS[self]


_LABELS = {
    AccountKind.CHANNEL: Text("渠道待清算款（按渠道）", "due from a channel (by channel)"),
    AccountKind.BANK: Text("收款账户（按账户）", "money in the account (by account)"),
    AccountKind.FEE: Text("手续费（按渠道）", "fees (by channel)"),
    AccountKind.PAYER: Text("缴款人待确认款（按订单）", "payers' clearing (by order)"),
    AccountKind.TREASURY: Text("应缴国库非税收入（按预算科目）", "due to the treasury (by budget item)"),
    AccountKind.REFUND: Text("应退款（按订单）", "refunds owed (by order)"),
}


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account (账户): its kind and its key."""

    kind: AccountKind
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a posting (分录): debit above zero, credit below (借正贷负)."""

    account: Account
    amount: Amount

    def __post_init__(self) -> None:
        if not self.amount:
            raise PaymentError(PaymentReason.UNBALANCED, self.account.key)


@dataclass(frozen=True, slots=True)
class Posting:
    """Entries that belong together and sum to zero (记账凭证). ``id`` is made from the event that caused it."""

    id: str
    day: date
    memo: Text
    entries: tuple[Entry, ...]
    reverses: str | None = None

    def __post_init__(self) -> None:
        if len(self.entries) < 2 or total(entry.amount for entry in self.entries):
            raise PaymentError(PaymentReason.UNBALANCED, self.id)

    @property
    def turnover(self) -> Amount:
        """Sum of its debits (发生额)."""
        return total(entry.amount for entry in self.entries if entry.amount.fen > 0)


def reversal(posting: Posting, number: str, day: date, why: Text) -> Posting:
    """The posting that undoes another (红字冲销)."""
    entries = tuple(Entry(entry.account, -entry.amount) for entry in posting.entries)
    return Posting(number, day, why, entries, posting.id)


def balances(postings: Iterable[Posting]) -> dict[Account, Amount]:
    """Balance of every account touched, sorted (余额表)."""
    sums: defaultdict[Account, int] = defaultdict(int)
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account] += entry.amount.fen
    return {account: Amount(sums[account]) for account in sorted(sums)}


def trial_balance(table: Mapping[Account, Amount]) -> tuple[Amount, Amount]:
    """Sums of debit and of credit balances (试算平衡); equal in every sound book."""
    debit = total(amount for amount in table.values() if amount.fen > 0)
    credit = total(-amount for amount in table.values() if amount.fen < 0)
    return debit, credit


@dataclass(slots=True)
class Book:
    """A whole book in memory (账簿): for tests, peers and rebuilding from a table of postings.

    The one mutable object of this package. A capability keeps postings in a table instead, checks
    the same three rules by ``unique(id)``, the closing day and ``unique(reverses)``.
    """

    closed_through: date | None = None
    _postings: dict[str, Posting] = field(default_factory=dict, repr=False)
    _sums: defaultdict[Account, int] = field(default_factory=lambda: defaultdict(int), repr=False)
    _reversed: set[str] = field(default_factory=set, repr=False)

    def __iter__(self) -> Iterator[Posting]:
        return iter(self._postings.values())

    def __len__(self) -> int:
        return len(self._postings)

    def post(self, posting: Posting) -> bool:
        """Post (记账); ``False`` when it is there already. The same id with other entries is refused."""
        known = self._postings.get(posting.id)
        if known is not None:
            if known != posting:
                raise PaymentError(PaymentReason.EVENT_REUSED, posting.id)
            return False
        self._open(posting.day)
        if posting.reverses is not None:
            self._undoes(posting)
            self._reversed.add(posting.reverses)
        self._postings[posting.id] = posting
        for entry in posting.entries:
            self._sums[entry.account] += entry.amount.fen
        return True

    def reverse(self, number: str, by: str, day: date, why: Text) -> Posting:
        """Undo a posting (冲销). Each once only, and never a reversal itself."""
        posting = self._postings.get(number)
        if posting is None:
            raise PaymentError(PaymentReason.UNKNOWN, number)
        undone = reversal(posting, by, day, why)
        self.post(undone)
        return undone

    def close(self, day: date) -> dict[Account, Amount]:
        """Close all periods up to and with a day (结账) and return the balances then."""
        if self.closed_through is not None and day <= self.closed_through:
            raise PaymentError(PaymentReason.PERIOD_CLOSED, f"{day}")
        self.closed_through = day
        return balances(posting for posting in self if posting.day <= day)

    def balance(self, kind: AccountKind, key: str | None = None) -> Amount:
        """Balance of one account, or of all of a kind (余额)."""
        if key is not None:
            return Amount(self._sums.get(Account(kind, key), 0))
        return Amount(sum(fen for account, fen in self._sums.items() if account.kind is kind))

    def balances(self) -> dict[Account, Amount]:
        """All balances that are not zero, sorted (余额表)."""
        return {account: Amount(self._sums[account]) for account in sorted(self._sums) if self._sums[account]}

    def _open(self, day: date) -> None:
        if self.closed_through is not None and day <= self.closed_through:
            raise PaymentError(PaymentReason.PERIOD_CLOSED, f"{day}")

    def _undoes(self, posting: Posting) -> None:
        first = self._postings.get(posting.reverses or "")
        if first is None or first.reverses is not None:
            raise PaymentError(PaymentReason.UNKNOWN, posting.reverses or "")
        if first.id in self._reversed:
            raise PaymentError(PaymentReason.ALREADY, first.id)
        if posting.entries != tuple(Entry(entry.account, -entry.amount) for entry in first.entries):
            raise PaymentError(PaymentReason.UNBALANCED, posting.id)
