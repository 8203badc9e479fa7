"""记账规则: which entries each movement of an order, each settlement, makes.

|movement|debit|credit|
|---|---|---|
|RECEIVED 渠道收款|channel|payer|
|EARNED 确认收入|payer|treasury, by budget item|
|REFUND_OWED 应退|treasury by item, or payer for a surplus|refund|
|REFUND_PAID 退款到账|refund|channel|
|settlement 清算|bank, fee|channel|

The undoing movements are the same with the other sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from quancheng.core.payment.events import Effect, Moved, Movement
from quancheng.core.payment.ledger import Account, AccountKind, Entry, Posting
from quancheng.core.payment.money import Amount
from quancheng.core.text import Text

__all__ = ["posted", "settled"]

_K = AccountKind
_MEMOS = {
    Movement.RECEIVED: Text("渠道收款", "received by a channel"),
    Movement.RECEIPT_UNDONE: Text("冲销渠道收款", "receipt undone"),
    Movement.EARNED: Text("确认非税收入", "revenue recognised"),
    Movement.EARNING_UNDONE: Text("冲销非税收入", "revenue undone"),
    Movement.REFUND_OWED: Text("应退款项", "refund owed"),
    Movement.REFUND_DROPPED: Text("退款未成，转回", "refund dropped"),
    Movement.REFUND_PAID: Text("退款到账", "refund paid"),
    Movement.REFUND_PAYMENT_UNDONE: Text("冲销退款到账", "refund payment undone"),
}
_UNDOING = {
    Movement.RECEIPT_UNDONE: Movement.RECEIVED,
    Movement.EARNING_UNDONE: Movement.EARNED,
    Movement.REFUND_DROPPED: Movement.REFUND_OWED,
    Movement.REFUND_PAYMENT_UNDONE: Movement.REFUND_PAID,
}


def posted(order: str, event: str, day: date, effects: Iterable[Effect]) -> tuple[Posting, ...]:
    """The postings of one step (一步的凭证): one for each ``Moved``, numbered by event and place.

    ``day`` is the accounting day. Post them in the transaction that keeps the order.
    """
    moves = [effect for effect in effects if isinstance(effect, Moved)]
    return tuple(
        Posting(f"{order}/{event}/{place}", day, _MEMOS[move.movement], _entries(order, move))
        for place, move in enumerate(moves, 1)
    )


def _entries(order: str, move: Moved) -> tuple[Entry, ...]:
    plain = _UNDOING.get(move.movement, move.movement)
    entries = _plain(order, plain, move)
    if plain is move.movement:
        return entries
    return tuple(Entry(entry.account, -entry.amount) for entry in entries)


def _plain(order: str, movement: Movement, move: Moved) -> tuple[Entry, ...]:
    payer, refund = Account(_K.PAYER, order), Account(_K.REFUND, order)
    channel = Account(_K.CHANNEL, move.channel)
    if movement is Movement.RECEIVED:
        return Entry(channel, move.amount), Entry(payer, -move.amount)
    if movement is Movement.REFUND_PAID:
        return Entry(refund, move.amount), Entry(channel, -move.amount)
    items = [(Account(_K.TREASURY, item), amount) for item, amount in move.parts if amount]
    if movement is Movement.EARNED:
        return Entry(payer, move.amount), *(Entry(account, -amount) for account, amount in items)
    owed = [Entry(account, amount) for account, amount in items] or [Entry(payer, move.amount)]
    return *owed, Entry(refund, -move.amount)


def settled(number: str, day: date, channel: str, account: str, gross: Amount, fee: Amount) -> Posting | None:
    """Posting when a channel pays out ``gross`` less ``fee`` (清算到账); ``None`` when both are nothing.

    ``gross`` is payments less refunds of the settled day and may be negative: then the channel draws.
    """
    lines = (
        (Account(_K.BANK, account), gross - fee),
        (Account(_K.FEE, channel), fee),
        (Account(_K.CHANNEL, channel), -gross),
    )
    entries = tuple(Entry(place, amount) for place, amount in lines if amount)
    return Posting(number, day, Text("渠道清算到账", "settled by the channel"), entries) if entries else None
