"""报文错误: why a frame was refused and what to do about it. A damaged frame is never accepted."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = ["Fault", "FrameError"]


class Fault(StrEnum):
    """拒收原因: the first rule that the bytes, or the values to encode, broke."""

    START = "start"
    TRUNCATED = "truncated"
    LENGTH = "length"
    CRC = "crc"
    DIRECTION = "direction"
    STATION = "station"
    FUNCTION = "function"
    BODY_START = "body-start"
    BODY_END = "body-end"
    PACKET = "packet"
    TIME = "time"
    LEAD = "lead"
    STATION_CLASS = "station-class"
    ELEMENT = "element"
    ELEMENT_LENGTH = "element-length"
    BCD = "bcd"
    VALUE = "value"
    NOISE = "noise"


_RESEND = ("请要求遥测站重发", "ask the station to send again")
_MAKER = ("请设备厂商核对规约实现", "ask the maker to check the implementation")
_ADVICE = MappingProxyType(
    {
        Fault.START: Text("报文不以 7E7E 开头：检查链路分帧", "no 7E7E to begin: check framing"),
        Fault.TRUNCATED: Text(f"报文不完整：{_RESEND[0]}", f"frame cut short: {_RESEND[1]}"),
        Fault.LENGTH: Text(f"长度与内容不符：{_RESEND[0]}", f"length disagrees: {_RESEND[1]}"),
        Fault.CRC: Text(f"校验码不符：{_RESEND[0]}", f"checksum wrong: {_RESEND[1]}"),
        Fault.DIRECTION: Text(f"上下行标识无效：{_MAKER[0]}", f"bad direction: {_MAKER[1]}"),
        Fault.STATION: Text("遥测站地址无效：核对站码设置", "bad station address: check it"),
        Fault.FUNCTION: Text(f"功能码未定义：{_MAKER[0]}", f"undefined function: {_MAKER[1]}"),
        Fault.BODY_START: Text(f"正文起始符无效：{_MAKER[0]}", f"bad body start: {_MAKER[1]}"),
        Fault.BODY_END: Text(f"报文结束符无效：{_MAKER[0]}", f"bad body end: {_MAKER[1]}"),
        Fault.PACKET: Text(f"包总数或包序号无效：{_MAKER[0]}", f"bad packet count: {_MAKER[1]}"),
        Fault.TIME: Text("时间不可能：对遥测站校时后重发", "impossible time: set the clock"),
        Fault.LEAD: Text(f"缺少地址或时间引导符：{_MAKER[0]}", f"lead-in missing: {_MAKER[1]}"),
        Fault.STATION_CLASS: Text(f"站类码未定义：{_MAKER[0]}", f"unknown class: {_MAKER[1]}"),
        Fault.ELEMENT: Text(f"要素标识符不可用：{_MAKER[0]}", f"element unusable: {_MAKER[1]}"),
        Fault.ELEMENT_LENGTH: Text(f"要素长度不符：{_MAKER[0]}", f"element length: {_MAKER[1]}"),
        Fault.BCD: Text(f"数据不是 BCD 码：{_RESEND[0]}", f"data is not BCD: {_RESEND[1]}"),
        Fault.VALUE: Text("数值超出字段范围：检查数据", "value does not fit its field: check it"),
        Fault.NOISE: Text("链路杂波：检查信道质量", "noise on the line: check the channel"),
    }
)


class FrameError(ValueError):
    """A frame refused, with its reason, the place and what to do (拒收的报文)."""

    def __init__(self, reason: Fault, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.advice: Text = _ADVICE[reason]
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
