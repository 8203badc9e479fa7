"""规约代码表: functions (附录B), station classes (附录A) and elements (附录C 表C.1) as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from enum import IntEnum, StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = [
    "BEIJING",
    "ELEMENTS",
    "FUNCTIONS",
    "STATION_CLASSES",
    "Element",
    "Function",
    "Kind",
    "element",
    "function_name",
]

BEIJING = timezone(timedelta(hours=8))
"""北京时间: every time in a frame is Beijing time, two digits of year from 2000."""


class Function(IntEnum):
    """功能码: the self-report functions whose bodies are read here."""

    KEEPALIVE = 0x2F
    TEST = 0x30
    UNIFORM = 0x31
    TIMED = 0x32
    ADDITIONAL = 0x33
    HOURLY = 0x34


FUNCTIONS: MappingProxyType[int, Text] = MappingProxyType(
    {
        0x2F: Text("链路维持报", "Keepalive"),
        0x30: Text("测试报", "Test report"),
        0x31: Text("均匀时段水文信息报", "Uniform-period report"),
        0x32: Text("遥测站定时报", "Timed report"),
        0x33: Text("遥测站加报报", "Additional report"),
        0x34: Text("遥测站小时报", "Hourly report"),
        0x35: Text("遥测站人工置数报", "Manual entry report"),
        0x36: Text("遥测站图片报", "Picture report"),
        0x37: Text("查询实时数据", "Query current data"),
        0x38: Text("查询时段数据", "Query period data"),
        0x39: Text("查询人工置数", "Query manual entry"),
        0x3A: Text("查询指定要素数据", "Query chosen elements"),
        0x40: Text("修改基本配置", "Write basic settings"),
        0x41: Text("读取基本配置", "Read basic settings"),
        0x42: Text("修改运行参数", "Write running parameters"),
        0x43: Text("读取运行参数", "Read running parameters"),
        0x44: Text("查询水泵电机实时数据", "Query pump data"),
        0x45: Text("查询软件版本", "Query software version"),
        0x46: Text("查询状态和报警信息", "Query status and alarms"),
        0x47: Text("初始化固态存储数据", "Clear stored data"),
        0x48: Text("恢复出厂设置", "Factory reset"),
        0x49: Text("修改密码", "Change password"),
        0x4A: Text("设置时钟", "Set clock"),
        0x4B: Text("设置IC卡状态", "Set IC card state"),
        0x4C: Text("控制水泵开关", "Switch pumps"),
        0x4D: Text("控制阀门开关", "Switch valves"),
        0x4E: Text("控制闸门开关", "Switch gates"),
        0x4F: Text("水量定值控制", "Fixed-volume control"),
        0x50: Text("查询事件记录", "Query event log"),
        0x51: Text("查询时钟", "Query clock"),
    }
)
_CUSTOM_FUNCTIONS = range(0xE0, 0x100)
_CUSTOM_NAME = Text("用户自定义功能", "User-defined function")


def function_name(code: int) -> Text | None:
    """Return the name of a function code, or ``None`` where the standard defines none."""
    return FUNCTIONS.get(code, _CUSTOM_NAME if code in _CUSTOM_FUNCTIONS else None)


STATION_CLASSES: MappingProxyType[int, Text] = MappingProxyType(
    {
        0x50: Text("降水", "Rain"),
        0x48: Text("河道", "River"),
        0x4B: Text("水库(湖泊)", "Reservoir or lake"),
        0x5A: Text("闸坝", "Gate or dam"),
        0x44: Text("泵站", "Pumping station"),
        0x54: Text("潮汐", "Tide"),
        0x4D: Text("墒情", "Soil moisture"),
        0x47: Text("地下水", "Groundwater"),
        0x51: Text("水质", "Water quality"),
        0x49: Text("取水口", "Water intake"),
        0x4F: Text("排水口", "Outfall"),
    }
)


class Kind(StrEnum):
    """数据形式: how an element's bytes are read."""

    BCD = "bcd"
    STEP = "step"
    BITS = "bits"
    RAIN_HOUR = "rain-hour"
    LEVEL_HOUR = "level-hour"


@dataclass(frozen=True, slots=True)
class Element:
    """要素: one row of 表C.1, with its usual width in bytes and decimals."""

    code: int
    text: Text
    unit: str
    width: int
    decimals: int
    kind: Kind = Kind.BCD

    @property
    def definition(self) -> int:
        """数据定义符 (§6.6.3.2 表26): high five bits the bytes, low three bits the decimals."""
        return self.width << 3 | self.decimals


_NUMBERS = """
01 断面面积 section-area m² 8 2|02 瞬时气温 air-temperature ℃ 3 1
03 瞬时水温 water-temperature ℃ 3 1|05 时段长 period-length 时.分 4 2
06 日蒸发量 evaporation-day mm 5 1|07 当前蒸发量 evaporation mm 5 1|08 气压 pressure hPa 5 0
09 闸门开启高度 gate-opening m 5 2|0A 输水设备编号 gate-number - 3 0
0B 输水设备类别 gate-kind - 1 0|0C 闸门开启孔数 gates-open 孔 3 0|0D 地温 soil-temperature ℃ 3 1
0E 地下水瞬时埋深 groundwater-depth m 6 2|0F 波浪高度 wave-height m 5 2
10 10厘米处土壤含水量 soil-moisture-10cm % 4 1|11 20厘米处土壤含水量 soil-moisture-20cm % 4 1
12 30厘米处土壤含水量 soil-moisture-30cm % 4 1|13 40厘米处土壤含水量 soil-moisture-40cm % 4 1
14 50厘米处土壤含水量 soil-moisture-50cm % 4 1|15 60厘米处土壤含水量 soil-moisture-60cm % 4 1
16 80厘米处土壤含水量 soil-moisture-80cm % 4 1|17 100厘米处土壤含水量 soil-moisture-100cm % 4 1
18 湿度 humidity % 4 1|19 开机台数 machines-on 台 2 0|1A 1小时时段降水量 rain-1h mm 5 1
1B 2小时时段降水量 rain-2h mm 5 1|1C 3小时时段降水量 rain-3h mm 5 1
1D 6小时时段降水量 rain-6h mm 5 1|1E 12小时时段降水量 rain-12h mm 5 1|1F 日降水量 rain-day mm 5 1
20 当前降水量 rain-current mm 5 1|21 1分钟时段降水量 rain-1min mm 5 1
22 5分钟时段降水量 rain-5min mm 5 1|23 10分钟时段降水量 rain-10min mm 5 1
24 30分钟时段降水量 rain-30min mm 5 1|25 暴雨量 rainstorm mm 5 1|26 降水量累计值 rain-total mm 6 1
27 瞬时流量 flow m³/s 9 3|28 取排水口流量1 outlet-flow-1 m³/s 9 3
29 取排水口流量2 outlet-flow-2 m³/s 9 3|2A 取排水口流量3 outlet-flow-3 m³/s 9 3
2B 取排水口流量4 outlet-flow-4 m³/s 9 3|2C 取排水口流量5 outlet-flow-5 m³/s 9 3
2D 取排水口流量6 outlet-flow-6 m³/s 9 3|2E 取排水口流量7 outlet-flow-7 m³/s 9 3
2F 取排水口流量8 outlet-flow-8 m³/s 9 3|30 总出库流量 outflow m³/s 9 3
31 输水设备流量 gate-flow m³/s 9 3|32 输沙量 sediment-load 万t 11 3|33 风向 wind-direction - 2 0
34 风力 wind-force 级 2 0|35 风速 wind-speed m/s 4 1|36 断面平均流速 mean-velocity m/s 5 3
37 当前瞬时流速 velocity m/s 5 3|38 电源电压 voltage V 4 2|39 瞬时河道水位 river-level m 7 3
3A 库(闸、站)下水位 level-below m 7 3|3B 库(闸、站)上水位 level-above m 7 3
3C 取排水口水位1 outlet-level-1 m 7 3|3D 取排水口水位2 outlet-level-2 m 7 3
3E 取排水口水位3 outlet-level-3 m 7 3|3F 取排水口水位4 outlet-level-4 m 7 3
40 取排水口水位5 outlet-level-5 m 7 3|41 取排水口水位6 outlet-level-6 m 7 3
42 取排水口水位7 outlet-level-7 m 7 3|43 取排水口水位8 outlet-level-8 m 7 3
44 含沙量 sediment kg/m³ 9 3|46 pH值 ph - 4 2|47 溶解氧 dissolved-oxygen mg/L 4 2
48 电导率 conductivity μS/cm 5 0|49 浊度 turbidity 度 3 0|4A 高锰酸盐指数 permanganate mg/L 4 1
4B 氧化还原电位 redox mV 5 1|4C 氨氮 ammonia mg/L 6 2|4D 总磷 phosphorus mg/L 5 3
4E 总氮 nitrogen mg/L 5 2|4F 总有机碳 organic-carbon mg/L 4 2|50 铜 copper mg/L 7 4
51 锌 zinc mg/L 6 4|52 硒 selenium mg/L 7 5|53 砷 arsenic mg/L 7 5|54 总汞 mercury mg/L 7 5
55 镉 cadmium mg/L 7 5|56 铅 lead mg/L 7 5|57 叶绿素a chlorophyll mg/L 4 2
58 水压1 pressure-1 kPa 5 2|59 水压2 pressure-2 kPa 5 2|5A 水压3 pressure-3 kPa 5 2
5B 水压4 pressure-4 kPa 5 2|5C 水压5 pressure-5 kPa 5 2|5D 水压6 pressure-6 kPa 5 2
5E 水压7 pressure-7 kPa 5 2|5F 水压8 pressure-8 kPa 5 2|60 水表1剩余水量 meter-left-1 m³ 11 3
61 水表2剩余水量 meter-left-2 m³ 11 3|62 水表3剩余水量 meter-left-3 m³ 11 3
63 水表4剩余水量 meter-left-4 m³ 11 3|64 水表5剩余水量 meter-left-5 m³ 11 3
65 水表6剩余水量 meter-left-6 m³ 11 3|66 水表7剩余水量 meter-left-7 m³ 11 3
67 水表8剩余水量 meter-left-8 m³ 11 3|68 水表1每小时水量 meter-hour-1 m³/h 10 2
69 水表2每小时水量 meter-hour-2 m³/h 10 2|6A 水表3每小时水量 meter-hour-3 m³/h 10 2
6B 水表4每小时水量 meter-hour-4 m³/h 10 2|6C 水表5每小时水量 meter-hour-5 m³/h 10 2
6D 水表6每小时水量 meter-hour-6 m³/h 10 2|6E 水表7每小时水量 meter-hour-7 m³/h 10 2
6F 水表8每小时水量 meter-hour-8 m³/h 10 2|70 交流A相电压 voltage-a V 4 1
71 交流B相电压 voltage-b V 4 1|72 交流C相电压 voltage-c V 4 1|73 交流A相电流 current-a A 4 1
74 交流B相电流 current-b A 4 1|75 交流C相电流 current-c A 4 1
"""


def _numbers() -> dict[int, Element]:
    """Read the rows above: code, 名称, name, unit, decimal digits N(d,…), decimals."""
    found = {}
    for row in _NUMBERS.strip().replace("\n", "|").split("|"):
        code, zh, en, unit, digits, decimals = row.split()
        number = int(code, 16)
        text = Text(zh, en.replace("-", " "))
        width = (int(digits) + 1) // 2
        found[number] = Element(number, text, unit.strip("-"), width, int(decimals))
    return found


_LEVEL = Text("1小时内5分钟间隔相对水位", "relative level every 5 min of an hour")
_RAIN = Text("1小时内每5分钟时段雨量", "rain every 5 min of an hour")
ELEMENTS: MappingProxyType[int, Element] = MappingProxyType(
    _numbers()
    | {
        0x04: Element(0x04, Text("时间步长码", "time step"), "", 3, 0, Kind.STEP),
        0x45: Element(0x45, Text("状态及报警信息", "status and alarms"), "", 4, 0, Kind.BITS),
        0xF4: Element(0xF4, _RAIN, "mm", 12, 0, Kind.RAIN_HOUR),
    }
    | {code: Element(code, _LEVEL, "m", 24, 0, Kind.LEVEL_HOUR) for code in range(0xF5, 0xFD)}
)
_EXTENDED = Text("扩展要素", "extended element")
_WITHOUT_VALUE = frozenset({0x00, 0xF0, 0xF1, 0xF2, 0xF3, 0xFD, 0xFE, 0xFF})


def element(code: int) -> Element | None:
    """Return an element's row; codes 76–EF and FFxx are extensions read as plain BCD numbers."""
    found = ELEMENTS.get(code)
    if found is None and code not in _WITHOUT_VALUE and (code < 0x100 or code >> 8 == 0xFF):
        return Element(code, _EXTENDED, "", 0, 0)
    return found
