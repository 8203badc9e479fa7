"""What can be refused in payments: a machine reason, a place, and a text in Chinese and English."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["PaymentError", "PaymentReason"]


class PaymentReason(StrEnum):
    """Why something was refused (拒绝原因)."""

    AMOUNT = "AMOUNT"
    RATE = "RATE"
    NUMBER = "NUMBER"
    ORDER = "ORDER"
    STATE = "STATE"
    EXPIRED = "EXPIRED"
    NOT_EXPIRED = "NOT_EXPIRED"
    OTHER_ORDER = "OTHER_ORDER"
    UNKNOWN = "UNKNOWN"
    ALREADY = "ALREADY"
    EVENT_REUSED = "EVENT_REUSED"
    DISPUTED = "DISPUTED"
    REFUND_EXCEEDS = "REFUND_EXCEEDS"
    CLAIM_IMPOSSIBLE = "CLAIM_IMPOSSIBLE"
    UNBALANCED = "UNBALANCED"
    PERIOD_CLOSED = "PERIOD_CLOSED"
    MESSAGE = "MESSAGE"
    KEY = "KEY"
    SIGNATURE = "SIGNATURE"
    TIME_WINDOW = "TIME_WINDOW"
    REPLAYED = "REPLAYED"
    STATEMENT = "STATEMENT"
    DUPLICATE_ROW = "DUPLICATE_ROW"
    TOTALS = "TOTALS"
    RECEIPT = "RECEIPT"


_HEADS = {
    PaymentReason.AMOUNT: Text("金额有误", "The amount is wrong"),
    PaymentReason.RATE: Text("费率有误", "The fee rule is wrong"),
    PaymentReason.NUMBER: Text("编号格式有误", "The number is not well formed"),
    PaymentReason.ORDER: Text("订单内容有误", "The order is not well formed"),
    PaymentReason.STATE: Text("当前状态不允许此操作", "The present state does not allow this"),
    PaymentReason.EXPIRED: Text("订单已过支付期限", "The order may no longer be paid"),
    PaymentReason.NOT_EXPIRED: Text("订单尚未到期", "The order has not expired yet"),
    PaymentReason.OTHER_ORDER: Text("事件属于另一订单", "The event belongs to another order"),
    PaymentReason.UNKNOWN: Text("没有这一对象", "There is no such thing"),
    PaymentReason.ALREADY: Text("该编号已被使用", "The number is in use"),
    PaymentReason.EVENT_REUSED: Text(
        "同一事件编号对应不同内容", "The event number was used with other content"
    ),
    PaymentReason.DISPUTED: Text("订单存疑，须先由人工处理", "A person must settle the dispute first"),
    PaymentReason.REFUND_EXCEEDS: Text("退款超过可退金额", "The refund exceeds what may be refunded"),
    PaymentReason.CLAIM_IMPOSSIBLE: Text(
        "该主张与已入账事实不能并存", "The claim cannot stand beside what is on the books"
    ),
    PaymentReason.UNBALANCED: Text("分录借贷不平", "The posting does not balance"),
    PaymentReason.PERIOD_CLOSED: Text("该会计期间已结账", "The period is closed"),
    PaymentReason.MESSAGE: Text("报文格式有误", "The message is not well formed"),
    PaymentReason.KEY: Text("密钥不可用", "The key cannot be used"),
    PaymentReason.SIGNATURE: Text("签名不符", "The signature does not hold"),
    PaymentReason.TIME_WINDOW: Text("报文时间超出允许范围", "The message is outside the time window"),
    PaymentReason.REPLAYED: Text("报文重复", "The message was seen before"),
    PaymentReason.STATEMENT: Text("对账单格式有误", "The statement is not well formed"),
    PaymentReason.DUPLICATE_ROW: Text("对账单有重复行", "The statement has a row twice"),
    PaymentReason.TOTALS: Text("对账单合计不符", "The totals of the statement are wrong"),
    PaymentReason.RECEIPT: Text("票据要素有误", "The receipt is not well formed"),
}


class PaymentError(ValueError):
    """A refusal (支付操作被拒). ``reason`` for machines, ``place`` for where, ``text`` for people."""

    def __init__(self, reason: PaymentReason, place: str, detail: Text | None = None) -> None:
        head = _HEADS[reason]
        more = Text("", "") if detail is None else Text(f"，{detail.zh}", f", {detail.en}")
        self.reason = reason
        self.place = place
        self.text = Text(f"{head.zh}（{place}）{more.zh}。", f"{head.en} ({place}){more.en}.")
        super().__init__(self.text.en)
