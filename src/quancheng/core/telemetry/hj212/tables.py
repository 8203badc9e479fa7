"""HJ 212 代码表: systems (ST), commands (CN), data marks (Flag) and answers, as data.

Sources: HJ 212-2017 表5–表9 and HJ 212-2025 表7、表12 as quoted by public implementations and their
tests; the standards' own text was not at hand. What they define and we could not find is not here
and is treated as unknown, never guessed.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

from ..reading import Quality

__all__ = ["COMMANDS", "ENCRYPTED", "MARKS", "PERIODS", "SYSTEMS", "Command", "Mark", "Version"]


class Version(IntEnum):
    """标准版本 (Flag 的 V5–V0): which text a frame says it follows."""

    HJT_2005 = 0
    HJ_2017 = 1
    HJ_2025 = 2


class Command(StrEnum):
    """命令编码: those this platform gives meaning to."""

    TIME_REQUEST = "1013"
    SET_TIME = "1012"
    NEW_KEY = "1014"
    REALTIME = "2011"
    RAW = "2013"
    STATE = "2021"
    DAY = "2031"
    RUN_TIME = "2041"
    MINUTE = "2051"
    NOISE = "2052"
    HOUR = "2061"
    CHECK = "2062"
    START = "2081"
    FURNACE = "2111"
    SAMPLE_KEPT = "3015"
    IDENTITY = "3019"
    SITE = "3020"
    REQUEST_ANSWER = "9011"
    RESULT = "9012"
    NOTICE_ANSWER = "9013"
    DATA_ANSWER = "9014"
    HEARTBEAT = "9015"
    HEARTBEAT_OLD = "9021"


SYSTEMS: MappingProxyType[str, Text] = MappingProxyType(
    {
        "21": Text("地表水质量监测", "Surface water quality"),
        "22": Text("空气质量监测", "Air quality"),
        "23": Text("声环境质量监测", "Ambient noise"),
        "24": Text("地下水质量监测", "Groundwater quality"),
        "25": Text("土壤质量监测", "Soil quality"),
        "26": Text("海水质量监测", "Sea water quality"),
        "27": Text("挥发性有机物监测", "Volatile organic compounds"),
        "31": Text("大气环境污染源", "Air pollution source"),
        "32": Text("地表水体环境污染源", "Water pollution source"),
        "33": Text("地下水体环境污染源", "Groundwater pollution source"),
        "34": Text("海洋环境污染源", "Marine pollution source"),
        "35": Text("土壤环境污染源", "Soil pollution source"),
        "36": Text("声环境污染源", "Noise source"),
        "37": Text("振动环境污染源", "Vibration source"),
        "38": Text("放射性环境污染源", "Radiation source"),
        "39": Text("工地扬尘污染源", "Construction dust source"),
        "41": Text("电磁环境污染源", "Electromagnetic source"),
        "43": Text("油气回收监控", "Vapour recovery"),
        "44": Text("用电监控", "Power use"),
        "45": Text("关键生产工况监控", "Production state"),
        "51": Text("烟气排放过程监控", "Flue gas process"),
        "52": Text("污水排放过程监控", "Waste water process"),
        "91": Text("系统交互", "Between systems"),
    }
)

COMMANDS: MappingProxyType[str, Text] = MappingProxyType(
    {
        "1001": Text("上传数采仪硬件序号", "Upload hardware serial"),
        "1011": Text("现场机时间", "Site time"),
        "1012": Text("设置现场机时间", "Set site time"),
        "1013": Text("现场机时间校准请求", "Ask for the time"),
        "1014": Text("密钥更换", "Change key"),
        "1061": Text("实时数据间隔", "Interval of real-time data"),
        "1062": Text("设置实时数据间隔", "Set interval of real-time data"),
        "1063": Text("分钟数据间隔", "Interval of minute data"),
        "1064": Text("设置分钟数据间隔", "Set interval of minute data"),
        "1072": Text("设置现场机密码", "Set password"),
        "2011": Text("污染物实时数据", "Real-time data"),
        "2012": Text("停止察看实时数据", "Stop real-time data"),
        "2013": Text("原始监测数据", "Raw measurements"),
        "2021": Text("设备运行状态数据", "State of facilities"),
        "2022": Text("停止察看设备运行状态", "Stop state of facilities"),
        "2031": Text("污染物日数据", "Daily data"),
        "2041": Text("设备运行时间日数据", "Daily running time"),
        "2051": Text("污染物分钟数据", "Minute data"),
        "2052": Text("噪声单次测量数据", "Single noise measurement"),
        "2061": Text("污染物小时数据", "Hourly data"),
        "2062": Text("自动标样核查数据", "Automatic standard check"),
        "2081": Text("数采仪开机时间", "Logger start time"),
        "2111": Text("炉膛温度5分钟均值", "Furnace temperature, 5 minute mean"),
        "3011": Text("零点校准量程校准", "Zero and span calibration"),
        "3012": Text("即时采样", "Sample now"),
        "3013": Text("启动清洗或反吹", "Start cleaning"),
        "3014": Text("比对采样", "Comparison sample"),
        "3015": Text("超标留样", "Keep a sample that is over the limit"),
        "3016": Text("设置采样时间周期", "Set sampling period"),
        "3017": Text("采样时间周期", "Sampling period"),
        "3018": Text("出样时间", "Time of result"),
        "3019": Text("设备唯一标识", "Identity of equipment"),
        "3020": Text("现场机信息", "Site information"),
        "3021": Text("设置现场机参数", "Set site parameters"),
        "9011": Text("请求应答", "Answer to a request"),
        "9012": Text("执行结果", "Result of a request"),
        "9013": Text("通知应答", "Answer to a notice"),
        "9014": Text("数据应答", "Answer to data"),
        "9015": Text("心跳包", "Heartbeat"),
        "9021": Text("心跳", "Heartbeat (of makers, before 2025)"),
    }
)

PERIODS: MappingProxyType[str, str] = MappingProxyType({"2051": ":minute", "2061": ":hour", "2031": ":day"})
"""Statistics of different periods are different quantities: suffix of the element's name."""

ENCRYPTED = frozenset({"1014", "3020"})
"""Commands besides 2000–2999 whose data region HJ 212-2025 §6.4.4 wants encrypted."""


class Mark(StrEnum):
    """数据标记 (HJ 212-2017 表9；P 见 HJ/T 212-2005): the instrument's word on a value."""

    NORMAL = "N"
    STOPPED = "F"
    MAINTENANCE = "M"
    SET_BY_HAND = "S"
    FAULT = "D"
    CALIBRATION = "C"
    OVER_RANGE = "T"
    COMMUNICATION = "B"
    POWER = "P"


MARKS: MappingProxyType[str, int] = MappingProxyType(
    {
        Mark.NORMAL: int(Quality.GOOD),
        Mark.STOPPED: int(Quality.STOPPED),
        Mark.MAINTENANCE: int(Quality.MAINTENANCE),
        Mark.SET_BY_HAND: int(Quality.MANUAL),
        Mark.FAULT: int(Quality.FAULT),
        Mark.CALIBRATION: int(Quality.CALIBRATION),
        Mark.OVER_RANGE: int(Quality.OVER_RANGE),
        Mark.COMMUNICATION: int(Quality.COMMUNICATION),
        Mark.POWER: int(Quality.FAULT),
    }
)
"""A mark that is not here makes a value :attr:`Quality.SUSPECT`."""
