"""Words for machine reasons, as people read them."""

from __future__ import annotations

from quancheng.capabilities.quantum.kme_client import KmeReason
from quancheng.core.linkkey import LinkFault, LinkReason, RekeyReason
from quancheng.core.text import Text

__all__ = ["reason_text"]

_MORE = {
    "UNREACHABLE": Text("对方无法连接", "the peer cannot be reached"),
    "TIMEOUT": Text("对方超时未答", "no answer in time"),
    "BROKEN": Text("连接中断", "the line broke"),
    "HELD": Text("人工停用量子密钥", "held by an operator"),
    "OPEN": Text("建立", "opened"),
    "ASKED": Text("人工要求", "asked for"),
    "RESTORE": Text("量子密钥恢复", "quantum keys are back"),
    "ANSWERED": Text("对端发起", "opened by the peer"),
    str(RekeyReason.AGE): Text("到期", "age"),
    str(RekeyReason.RECORDS): Text("记录数到限", "number of records"),
    str(RekeyReason.BYTES): Text("数据量到限", "amount of data"),
}


def reason_text(reason: str, *, quantum: bool = False) -> Text:
    """Words of a reason; ``quantum``: of an absent quantum key. Free text stays as it is."""
    if quantum and reason in list(KmeReason):
        return KmeReason(reason).text
    if reason in _MORE:
        return _MORE[reason]
    if reason in list(LinkReason):
        return LinkFault(LinkReason(reason)).text
    if reason in list(KmeReason):
        return KmeReason(reason).text
    return Text(reason, reason)
