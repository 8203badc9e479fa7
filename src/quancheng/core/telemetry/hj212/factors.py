"""HJ 212 监测因子 (附录B): code, name, unit, plausible range and unit of the amount, as data.

The list may be extended by the environment bureau (标题即称「可扩充」), so a code that is not here
is read without unit and range. Ranges are what an instrument on such a site can show at all, wide
on purpose: a value outside is marked suspect, never dropped. Particles and ozone of ambient air have
no unit here: public lists say ng/m³, most instruments send μg/m³ and some mg/m³, so the unit is the
channel's affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = ["FACTORS", "Factor", "factor"]


@dataclass(frozen=True, slots=True)
class Factor:
    """监测因子: ``total`` is the unit of the amount (Cou) over a period, empty where there is none."""

    code: str
    text: Text
    unit: str
    low: float
    high: float
    total: str = ""


_ROWS = """
w00000|污水流量|waste water flow|L/s|0|100000|m³
w00001|累计流量|total flow|m³|0|1e12|
w01001|pH值|pH||0|14|
w01002|色度|colour|倍|0|5000|
w01003|浑浊度|turbidity|NTU|0|4000|
w01006|溶解性总固体|dissolved solids|mg/L|0|100000|kg
w01009|溶解氧|dissolved oxygen|mg/L|0|30|
w01010|水温|water temperature|℃|-5|100|
w01012|悬浮物|suspended solids|mg/L|0|50000|kg
w01014|电导率|conductivity|μS/cm|0|200000|
w01017|五日生化需氧量|BOD5|mg/L|0|20000|kg
w01018|化学需氧量|COD|mg/L|0|50000|kg
w01019|高锰酸盐指数|permanganate index|mg/L|0|1000|kg
w01020|总有机碳|TOC|mg/L|0|20000|kg
w02003|粪大肠菌群|faecal coliforms|个/L|0|1e9|
w19001|表面活性剂|surfactants|mg/L|0|1000|kg
w19002|阴离子表面活性剂|anionic surfactants|mg/L|0|1000|kg
w20111|总汞|mercury|μg/L|0|10000|g
w20115|总镉|cadmium|μg/L|0|100000|g
w20116|总铬|chromium|mg/L|0|1000|kg
w20117|六价铬|hexavalent chromium|μg/L|0|1000000|g
w20119|总砷|arsenic|μg/L|0|100000|g
w20120|总铅|lead|μg/L|0|100000|g
w20121|总镍|nickel|mg/L|0|1000|kg
w20122|总铜|copper|mg/L|0|1000|kg
w20123|总锌|zinc|mg/L|0|1000|kg
w20124|总锰|manganese|mg/L|0|1000|kg
w20125|总铁|iron|mg/L|0|1000|kg
w21001|总氮|total nitrogen|mg/L|0|5000|kg
w21003|氨氮|ammonia nitrogen|mg/L|0|5000|kg
w21006|亚硝酸盐|nitrite|mg/L|0|1000|kg
w21007|硝酸盐|nitrate|mg/L|0|5000|kg
w21011|总磷|total phosphorus|mg/L|0|1000|kg
w21016|氰化物|cyanide|mg/L|0|1000|kg
w21017|氟化物|fluoride|mg/L|0|5000|kg
w21019|硫化物|sulphide|mg/L|0|1000|kg
w21022|氯化物|chloride|mg/L|0|200000|kg
w21038|硫酸盐|sulphate|mg/L|0|200000|kg
w22001|石油类|petroleum|mg/L|0|10000|kg
w23002|挥发酚|volatile phenols|mg/L|0|1000|kg
a00000|废气流量|flue gas flow|m³/s|0|10000|m³
a01001|环境温度|air temperature|℃|-60|70|
a01002|环境湿度|air humidity|%|0|100|
a01006|气压|air pressure|kPa|50|120|
a01007|风速|wind speed|m/s|0|100|
a01008|风向|wind direction|°|0|360|
a01010|林格曼黑度|Ringelmann number||0|5|
a01011|烟气流速|flue gas velocity|m/s|0|60|
a01012|烟气温度|flue gas temperature|℃|-40|1500|
a01013|烟气压力|flue gas pressure|kPa|-50|50|
a01014|烟气湿度|flue gas moisture|%|0|100|
a01015|制冷温度|cooler temperature|℃|-40|60|
a01016|烟道截面积|duct area|m²|0|1000|
a01017|烟气动压|flue gas dynamic pressure|kPa|-50|50|
a01901|炉膛平均温度|mean furnace temperature|℃|0|2000|
a01902|炉膛DCS温度|furnace temperature (DCS)|℃|0|2000|
a05001|二氧化碳|carbon dioxide|mg/m³|0|1000000|kg
a05002|甲烷|methane|mg/m³|0|100000|kg
a19001|氧含量|oxygen content|%|0|25|
a20057|汞及其化合物|mercury compounds|mg/m³|0|100|kg
a21001|氨|ammonia|mg/m³|0|10000|kg
a21002|氮氧化物|nitrogen oxides|mg/m³|0|50000|kg
a21003|一氧化氮|nitric oxide|mg/m³|0|50000|kg
a21004|二氧化氮|nitrogen dioxide|mg/m³|0|50000|kg
a21005|一氧化碳|carbon monoxide|mg/m³|0|100000|kg
a21018|氟化物|fluorides|mg/m³|0|1000|kg
a21022|氯气|chlorine|mg/m³|0|10000|kg
a21024|氯化氢|hydrogen chloride|mg/m³|0|10000|kg
a21026|二氧化硫|sulphur dioxide|mg/m³|0|100000|kg
a21028|硫化氢|hydrogen sulphide|mg/m³|0|10000|kg
a24087|碳氢化合物|hydrocarbons|mg/m³|0|100000|kg
a24088|非甲烷总烃|non-methane hydrocarbons|mg/m³|0|100000|kg
a25002|苯|benzene|mg/m³|0|100000|kg
a25003|甲苯|toluene|mg/m³|0|100000|kg
a25005|二甲苯|xylenes|mg/m³|0|100000|kg
a34001|总悬浮颗粒物|TSP||0|1e9|
a34002|可吸入颗粒物|PM10||0|1e9|
a34004|细颗粒物|PM2.5||0|1e9|
a34013|烟尘|flue dust|mg/m³|0|100000|kg
a05024|臭氧|ozone||0|1e7|
LA|A声级|A-weighted sound level|dB|0|150|
Leq|等效声级|equivalent sound level|dB|0|150|
Lmn|最小声级|lowest sound level|dB|0|150|
Lmx|最大声级|highest sound level|dB|0|150|
L5|累计百分声级L5|sound level L5|dB|0|150|
L10|累计百分声级L10|sound level L10|dB|0|150|
L50|累计百分声级L50|sound level L50|dB|0|150|
L90|累计百分声级L90|sound level L90|dB|0|150|
L95|累计百分声级L95|sound level L95|dB|0|150|
Ld|昼间等效声级|day sound level|dB|0|150|
Ln|夜间等效声级|night sound level|dB|0|150|
Ldn|昼夜等效声级|day-night sound level|dB|0|150|
"""
_OLD = """
001 w01001|002 w01002|003 w01012|010 w01017|011 w01018|015 w01020|023 w20116|028 w20121|029 w20122|030 w20123|060 w21003|065 w21001
101 w21011|01 a34013|02 a21026|03 a21002|04 a21005|S01 a19001|S02 a01011|S03 a01012
S04 a01017|S05 a01014|S06 a01015|S07 a01016|S08 a01013
"""
"""HJ/T 212-2005 codes that mean the same in the same unit as a later one; others are read without unit."""


def _factors() -> dict[str, Factor]:
    found = {}
    for row in _ROWS.strip().splitlines():
        code, zh, en, unit, low, high, total = row.split("|")
        found[code] = Factor(code, Text(zh, en), unit, float(low), float(high), total)
    for pair in _OLD.strip().replace("\n", "|").split("|"):
        old, new = pair.split()
        found[old] = found[new]
    return found


FACTORS: MappingProxyType[str, Factor] = MappingProxyType(_factors())
_POWER = re.compile(r"d[23](0[1-4])\d\d")
_VOLTAGE = ("01", "02", "03")


def factor(code: str) -> Factor | None:
    """The row of a factor code (of 2005, 2017 or 2025), ``None`` where this table has none.

    用电监控 (2025, ST=44): ``d2`` production, ``d3`` treatment facilities, then the quantity and the
    number of the facility. The published examples show voltages of three phases (01–03) and a
    current (04); other quantities are read without unit.
    """
    found = FACTORS.get(code)
    if found is None and (power := _POWER.fullmatch(code)):
        if power[1] in _VOLTAGE:
            return Factor(code, Text("电压", "voltage"), "V", 0, 1_000_000)
        return Factor(code, Text("电流", "current"), "A", 0, 1_000_000)
    return found
