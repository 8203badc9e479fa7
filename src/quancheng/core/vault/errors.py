"""What can be refused in the vault, with a machine reason and words for people."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Reason", "VaultFault"]


class Reason(StrEnum):
    """Why a step, a receipt or a message is refused (拒绝原因)."""

    MALFORMED = "MALFORMED"
    STALE = "STALE"
    CLOCK = "CLOCK"
    NOT_OPEN = "NOT_OPEN"
    NOT_LIVE = "NOT_LIVE"
    WITHDRAWN = "WITHDRAWN"
    USED_UP = "USED_UP"
    EXPIRED = "EXPIRED"
    SUSPENDED = "SUSPENDED"
    RECIPIENT = "RECIPIENT"
    PURPOSE = "PURPOSE"
    ITEMS = "ITEMS"
    TERM = "TERM"
    GRANT = "GRANT"
    REASON_MISSING = "REASON_MISSING"
    STEP = "STEP"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    SIGNATURE = "SIGNATURE"
    COUNTERSIGNATURE = "COUNTERSIGNATURE"
    DATA = "DATA"
    HISTORY = "HISTORY"
    ADDRESS = "ADDRESS"

    @property
    def text(self) -> Text:
        """Words for people (说明)."""
        return _TEXTS[self]


_TEXTS = {
    Reason.MALFORMED: Text("内容不是规定的格式。", "It is not in the format laid down."),
    Reason.STALE: Text("记录已有更新，请按最新状态重试。", "The log has moved on; look at the present state."),
    Reason.CLOCK: Text("时间不对。", "The time is wrong."),
    Reason.NOT_OPEN: Text("这份请求已经答复或已过期。", "This request was answered or has lapsed."),
    Reason.NOT_LIVE: Text("没有有效的授权。", "There is no live grant."),
    Reason.WITHDRAWN: Text("本人已撤回授权。", "The person has withdrawn the grant."),
    Reason.USED_UP: Text("一次性授权已经用过。", "The grant for one use was used already."),
    Reason.EXPIRED: Text("授权已到期。", "The grant has run out."),
    Reason.SUSPENDED: Text("该数据使用方已被暂停。", "This recipient is suspended."),
    Reason.RECIPIENT: Text("授权给的是另一家。", "The grant is for somebody else."),
    Reason.PURPOSE: Text("用途与授权不符。", "The purpose is not the granted one."),
    Reason.ITEMS: Text("数据项不在授权之内。", "Items are outside the grant."),
    Reason.TERM: Text("期限超出请求的范围。", "The period is wider than what was asked."),
    Reason.GRANT: Text("引用的不是这份授权。", "It refers to another grant."),
    Reason.REASON_MISSING: Text("请写明理由。", "Give the reason."),
    Reason.STEP: Text("当前状态不能这样办理。", "The present state does not allow this step."),
    Reason.UNKNOWN_KEY: Text("签名所用密钥不在信任名单中。", "The signing key is not among the trusted ones."),
    Reason.SIGNATURE: Text("签名不成立。", "The signature does not hold."),
    Reason.COUNTERSIGNATURE: Text("缺少使用方的会签，或会签不成立。", "The recipient's countersignature is missing or does not hold."),
    Reason.DATA: Text("数据与回执中的承诺不符。", "The data does not fit the commitment in the receipt."),
    Reason.HISTORY: Text("记录前后不连续。", "The records do not follow each other."),
    Reason.ADDRESS: Text("签名对应的是另一次请求。", "The signature is for another request."),
}  # fmt: skip


class VaultFault(Exception):
    """Something that is refused, with its machine reason (拒绝)."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    @property
    def text(self) -> Text:
        """Words for people."""
        return self.reason.text
