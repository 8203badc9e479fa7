"""渠道适配: the fields of requests and results, from effects and to events.

|kind|fields|
|---|---|
|``pay.create``|number (attempt), amount, expires|
|``pay.query``, ``pay.close``, ``refund.query``|number|
|``refund.create``|number (refund), original (attempt), amount|
|replies and ``pay.result``, ``refund.result``|code, number, state, amount, trade, at; call-backs also notification|

Amounts in yuan with two decimals, moments in ISO 8601 with offset. A reply whose ``code`` is not
``OK`` says nothing about money. ``UNKNOWN`` to a query or a closing means that the request to pay
never arrived; once ``expires`` has passed none can, and the attempt may be reported ``CLOSED``.
"""

from __future__ import annotations

from datetime import datetime

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import (
    ChannelReport,
    CloseAtChannel,
    Outcome,
    RefundReport,
    SendRefund,
    Source,
    StartPayment,
)
from quancheng.core.payment.message import Message
from quancheng.core.payment.money import Amount
from quancheng.core.payment.numbers import identifier

__all__ = ["payment_report", "refund_report", "request_of"]


def request_of(effect: StartPayment | CloseAtChannel | SendRefund) -> tuple[str, dict[str, str]]:
    """Kind and fields of the request an effect asks for (由效果生成请求). Safe to send again."""
    match effect:
        case StartPayment():
            expires = effect.expires.isoformat()
            return "pay.create", {"number": effect.attempt, "amount": str(effect.amount), "expires": expires}
        case CloseAtChannel():
            return "pay.close", {"number": effect.attempt}
        case SendRefund():
            fields = {"number": effect.refund, "original": effect.attempt, "amount": str(effect.amount)}
            return "refund.create", fields


def payment_report(message: Message, event: str, order: str, at: datetime, source: Source) -> ChannelReport:
    """The event of a verified result of a payment (支付结果转事件). ``order`` is looked up by ``number``."""
    number, outcome, amount, trade = _result(message)
    return ChannelReport(event, order, at, number, message.sender, outcome, amount, trade, source)


def refund_report(message: Message, event: str, order: str, at: datetime, source: Source) -> RefundReport:
    """The event of a verified result of a refund (退款结果转事件)."""
    number, outcome, amount, trade = _result(message)
    if outcome is Outcome.CLOSED:
        raise PaymentError(PaymentReason.MESSAGE, "state")
    return RefundReport(event, order, at, number, outcome, amount, trade, source)


def _result(message: Message) -> tuple[str, Outcome, Amount, str]:
    if message.get("code") != "OK":
        raise PaymentError(PaymentReason.MESSAGE, "code")
    try:
        outcome = Outcome(message.get("state"))
    except ValueError as error:
        if isinstance(error, PaymentError):
            raise
        raise PaymentError(PaymentReason.MESSAGE, "state") from error
    number = identifier(message.get("number"), "number")
    trade = message.get("trade")
    if outcome is Outcome.SUCCEEDED:
        identifier(trade, "trade")
    return number, outcome, Amount.of(message.get("amount")), trade
