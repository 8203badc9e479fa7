"""JT/T 808 代码表: messages, answers, status and alarm bits, additional items of a position, as data.

JT/T 808-2013 and 808-2019 as quoted by public implementations and their tests; the standard's own
text was not at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = ["ALARM_BITS", "EXTRAS", "STATUS_BITS", "Extra", "Message", "RegisterResult", "Result"]


class Message(IntEnum):
    """消息 ID (附录A): those read or written here."""

    TERMINAL_ANSWER = 0x0001
    HEARTBEAT = 0x0002
    LOGOUT = 0x0003
    TIME_REQUEST = 0x0004
    RESEND_REQUEST_UP = 0x0005
    REGISTER = 0x0100
    AUTHENTICATE = 0x0102
    LOCATION = 0x0200
    BULK = 0x0704
    ANSWER = 0x8001
    RESEND_REQUEST = 0x8003
    TIME = 0x8004
    REGISTER_ANSWER = 0x8100


class Result(IntEnum):
    """平台通用应答结果 (8001)."""

    DONE = 0
    FAILED = 1
    WRONG = 2
    UNSUPPORTED = 3
    ALARM_CONFIRMED = 4


class RegisterResult(IntEnum):
    """终端注册应答结果 (8100)."""

    DONE = 0
    VEHICLE_REGISTERED = 1
    NO_VEHICLE = 2
    TERMINAL_REGISTERED = 3
    NO_TERMINAL = 4


def _bits(rows: str) -> MappingProxyType[str, int]:
    pairs = (row.split() for row in rows.split("|"))
    return MappingProxyType({name: int(number) for number, name in pairs})


STATUS_BITS = _bits(
    "0 ignition|1 located|2 south|3 west|4 stopped|5 encrypted|10 oil-cut|11 power-cut|12 locked"
)
"""状态位 (表24)."""
ALARM_BITS = _bits(
    "0 emergency|1 overspeed|2 fatigue|3 danger|4 gnss-fault|5 antenna-open|6 antenna-short|7 power-low|8 power-off"
    "|9 display-fault|10 speech-fault|11 camera-fault|18 driving-too-long|19 parked-too-long|20 area|21 route"
    "|22 segment-time|23 off-route|24 speed-sensor-fault|25 fuel-fault|26 stolen|27 illegal-ignition"
    "|28 illegal-move|29 collision|30 rollover"
)
"""报警标志位 (表18 of 2013、表25 of 2019)."""


@dataclass(frozen=True, slots=True)
class Extra:
    """位置附加信息项 (表27): its number, name, unit, size in bytes; value = number / 10^decimals."""

    code: int
    name: str
    text: Text
    unit: str
    size: int
    decimals: int = 0
    signed: bool = False


EXTRAS: MappingProxyType[int, Extra] = MappingProxyType(
    {
        row.code: row
        for row in (
            Extra(0x01, "mileage", Text("里程", "Mileage"), "km", 4, 1),
            Extra(0x02, "fuel", Text("油量", "Fuel"), "L", 2, 1),
            Extra(0x03, "recorder-speed", Text("行驶记录速度", "Recorder speed"), "km/h", 2, 1),
            Extra(0x04, "alarm-event", Text("需人工确认报警事件", "Alarm to confirm"), "", 2),
            Extra(0x06, "carriage-temperature", Text("车厢温度", "Carriage temperature"), "℃", 2, 0, True),
            Extra(0x25, "signals", Text("扩展车辆信号状态", "Vehicle signals"), "", 4),
            Extra(0x2A, "io", Text("IO状态", "Inputs and outputs"), "", 2),
            Extra(0x30, "signal", Text("无线网络信号强度", "Signal strength"), "", 1),
            Extra(0x31, "satellites", Text("定位卫星数", "Satellites"), "", 1),
        )
    }
)
"""Items that are one number. 2B (two analogue inputs) is read apart; others are kept as bytes."""
