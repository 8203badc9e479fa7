"""核对: what a device and its channels may be."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from quancheng.capabilities.ingest.models import Protocol
from quancheng.capabilities.ingest.payloads import FORMATS
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec
from quancheng.core.text import Text

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,63}")
_ADDRESS = re.compile(r"[\x21-\x7e]{1,64}")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_ELEMENT = 80
_STREAM_LIMIT = 1 << 53
MOST_RATE = 10_000.0


def wrong_fields(row: DeviceSpec) -> dict[str, Text]:
    """What is wrong with a device to register, by field; empty when nothing is."""
    wrong: dict[str, Text] = {}
    if not CODE.fullmatch(row.code):
        wrong["code"] = Text("2–64位字母、数字、点、横线", "2 to 64 letters, digits, dots or hyphens")
    if row.protocol not in Protocol.values:
        wrong["protocol"] = Text("请选择协议", "Choose a protocol")
    if row.address and not _ADDRESS.fullmatch(row.address):
        wrong["address"] = Text("最多64个可见字符", "At most 64 visible characters")
    if row.payload not in FORMATS and row.protocol in {Protocol.MQTT, Protocol.HTTP, Protocol.NBIOT}:
        wrong["payload"] = Text("请选择载荷格式", "Choose a payload format")
    if len(row.thing) > 80:
        wrong["thing"] = Text("最多80字", "80 characters at most")
    if not (math.isfinite(row.rate) and 0 <= row.rate <= MOST_RATE):
        wrong["rate"] = Text(f"应在0到{MOST_RATE:g}之间", f"Must be 0 to {MOST_RATE:g}")
    return wrong | wrong_channels(row.channels)


def wrong_channels(channels: Sequence[ChannelSpec]) -> dict[str, Text]:
    """What is wrong with channels; empty when nothing is."""
    names = [one.element for one in channels]
    if len(set(names)) < len(names):
        return {"channels": Text("要素重复", "An element stands twice")}
    for one in channels:
        if not 0 < len(one.element) <= _ELEMENT or not one.element.isprintable():
            return {"channels": Text(f"要素名1–{_ELEMENT}字", f"An element has 1 to {_ELEMENT} characters")}
        if isinstance(one.stream, bool) or not 0 < one.stream < _STREAM_LIMIT:
            return {"channels": Text("数据流编号不可用", "The stream's number is unusable")}
        if not (math.isfinite(one.scale) and math.isfinite(one.offset) and one.scale):
            return {
                "channels": Text("系数应为非零有限数", "The scale must be a finite number other than zero")
            }
    return {}
