"""观测要素: which SL 651 element is which property, its unit and what no instrument can measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache

from quancheng.core.telemetry import sl651
from quancheng.core.text import Text

RAIN_5MIN, WATER_LEVEL, PONDING_DEPTH, VOLTAGE = "rain_5min", "water_level", "ponding_depth", "voltage"
RAIN, RIVER, RESERVOIR = "rain", "river", "reservoir"
SPRING, PONDING, WEATHER = "spring", "ponding", "weather"
AIR, NOISE, MANHOLE, SMOKE, STREETLIGHT, METER = "air", "noise", "manhole", "smoke", "streetlight", "meter"
SLOT = timedelta(minutes=5)
"""Rain of five minutes: the slot of all windows."""


@dataclass(frozen=True, slots=True)
class Property:
    """要素: its labels, unit and the range outside of which a value is impossible."""

    id: str
    text: Text
    unit: str
    lowest: Decimal
    highest: Decimal
    decimals: int = 1
    slot: timedelta | None = None
    """Values are of slots that end on whole multiples of this."""


def _property(
    ident: str, zh: str, en: str, unit: str, low: str, high: str, decimals: int = 1, slot: bool = False
) -> Property:
    text = Text(zh, en)
    return Property(ident, text, unit, Decimal(low), Decimal(high), decimals, SLOT if slot else None)


# Ranges are physical: the greatest five-minute rain ever measured anywhere is about 64 mm (Guadeloupe),
# terrestrial temperatures lie between −90 and 60 ℃. They find broken instruments, not floods. Gases of
# ambient air, water and fire systems: what an instrument on such a site can show at all
# (HJ 212-2017 附录B, GB/T 26875.3-2011 表 of analogue types, wide on purpose).
PROPERTIES: dict[str, Property] = {
    found.id: found
    for found in (
        _property(RAIN_5MIN, "5分钟降雨", "Rain of 5 minutes", "mm", "0", "65", slot=True),
        _property("rain_1h", "1小时降雨", "Rain of 1 hour", "mm", "0", "310"),
        _property("rain_day", "日降雨", "Rain of the day", "mm", "0", "1830"),
        _property("rain_current", "当前降雨", "Current rain", "mm", "0", "1830"),
        _property("rain_total", "累计降雨", "Rain total", "mm", "0", "99999"),
        _property(WATER_LEVEL, "水位", "Water level", "m", "-20", "3000", 2),
        _property("water_level_below", "下游水位", "Level below", "m", "-20", "3000", 2),
        _property(PONDING_DEPTH, "积水深度", "Ponding depth", "m", "0", "12", 2),
        _property("flow", "流量", "Flow", "m³/s", "-10000", "120000", 2),
        _property("velocity", "流速", "Velocity", "m/s", "-20", "20", 2),
        _property("air_temperature", "气温", "Air temperature", "℃", "-60", "60"),
        _property("water_temperature", "水温", "Water temperature", "℃", "-5", "60"),
        _property("humidity", "湿度", "Humidity", "%", "0", "100"),
        _property("pressure", "气压", "Air pressure", "hPa", "600", "1100"),
        _property("wind_speed", "风速", "Wind speed", "m/s", "0", "115"),
        _property(VOLTAGE, "电源电压", "Supply voltage", "V", "0", "60", 2),
        _property("pm25", "细颗粒物", "PM2.5", "μg/m³", "0", "5000"),
        _property("pm10", "可吸入颗粒物", "PM10", "μg/m³", "0", "10000"),
        _property("so2", "二氧化硫", "SO2", "μg/m³", "0", "10000"),
        _property("no2", "二氧化氮", "NO2", "μg/m³", "0", "5000"),
        _property("co", "一氧化碳", "CO", "mg/m³", "0", "500", 2),
        _property("o3", "臭氧", "O3", "μg/m³", "0", "2000"),
        _property("tsp", "总悬浮颗粒物", "TSP", "μg/m³", "0", "20000"),
        _property("wind_direction", "风向", "Wind direction", "°", "0", "360"),
        _property("noise_leq", "等效声级", "Equivalent sound level", "dB(A)", "0", "160"),
        _property("manhole_level", "井内水深", "Depth in the manhole", "m", "0", "30", 2),
        _property("smoke", "烟雾浓度", "Smoke obscuration", "%/m", "0", "100", 2),
        _property("temperature", "温度", "Temperature", "℃", "-273", "3200"),
        _property("gas_lel", "可燃气体浓度", "Combustible gas", "%LEL", "0", "100"),
        _property("pipe_pressure", "管网压力", "Pipe pressure", "MPa", "0", "100", 3),
        _property("ph", "pH值", "pH", "", "0", "14", 2),
        _property("dissolved_oxygen", "溶解氧", "Dissolved oxygen", "mg/L", "0", "30", 2),
        _property("turbidity", "浑浊度", "Turbidity", "NTU", "0", "4000"),
        _property("conductivity", "电导率", "Conductivity", "μS/cm", "0", "200000"),
        _property("ammonia_nitrogen", "氨氮", "Ammonia nitrogen", "mg/L", "0", "5000", 3),
        _property("cod", "化学需氧量", "Chemical oxygen demand", "mg/L", "0", "50000"),
        _property("power", "功率", "Power", "W", "-10000000", "10000000"),
        _property("water_total", "累计水量", "Water total", "m³", "0", "99999999", 2),
    )
}
_BY_ELEMENT = {
    0x22: RAIN_5MIN, 0xF4: RAIN_5MIN, 0x1A: "rain_1h", 0x1F: "rain_day", 0x20: "rain_current",
    0x26: "rain_total", 0x39: WATER_LEVEL, 0x3B: WATER_LEVEL, 0x3A: "water_level_below", 0x27: "flow",
    0x37: "velocity", 0x02: "air_temperature", 0x03: "water_temperature", 0x18: "humidity",
    0x08: "pressure", 0x35: "wind_speed", 0x38: VOLTAGE,
}  # fmt: skip
MAIN = {
    RAIN: RAIN_5MIN, RIVER: WATER_LEVEL, RESERVOIR: WATER_LEVEL, SPRING: WATER_LEVEL,
    PONDING: PONDING_DEPTH, WEATHER: "air_temperature", AIR: "pm25", NOISE: "noise_leq",
    MANHOLE: "manhole_level", SMOKE: "smoke", STREETLIGHT: "power", METER: "water_total", "vehicle": "pm25",
    "camera": "", "pole": "", "satellite": "", "drone": "",
}  # fmt: skip
"""What a station of a kind is for: the property its marker and list row show; empty for mere carriers."""
ALSO = {AIR: ("pm10", "so2", "no2", "co", "o3"), "vehicle": ("pm10",)}
"""What stations of a kind measure besides."""


def property_of(element: int, kind: str) -> str | None:
    """The property an element means at a station of this kind; None for one we do not keep."""
    found = _BY_ELEMENT.get(element)
    if found == WATER_LEVEL and kind == PONDING:
        return PONDING_DEPTH
    return found


@cache
def unit_of(prop: str) -> str:
    """The unit of a property; empty for one that other modules made up."""
    known = PROPERTIES.get(prop)
    return known.unit if known else ""


def label_of(prop: str) -> Text:
    """The name of a property in both languages."""
    known = PROPERTIES.get(prop)
    return known.text if known else Text(prop, prop)


def impossible(prop: str, value: Decimal) -> bool:
    """Whether no instrument at no place could have measured this."""
    known = PROPERTIES[prop]
    return not known.lowest <= value <= known.highest


STATION_CLASS = {RAIN: 0x50, RIVER: 0x48, RESERVOIR: 0x4B, SPRING: 0x47, PONDING: 0x4F, WEATHER: 0x50}
LEVEL_ELEMENT = {RIVER: 0x39, RESERVOIR: 0x3B, SPRING: 0x39, PONDING: 0x39}
ELEMENT_LABELS = {code: row.text for code, row in sl651.ELEMENTS.items()}
