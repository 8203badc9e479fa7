"""参考银行: a pure channel that takes orders, calls back until it is heard, and writes statements.

For tests and for a peer process that speaks HTTP: state in, request in; state out, reply out.
It can be told to lose, delay and repeat call-backs (``Mischief``). What it says is always true:
lies are made by tests. Kinds of requests: ``pay.create``, ``pay.query``, ``pay.close``,
``refund.create``, ``refund.query``; of call-backs: ``pay.result``, ``refund.result``. Fields are in
``channel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import Outcome
from quancheng.core.payment.message import Message
from quancheng.core.payment.money import ZERO, Amount, FeeRule, total
from quancheng.core.payment.numbers import identifier
from quancheng.core.payment.statement import CutOff, RowKind, Statement, StatementRow

__all__ = ["NO_MISCHIEF", "Bank", "BankOrder", "BankRefund", "Callback", "Fields", "Mischief"]

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Mischief:
    """What happens to one notification (捣乱): its first ``lost`` tries vanish, each other comes ``copies`` times,
    all of them ``delay`` later."""

    lost: int = 0
    copies: int = 1
    delay: timedelta = timedelta()


NO_MISCHIEF = Mischief()


@dataclass(frozen=True, slots=True)
class BankOrder:
    """An order at the bank (银行订单)."""

    number: str
    merchant: str
    amount: Amount
    expires: datetime
    state: Outcome = Outcome.PENDING
    trade: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BankRefund:
    """A refund at the bank (银行退款)."""

    number: str
    original: str
    amount: Amount
    state: Outcome = Outcome.PENDING
    trade: str = ""
    at: datetime | None = None
    fee: Amount = ZERO


@dataclass(frozen=True, slots=True)
class Callback:
    """A notification that is repeated until acknowledged (回调通知)."""

    id: str
    merchant: str
    kind: str
    fields: tuple[tuple[str, str], ...]
    next: datetime | None
    mischief: Mischief
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Bank:
    """The whole state of the bank (银行状态). A value.

    ``retries``: pauses after each try that is not acknowledged; after the last it gives up.
    ``mischief`` by the serial number of the notification, counted from 1.
    """

    name: str
    fee: FeeRule
    cut_off: CutOff
    retries: tuple[timedelta, ...]
    mischief: Mapping[int, Mischief] = field(default_factory=dict)
    orders: Mapping[str, BankOrder] = field(default_factory=dict)
    refunds: Mapping[str, BankRefund] = field(default_factory=dict)
    waiting: Mapping[str, Callback] = field(default_factory=dict)
    trades: int = 0
    notified: int = 0

    # what the merchant asks

    def handle(self, request: Message, at: datetime) -> tuple[Bank, Fields]:
        """Answer a verified request (处理请求). Refusals are replies with another ``code`` than ``OK``."""
        try:
            return self._handle(request, at)
        except PaymentError as error:
            return self, {"code": error.reason.value, "detail": error.text.en}

    def _handle(self, request: Message, at: datetime) -> tuple[Bank, Fields]:
        number = identifier(request.get("number"), "number")
        match request.kind:
            case "pay.create":
                return self._create(request, number, at)
            case "pay.query":
                return self, self._payment(self._mine(request, number))
            case "pay.close":
                return self._close(self._mine(request, number), at)
            case "refund.create":
                return self._refund(request, number)
            case "refund.query":
                refund = self.refunds.get(number)
                if refund is None or self.orders[refund.original].merchant != request.sender:
                    raise PaymentError(PaymentReason.UNKNOWN, number)
                return self, self._back(refund)
        raise PaymentError(PaymentReason.MESSAGE, request.kind)

    def _create(self, request: Message, number: str, at: datetime) -> tuple[Bank, Fields]:
        amount = Amount.of(request.get("amount"))
        expires = _moment(request.get("expires"))
        wanted = BankOrder(number, request.sender, amount, expires)
        known = self.orders.get(number)
        if known is not None:
            if (known.merchant, known.amount) != (request.sender, amount):
                raise PaymentError(PaymentReason.ALREADY, number)
            return self, self._payment(known)
        if amount.fen <= 0:
            raise PaymentError(PaymentReason.AMOUNT, number)
        if expires <= at:
            raise PaymentError(PaymentReason.EXPIRED, number)
        return self._with_order(wanted), self._payment(wanted)

    def _close(self, order: BankOrder, at: datetime) -> tuple[Bank, Fields]:
        if order.state is not Outcome.PENDING:
            return self, self._payment(order)
        closed = replace(order, state=Outcome.CLOSED, at=at)
        return self._with_order(closed), self._payment(closed)

    def _refund(self, request: Message, number: str) -> tuple[Bank, Fields]:
        order = self._mine(request, identifier(request.get("original"), "original"))
        amount = Amount.of(request.get("amount"))
        known = self.refunds.get(number)
        if known is not None:
            if (known.original, known.amount) != (order.number, amount):
                raise PaymentError(PaymentReason.ALREADY, number)
            return self, self._back(known)
        if order.state is not Outcome.SUCCEEDED:
            raise PaymentError(PaymentReason.STATE, number)
        if not 0 < amount.fen <= (order.amount - self._gone(order.number)).fen:
            raise PaymentError(PaymentReason.REFUND_EXCEEDS, number)
        refund = BankRefund(number, order.number, amount)
        return self._with_refund(refund), self._back(refund)

    def _mine(self, request: Message, number: str) -> BankOrder:
        order = self.orders.get(number)
        if order is None or order.merchant != request.sender:
            raise PaymentError(PaymentReason.UNKNOWN, number)
        return order

    def _gone(
        self, original: str, only: frozenset[Outcome] = frozenset({Outcome.PENDING, Outcome.SUCCEEDED})
    ) -> Amount:
        return total(r.amount for r in self.refunds.values() if r.original == original and r.state in only)

    # what happens at the bank

    def pay(self, number: str, at: datetime, success: bool = True) -> Bank:
        """The payer pays, or fails to (缴款人付款). Not after closing or expiry: ``PaymentError``."""
        order = self.orders.get(number)
        if order is None:
            raise PaymentError(PaymentReason.UNKNOWN, number)
        if order.state is not Outcome.PENDING:
            raise PaymentError(PaymentReason.STATE, number)
        if at >= order.expires:
            raise PaymentError(PaymentReason.EXPIRED, number)
        state = Outcome.SUCCEEDED if success else Outcome.FAILED
        paid = replace(order, state=state, at=at, trade=self._trade("P") if success else "")
        bank = replace(self._with_order(paid), trades=self.trades + 1)
        return bank._notify(order.merchant, "pay.result", self._payment(paid), at)

    def give_back(self, number: str, at: datetime, success: bool = True) -> Bank:
        """A refund reaches the payer, or cannot (退款到账)."""
        refund = self.refunds.get(number)
        if refund is None or refund.state is not Outcome.PENDING:
            raise PaymentError(PaymentReason.STATE, number)
        order = self.orders[refund.original]
        fee = self.fee.given_back(
            order.amount, self._gone(order.number, frozenset({Outcome.SUCCEEDED})), refund.amount
        )
        done = replace(
            refund,
            state=Outcome.SUCCEEDED if success else Outcome.FAILED,
            at=at,
            trade=self._trade("R") if success else "",
            fee=-fee if success else ZERO,
        )
        bank = replace(self._with_refund(done), trades=self.trades + 1)
        return bank._notify(order.merchant, "refund.result", self._back(done), at)

    # call-backs

    def due(self, at: datetime) -> tuple[Bank, tuple[Callback, ...]]:
        """The call-backs to send now, copies included, and the bank that has tried (到期回调).

        Send each to its merchant, signed with a fresh time and nonce.
        """
        sent: list[Callback] = []
        waiting = dict(self.waiting)
        for callback in self.waiting.values():
            if callback.next is None or callback.next > at:
                continue
            if callback.tries >= callback.mischief.lost:
                sent += [callback] * callback.mischief.copies
            pause = self.retries[callback.tries] if callback.tries < len(self.retries) else None
            later = None if pause is None else at + pause
            waiting[callback.id] = replace(callback, tries=callback.tries + 1, next=later)
        return replace(self, waiting=waiting), tuple(sent)

    def acknowledged(self, callback: str) -> Bank:
        """The merchant has heard (回调已确认)."""
        return replace(self, waiting={key: item for key, item in self.waiting.items() if key != callback})

    def _notify(self, merchant: str, kind: str, fields: Fields, at: datetime) -> Bank:
        serial = self.notified + 1
        number = f"{self.name}-N{serial}"
        mischief = self.mischief.get(serial, NO_MISCHIEF)
        told = tuple(sorted((fields | {"notification": number}).items()))
        callback = Callback(number, merchant, kind, told, at + mischief.delay, mischief)
        return replace(self, notified=serial, waiting={**self.waiting, number: callback})

    # statements

    def statement(self, merchant: str, day: date) -> Statement:
        """Statement of a business day (日对账单): what came to an end on it, in order of time."""
        rows = [
            StatementRow(
                RowKind.PAY,
                item.trade,
                item.number,
                item.amount,
                self.fee.on(item.amount),
                item.state,
                item.at,
            )
            for item in self.orders.values()
            if item.merchant == merchant and item.state is Outcome.SUCCEEDED and item.at is not None
        ]
        rows += [
            StatementRow(
                RowKind.REFUND,
                item.trade,
                item.number,
                item.amount,
                item.fee,
                item.state,
                item.at,
                item.original,
            )
            for item in self.refunds.values()
            if self.orders[item.original].merchant == merchant
            and item.state is Outcome.SUCCEEDED
            and item.at is not None
        ]
        mine = [row for row in rows if self.cut_off.day(row.at) == day]
        return Statement(self.name, merchant, day, tuple(sorted(mine, key=lambda row: (row.at, row.trade))))

    # small things

    def _trade(self, letter: str) -> str:
        return f"{self.name}-{letter}{self.trades + 1:08}"

    def _with_order(self, order: BankOrder) -> Bank:
        return replace(self, orders={**self.orders, order.number: order})

    def _with_refund(self, refund: BankRefund) -> Bank:
        return replace(self, refunds={**self.refunds, refund.number: refund})

    def _payment(self, order: BankOrder) -> Fields:
        return _fields(order.number, order.state, order.amount, order.trade, order.at)

    def _back(self, refund: BankRefund) -> Fields:
        return _fields(refund.number, refund.state, refund.amount, refund.trade, refund.at)


def _fields(number: str, state: Outcome, amount: Amount, trade: str, at: datetime | None) -> Fields:
    when = "" if at is None else at.isoformat()
    return {"code": "OK", "number": number, "state": state, "amount": str(amount), "trade": trade, "at": when}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PaymentError(PaymentReason.MESSAGE, "expires") from error
    if moment.tzinfo is None:
        raise PaymentError(PaymentReason.MESSAGE, "expires")
    return moment
