"""拒收: why a codec refused a frame or payload, in one vocabulary, with what to do about it.

Every codec that ends in :class:`~quancheng.core.telemetry.reading.Reading` refuses by raising
:class:`FrameRefused`; the gateway keeps the reason with the dead letter, so that a board can count
them. Nothing is repaired and nothing is guessed.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = ["FrameRefused", "Reason", "byte_count"]


class Reason(StrEnum):
    """拒收原因: stable words, stored with dead letters."""

    START = "start"
    TRUNCATED = "truncated"
    LENGTH = "length"
    CHECKSUM = "checksum"
    ADDRESS = "address"
    FUNCTION = "function"
    ITEM = "item"
    BCD = "bcd"
    VALUE = "value"
    TIME = "time"
    SYNTAX = "syntax"
    FIELD = "field"
    LIMIT = "limit"
    SEQUENCE = "sequence"
    SIGNATURE = "signature"
    MAP = "map"
    FORMAT = "format"
    DEVICE = "device"
    NOTHING = "nothing"


_RESEND = ("请设备重发", "let the device send it again")
_MAKER = ("请设备厂商核对规约实现", "ask the maker to check the implementation")
_SETTING = ("请核对设备登记的配置", "check how the device is registered")


def _advice(zh: str, en: str, todo: tuple[str, str]) -> Text:
    return Text(f"{zh}：{todo[0]}", f"{en}: {todo[1]}")


_ADVICE: MappingProxyType[Reason, Text] = MappingProxyType(
    {
        Reason.START: _advice("帧起始符或结束符不对", "frame does not begin or end as it must", _MAKER),
        Reason.TRUNCATED: _advice("数据不完整", "data cut short", _RESEND),
        Reason.LENGTH: _advice("长度与内容不符", "length disagrees with content", _RESEND),
        Reason.CHECKSUM: _advice("校验不符", "checksum wrong", _RESEND),
        Reason.ADDRESS: _advice("设备地址不可用或不是这台设备", "address unusable or another device's", _SETTING),
        Reason.FUNCTION: _advice("功能码或控制码未定义", "undefined function or control code", _MAKER),
        Reason.ITEM: _advice("数据标识未知", "unknown data item or type", _MAKER),
        Reason.BCD: _advice("数据不是 BCD 码", "data is not BCD", _RESEND),
        Reason.VALUE: _advice("数值不可用或超出字段范围", "value unusable or beyond its field", _MAKER),
        Reason.TIME: _advice("时间不可能", "impossible time", ("请对设备校时", "set the device's clock")),
        Reason.SYNTAX: _advice("内容不合语法", "content is not well-formed", _MAKER),
        Reason.FIELD: _advice("缺少字段或字段类型不对", "a field is missing or of the wrong type", _MAKER),
        Reason.LIMIT: _advice("超过大小或数量上限", "beyond the limit of size or number", ("请分批发送", "send less at once")),
        Reason.SEQUENCE: _advice("序号不连续或未先上线", "sequence broken or not yet born", ("请设备重新上线", "let the node be born again")),
        Reason.SIGNATURE: _advice("签名不符或已过期", "signature wrong or too old", ("请核对平台推送密钥", "check the platform's push key")),
        Reason.MAP: _advice("寄存器表不可用", "register map unusable", _SETTING),
        Reason.FORMAT: _advice("没有这种载荷格式", "no such payload format", _SETTING),
        Reason.DEVICE: _advice("设备答复出错", "the device answered with an error", ("请按错误内容处理", "see what it says")),
        Reason.NOTHING: _advice("没有可用的读数", "no reading in it", _MAKER),
    }
)  # fmt: skip


class FrameRefused(ValueError):
    """A frame or payload refused: the reason, where and what was found, and what to do (拒收).

    ``detail`` is the place and what stood there, in English where it needs words; ``message`` says
    everything in both languages and may be shown to people and devices.
    """

    def __init__(self, reason: Reason, detail: str | Text = "") -> None:
        found = Text.of(detail)
        self.reason = reason
        self.detail = found.en
        self.advice: Text = _ADVICE[reason]
        self.found: Text = found
        super().__init__(f"{reason}: {found.en}" if found.en else str(reason))

    @property
    def message(self) -> Text:
        """原因、位置和处置: the whole story in both languages."""
        if not self.detail:
            return self.advice
        return Text(f"{self.advice.zh}（{self.found.zh}）", f"{self.advice.en} ({self.found.en})")


def byte_count(have: int, want: int | None = None, at: int | None = None) -> Text:
    """A detail: so many bytes, of how many, at which place."""
    place = ("", "") if at is None else (f"第 {at} 字节起，", f" at {at}")
    if want is None:
        return Text(f"{place[0]}{have} 字节", f"{have} bytes{place[1]}")
    return Text(f"{place[0]}应 {want} 字节，实 {have} 字节", f"{have} of {want} bytes{place[1]}")
