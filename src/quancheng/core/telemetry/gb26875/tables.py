"""GB/T 26875.3-2011 代码表: commands, type flags, systems, components, states and analogue quantities.

Clause and table numbers as quoted by several public implementations, whose tables agree; the
standard's own text was not at hand. Numbers that the standard leaves to users (128–255) have no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = [
    "ANALOGUES",
    "COMPONENTS",
    "COMPONENT_BITS",
    "DEVICE_BITS",
    "OPERATION_BITS",
    "SYSTEMS",
    "SYSTEM_BITS",
    "Analogue",
    "Bit",
    "Command",
    "TypeFlag",
]


class Command(IntEnum):
    """控制单元命令字节 (§6.6 表2)."""

    CONTROL = 1
    DATA = 2
    CONFIRM = 3
    REQUEST = 4
    RESPONSE = 5
    DENY = 6


class TypeFlag(IntEnum):
    """类型标志 (§8.1.1 表3): what the information objects are."""

    SYSTEM_STATE = 1
    COMPONENT_STATE = 2
    COMPONENT_ANALOGUE = 3
    SYSTEM_OPERATION = 4
    SYSTEM_VERSION = 5
    SYSTEM_CONFIG = 6
    COMPONENT_CONFIG = 7
    SYSTEM_TIME = 8
    DEVICE_STATE = 21
    DEVICE_OPERATION = 24
    DEVICE_VERSION = 25
    DEVICE_CONFIG = 26
    DEVICE_TIME = 28
    READ_SYSTEM_STATE = 61
    READ_COMPONENT_STATE = 62
    READ_COMPONENT_ANALOGUE = 63
    READ_DEVICE_STATE = 81
    INITIALISE = 89
    SET_TIME = 90
    INSPECT = 91


SYSTEMS: MappingProxyType[int, Text] = MappingProxyType(
    {
        0: Text("通用", "General"),
        1: Text("火灾报警系统", "Fire alarm system"),
        10: Text("消防联动控制器", "Linkage controller"),
        11: Text("消火栓系统", "Hydrant system"),
        12: Text("自动喷水灭火系统", "Sprinkler system"),
        13: Text("气体灭火系统", "Gas extinguishing system"),
        14: Text("水喷雾灭火系统（泵启动）", "Water spray system (pump)"),
        15: Text("水喷雾灭火系统（压力容器启动）", "Water spray system (pressure vessel)"),
        16: Text("泡沫灭火系统", "Foam system"),
        17: Text("干粉灭火系统", "Dry powder system"),
        18: Text("防烟排烟系统", "Smoke control system"),
        19: Text("防火门及卷帘系统", "Fire doors and shutters"),
        20: Text("消防电梯", "Fire lift"),
        21: Text("消防应急广播", "Emergency broadcast"),
        22: Text("消防应急照明和疏散指示系统", "Emergency lighting"),
        23: Text("消防电源", "Fire power supply"),
        24: Text("消防电话", "Fire telephone"),
    }
)
"""系统类型 (§8.2.1.1 表4)."""

_COMPONENTS = """
0 通用 general|1 火灾报警控制器 fire-alarm-panel|10 可燃气体探测器 gas-detector
11 点型可燃气体探测器 point-gas-detector|12 独立式可燃气体探测器 stand-alone-gas-detector
13 线型可燃气体探测器 line-gas-detector|16 电气火灾监控报警器 electrical-fire-monitor
17 剩余电流式电气火灾监控探测器 residual-current-detector|18 测温式电气火灾监控探测器 cable-temperature-detector
21 探测回路 detection-loop|22 火灾显示盘 repeater-panel|23 手动火灾报警按钮 manual-call-point
24 消火栓按钮 hydrant-button|25 火灾探测器 fire-detector|30 感温火灾探测器 heat-detector
31 点型感温火灾探测器 point-heat-detector|32 点型感温火灾探测器（S型） point-heat-detector-S
33 点型感温火灾探测器（R型） point-heat-detector-R|34 线型感温火灾探测器 line-heat-detector
35 线型感温火灾探测器（S型） line-heat-detector-S|36 线型感温火灾探测器（R型） line-heat-detector-R
37 光纤感温火灾探测器 fibre-heat-detector|40 感烟火灾探测器 smoke-detector
41 点型离子感烟火灾探测器 ionisation-smoke-detector|42 点型光电感烟火灾探测器 photoelectric-smoke-detector
43 线型光束感烟火灾探测器 beam-smoke-detector|44 吸气式感烟火灾探测器 aspirating-smoke-detector
50 复合式火灾探测器 combined-detector|51 复合式感烟感温火灾探测器 smoke-and-heat-detector
52 复合式感光感温火灾探测器 flame-and-heat-detector|53 复合式感光感烟火灾探测器 flame-and-smoke-detector
61 紫外火焰探测器 ultraviolet-flame-detector|62 红外火焰探测器 infrared-flame-detector
69 感光火灾探测器 flame-detector|74 气体探测器 gas-fire-detector|78 图像摄像方式火灾探测器 video-fire-detector
79 感声火灾探测器 acoustic-fire-detector|81 气体灭火控制器 gas-extinguishing-panel
82 消防电气控制装置 electrical-control|83 消防控制室图形显示装置 control-room-display|84 模块 module
85 输入模块 input-module|86 输出模块 output-module|87 输入输出模块 input-output-module
88 中继模块 relay-module|91 消防水泵 fire-pump|92 消防水箱 water-tank|95 喷淋泵 sprinkler-pump
96 水流指示器 flow-indicator|97 信号阀 signal-valve|98 报警阀 alarm-valve|99 压力开关 pressure-switch
101 阀驱动装置 valve-drive|102 防火门 fire-door|103 防火阀 fire-damper|104 通风空调 air-conditioning
105 泡沫液泵 foam-pump|106 管网电磁阀 solenoid-valve|111 防烟排烟风机 smoke-fan
113 排烟防火阀 smoke-damper|114 常闭送风口 air-supply-opening|115 排烟口 smoke-outlet
116 电控挡烟垂壁 smoke-curtain|117 防火卷帘控制器 shutter-controller|118 防火门监控器 door-monitor
121 警报装置 alarm-sounder
"""


def _components() -> dict[int, Text]:
    found = {}
    for row in _COMPONENTS.strip().replace("\n", "|").split("|"):
        code, zh, en = row.split()
        found[int(code)] = Text(zh, en.replace("-", " "))
    return found


COMPONENTS: MappingProxyType[int, Text] = MappingProxyType(_components())
"""部件类型 (§8.2.1.2 表5)."""


@dataclass(frozen=True, slots=True)
class Bit:
    """状态位: its number, the name used in elements, and what 1 means."""

    number: int
    name: str
    text: Text


def _bits(rows: str) -> tuple[Bit, ...]:
    found = []
    for row in rows.strip().split("|"):
        number, name, zh = row.split()
        found.append(Bit(int(number), name, Text(zh, name.replace("-", " "))))
    return tuple(found)


SYSTEM_BITS = _bits(
    "0 running 正常运行|1 fire 火警|2 fault 故障|3 shielded 屏蔽|4 supervisory 监管|5 started 启动|6 feedback 反馈"
    "|7 delayed 延时|8 mains-fault 主电故障|9 backup-fault 备电故障|10 bus-fault 总线故障|11 manual 手动|"
    "12 config-changed 配置改变|13 reset 复位"
)
"""建筑消防设施系统状态 (§8.2.1.1 图7), two bytes, low byte first."""
COMPONENT_BITS = _bits(
    "0 running 正常运行|1 fire 火警|2 fault 故障|3 shielded 屏蔽|4 supervisory 监管|5 started 启动|6 feedback 反馈"
    "|7 delayed 延时|8 power-fault 电源故障"
)
"""建筑消防设施部件状态 (§8.2.1.2 图9), two bytes, low byte first."""
DEVICE_BITS = _bits(
    "0 running 正常监视|1 fire 火警|2 fault 故障|3 mains-fault 主电故障|4 backup-fault 备电故障|5 channel-fault 信道故障"
    "|6 line-fault 监测连接线路故障"
)
"""用户信息传输装置运行状态 (§8.2.1.8), one byte."""
OPERATION_BITS = _bits(
    "0 reset 复位|1 silenced 消音|2 manual-alarm 手动报警|3 cleared 警情消除|4 self-test 自检|5 confirmed 确认|6 test 测试"
)
"""操作标志 (§8.2.1.4、§8.2.1.9); of a transmission device bit 5 is 查岗应答."""


@dataclass(frozen=True, slots=True)
class Analogue:
    """模拟量 (§8.2.1.3 表6): ``decimals`` is how many decimals one step of the number stands for."""

    code: int
    name: str
    text: Text
    unit: str
    decimals: int
    low: float
    high: float


_ANALOGUES = """
1 count 事件计数 件 0 0 32000|2 height 高度 m 2 0 320|3 temperature 温度 ℃ 1 -273 3200
4 pressure-MPa 压力 MPa 1 0 3200|5 pressure-kPa 压力 kPa 1 0 3200|6 gas 气体浓度 %LEL 1 0 100
7 seconds 时间 s 0 0 32000|8 voltage 电压 V 1 0 3200|9 current 电流 A 1 0 3200|10 flow 流量 L/s 1 0 3200
11 air-volume 风量 m³/min 1 0 3200|12 wind-speed 风速 m/s 0 0 20
"""


def _analogues() -> dict[int, Analogue]:
    found = {}
    for row in _ANALOGUES.strip().replace("\n", "|").split("|"):
        code, name, zh, unit, decimals, low, high = row.split()
        text = Text(zh, name.partition("-")[0] if name.startswith("pressure") else name.replace("-", " "))
        found[int(code)] = Analogue(int(code), name, text, unit, int(decimals), float(low), float(high))
    return found


ANALOGUES: MappingProxyType[int, Analogue] = MappingProxyType(_analogues())
