"""What can be refused on a link: a machine reason, a place, and a text in Chinese and English."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["LinkFault", "LinkReason"]


class LinkReason(StrEnum):
    """Why a handshake, a record or a stored envelope was refused (拒绝原因)."""

    MESSAGE = "MESSAGE"
    VERSION = "VERSION"
    SUITE = "SUITE"
    OTHER_PARTY = "OTHER_PARTY"
    KEY_SHARE = "KEY_SHARE"
    QKD_KEY = "QKD_KEY"
    TOO_WEAK = "TOO_WEAK"
    SIGNATURE = "SIGNATURE"
    CONFIRMATION = "CONFIRMATION"
    STEP = "STEP"
    OTHER_SESSION = "OTHER_SESSION"
    REPLAYED = "REPLAYED"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    TAMPERED = "TAMPERED"
    EXHAUSTED = "EXHAUSTED"
    ERASED = "ERASED"
    TOO_LARGE = "TOO_LARGE"


_HEADS = {
    LinkReason.MESSAGE: Text("握手报文格式有误", "The handshake message is not well formed"),
    LinkReason.VERSION: Text("链路协议版本不支持", "This version of the link is not supported"),
    LinkReason.SUITE: Text("没有共同的密码套件", "There is no cipher suite in common"),
    LinkReason.OTHER_PARTY: Text("报文属于另一链路或另一方", "The message is for another link or party"),
    LinkReason.KEY_SHARE: Text("密钥份额无效", "A key share is not valid"),
    LinkReason.QKD_KEY: Text("量子密钥不可用", "The quantum key cannot be used"),
    LinkReason.TOO_WEAK: Text("链路强度低于要求，已拒绝", "The link would be weaker than required: refused"),
    LinkReason.SIGNATURE: Text("对方身份签名不成立", "The other side's signature does not hold"),
    LinkReason.CONFIRMATION: Text("密钥确认不符", "Key confirmation does not hold"),
    LinkReason.STEP: Text("握手步骤不对", "The handshake is not at this step"),
    LinkReason.OTHER_SESSION: Text("记录属于另一会话", "The record belongs to another session"),
    LinkReason.REPLAYED: Text("记录重复", "The record was received before"),
    LinkReason.OUT_OF_ORDER: Text("记录次序不对", "The record is out of order"),
    LinkReason.TAMPERED: Text("记录被改动", "The record was changed"),
    LinkReason.EXHAUSTED: Text("会话密钥已用满，须换密钥", "The session's key is used up: rekey"),
    LinkReason.ERASED: Text("会话密钥已销毁", "The session's keys are erased"),
    LinkReason.TOO_LARGE: Text("内容过大", "The content is too large"),
}


class LinkFault(Exception):
    """A refusal (链路操作被拒). ``reason`` for machines, ``text`` for people."""

    def __init__(self, reason: LinkReason, detail: str = "") -> None:
        head = _HEADS[reason]
        more = f" ({detail})" if detail else ""
        self.reason = reason
        self.text = Text(f"{head.zh}{more}", f"{head.en}{more}")
        super().__init__(self.text.en)
