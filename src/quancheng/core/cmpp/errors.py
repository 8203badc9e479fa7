"""出错: what makes a CMPP stream unreadable or a text unsendable."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["CmppError", "Reason"]


class Reason(StrEnum):
    """Why something was refused (原因)."""

    LENGTH = "length"
    COMMAND = "command"
    FIELD = "field"
    TEXT = "text"
    STATE = "state"


_TEXTS = {
    Reason.LENGTH: Text("报文长度不合规", "the length of a message is wrong"),
    Reason.COMMAND: Text("不认识的命令", "an unknown command"),
    Reason.FIELD: Text("字段不合规", "a field is not as it must be"),
    Reason.TEXT: Text("短信内容无法发送", "the text cannot be sent"),
    Reason.STATE: Text("当前状态不能这样做", "not in this state"),
}


class CmppError(ValueError):
    """A fault with reason, place and a text in two languages."""

    def __init__(self, reason: Reason, place: str) -> None:
        self.reason, self.place = reason, place
        said = _TEXTS[reason]
        self.text = Text(f"{said.zh}（{place}）。", f"{said.en} ({place}).")
        super().__init__(self.text.en)
