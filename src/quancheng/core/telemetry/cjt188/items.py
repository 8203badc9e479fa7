"""数据项: meter types, units, data identifiers and the layout behind each, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from quancheng.core.text import Text

from .. import bcd
from ..reading import Quality, Reading
from ..refusal import FrameRefused, Reason, byte_count
from .frame import Control, Frame

__all__ = ["ITEMS", "METERS", "UNITS", "Item", "meter_kind", "readings"]

METERS: MappingProxyType[int, Text] = MappingProxyType(
    {
        0x10: Text("冷水水表", "Cold water meter"),
        0x11: Text("生活热水水表", "Hot water meter"),
        0x12: Text("直饮水水表", "Drinking water meter"),
        0x13: Text("中水水表", "Reclaimed water meter"),
        0x20: Text("热量表（计热量）", "Heat meter (heating)"),
        0x21: Text("热量表（计冷量）", "Heat meter (cooling)"),
        0x22: Text("热量表（计热量和冷量）", "Heat meter (heating and cooling)"),
        0x30: Text("燃气表", "Gas meter"),
        0x40: Text("电度表", "Electricity meter"),
    }
)
"""仪表类型: 10H–19H water, 20H–29H heat, 30H–39H gas, 40H–49H others."""

UNITS: MappingProxyType[int, tuple[str, float]] = MappingProxyType(
    {
        0x01: ("J", 1),
        0x02: ("Wh", 1),
        0x05: ("kWh", 1),
        0x08: ("MWh", 1),
        0x0A: ("MWh", 100),
        0x0B: ("kJ", 1),
        0x0E: ("MJ", 1),
        0x11: ("GJ", 1),
        0x13: ("GJ", 100),
        0x14: ("W", 1),
        0x17: ("kW", 1),
        0x1A: ("MW", 1),
        0x29: ("L", 1),
        0x2C: ("m³", 1),
        0x32: ("L/h", 1),
        0x35: ("m³/h", 1),
    }
)
"""单位代码: unit and what the number is to be multiplied by (MWh×100 and GJ×100 exist)."""

_MISSING = int(Quality.MISSING)
_CLOCK = int(Quality.CLOCK)
_FAULT = int(Quality.FAULT)
_VALVES = ("open", "closed", None, "fault")
_LOW = 0x04


@dataclass(frozen=True, slots=True)
class Item:
    """一项: ``size`` BCD bytes with ``decimals``; behind them a unit code, unless ``unit`` says it."""

    element: str
    size: int
    decimals: int
    unit: str = ""

    @property
    def width(self) -> int:
        """Bytes in the data, the unit code included."""
        return self.size + (not self.unit)


_TOTAL = Item("volume_total", 4, 2)
_SETTLED = Item("volume_settled", 4, 2)
_FLOW = (_TOTAL, _SETTLED)
_HEAT = (
    Item("heat_settled", 4, 2),
    Item("heat_total", 4, 2),
    Item("heat_power", 4, 2),
    Item("flow_rate", 4, 4),
    _TOTAL,
    Item("supply_temperature", 3, 2, "℃"),
    Item("return_temperature", 3, 2, "℃"),
    Item("hours", 3, 0, "h"),
)
_CURRENT = 0x901F
_MONTHS = range(0xD120, 0xD12C)

ITEMS: MappingProxyType[tuple[int, str], tuple[Item, ...]] = MappingProxyType(
    {(_CURRENT, kind): _FLOW for kind in ("water", "gas", "other")}
    | {(_CURRENT, "heat"): _HEAT}
    | {
        (code, kind): (Item(f"volume_month_{month}", 4, 2),)
        for kind in ("water", "gas", "heat", "other")
        for month, code in enumerate(_MONTHS, 1)
    }
)
"""数据标识: 901F 计量数据 (then the clock and the status), D120–D12B 上1月–上12月结算日累积流量."""

_KINDS = {1: "water", 2: "heat", 3: "gas", 4: "other"}
_CLOCKED = 9


def meter_kind(meter: int) -> str:
    """water, heat, gas or other, by the high digit of the meter type."""
    kind = _KINDS.get(meter >> 4)
    if kind is None or meter & 0x0F > 9:
        raise FrameRefused(Reason.ITEM, Text(f"仪表类型 {meter:02X}", f"meter {meter:02X}"))
    return kind


def readings(
    frame: Frame, decimals: Mapping[str, int] | None = None, *, unit_first: bool = False
) -> tuple[Reading, ...]:
    """The readings of an answer to a read of 计量数据 or 历史计量数据.

    The time is the meter's clock (Beijing); an impossible one is marked and left to the receiver.
    For makers that differ from the standard: ``decimals`` overrides it by element (some send 流量
    with two, not four), ``unit_first`` reads the unit code before its number.
    """
    if frame.failed:
        raise FrameRefused(Reason.DEVICE, f"status {frame.data[1:].hex() or '?'}")
    if not frame.answer or frame.control is not Control.READ:
        raise FrameRefused(Reason.FUNCTION, f"{frame.control.name}")
    if len(frame.data) < 3:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(frame.data)))
    code, layout = _layout(frame)
    raw = frame.data[3:]
    width = sum(item.width for item in layout)
    clocked = code == _CURRENT
    if len(raw) != width + (_CLOCKED if clocked else 0):
        raise FrameRefused(Reason.LENGTH, f"{code:04X}: {len(raw)} bytes")
    time, quality = _clock(raw[width : width + 7]) if clocked else (None, 0)
    found = []
    at = 0
    for item in layout:
        part = raw[at : at + item.width]
        if unit_first and not item.unit:
            part = part[1:] + part[:1]
        found.append(_reading(item, part, time, quality, decimals or {}))
        at += item.width
    if clocked:
        found += _status(raw[-2], time, quality)
    return tuple(found)


def _layout(frame: Frame) -> tuple[int, tuple[Item, ...]]:
    kind = meter_kind(frame.meter)
    for raw in (frame.data[1::-1], frame.data[:2]):
        code = int.from_bytes(raw)
        layout = ITEMS.get((code, kind))
        if layout is not None:
            return code, layout
    raise FrameRefused(Reason.ITEM, frame.data[:2].hex())


def _reading(item: Item, raw: bytes, time: int | None, quality: int, decimals: Mapping[str, int]) -> Reading:
    unit, factor = item.unit, 1.0
    if not unit:
        known = UNITS.get(raw[-1])
        if known is None:
            raise FrameRefused(
                Reason.VALUE,
                Text(f"{item.element}：单位代码 {raw[-1]:02X}", f"{item.element}: unit {raw[-1]:02X}"),
            )
        unit, factor = known
    number = raw[: item.size]
    if number.count(0xFF) == item.size:
        return Reading(item.element, None, unit, time, quality | _MISSING)
    value = bcd.number_reversed(number, decimals.get(item.element, item.decimals))
    return Reading(item.element, value * factor, unit, time, quality)


def _clock(raw: bytes) -> tuple[int | None, int]:
    """实时时间: seconds, minutes, hours, day, month, year (two bytes), lowest first."""
    try:
        text = bcd.digits_reversed(raw)
        parts = (text[0:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14])
        year, month, day, hour, minute, second = map(int, parts)
        return bcd.meter_micros((year, month, day, hour, minute, second)), 0
    except FrameRefused:
        return None, _CLOCK


def _status(state: int, time: int | None, quality: int) -> list[Reading]:
    """状态 ST, first byte: D1D0 the valve, D2 the battery; the rest is the maker's own."""
    valve = _VALVES[state & 0x03]
    flag = _FAULT if valve == "fault" else 0 if valve else _MISSING
    return [
        Reading("valve", valve, "", time, quality | flag),
        Reading("battery_low", bool(state & _LOW), "", time, quality),
    ]
