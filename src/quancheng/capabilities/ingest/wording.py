"""用语: refusal reasons in words for people."""

from __future__ import annotations

from quancheng.capabilities.ingest.values import Reason
from quancheng.core.telemetry import refusal
from quancheng.core.text import Text

_OWN = {
    Reason.MALFORMED: Text("报文无法解析", "The message cannot be read"),
    Reason.UNKNOWN_FORMAT: Text("没有这种载荷格式", "No such payload format"),
    Reason.UNKNOWN_ELEMENT: Text("要素未登记通道", "No channel is registered for the element"),
    Reason.AHEAD: Text("时间超前：请对设备校时", "Time ahead: set the device's clock"),
    Reason.TOO_OLD: Text("时间过早：超过可补报时限", "Time too old to enter"),
    Reason.IMPOSSIBLE: Text("数值不是有限数", "The value is not a finite number"),
    Reason.TOO_MANY: Text("一条报文里的读数过多", "Too many readings in one message"),
    Reason.UNKNOWN_DEVICE: Text("设备未登记或已停用", "The device is unknown or suspended"),
    Reason.TOPIC: Text("主题不属于该设备", "The topic is not the device's"),
}


def reason_text(reason: str) -> Text:
    """A reason in both languages; codecs' own reasons with their advice."""
    own = {one.value: text for one, text in _OWN.items()}.get(reason)
    if own is not None:
        return own
    try:
        return refusal.FrameRefused(refusal.Reason(reason)).advice
    except ValueError:
        return Text(reason, reason)
