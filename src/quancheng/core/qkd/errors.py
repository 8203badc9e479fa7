"""What can be refused in quantum key distribution: a machine reason and a text in Chinese and English."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["QkdError", "QkdReason"]


class QkdReason(StrEnum):
    """Why something was refused (拒绝原因)."""

    SETTING = "SETTING"
    MESSAGE = "MESSAGE"
    SIZE = "SIZE"
    NUMBER = "NUMBER"
    KEY_ID = "KEY_ID"
    EXTENSION = "EXTENSION"


_HEADS = {
    QkdReason.SETTING: Text("参数有误", "A setting is wrong"),
    QkdReason.MESSAGE: Text("报文格式有误", "The message is not well formed"),
    QkdReason.SIZE: Text("密钥长度不可用", "The key size cannot be served"),
    QkdReason.NUMBER: Text("密钥数量不可用", "The number of keys cannot be served"),
    QkdReason.KEY_ID: Text("密钥编号有误", "The key ID is not well formed"),
    QkdReason.EXTENSION: Text("不支持必需的扩展", "A mandatory extension is not supported"),
}


class QkdError(ValueError):
    """A refusal (量子密钥操作被拒). ``reason`` for machines, ``place`` for where, ``text`` for people."""

    def __init__(self, reason: QkdReason, place: str, detail: str = "") -> None:
        head = _HEADS[reason]
        more = f": {detail}" if detail else ""
        self.reason = reason
        self.place = place
        self.text = Text(f"{head.zh}（{place}）{more}", f"{head.en} ({place}){more}")
        super().__init__(self.text.en)
