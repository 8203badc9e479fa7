"""遥测: field protocols, rolling rain windows and the channel-fault model, all pure values."""

from __future__ import annotations

from .crc import crc16_modbus
from .faults import Damage, Delivery, Entry, Fate, FaultPlan, Outcome, Sent, disturb
from .windows import (
    Change,
    Crossing,
    Hysteresis,
    RainWindows,
    Revision,
    SlotRain,
    Threshold,
    WindowSum,
    compare,
    crossings,
    crossings_naive,
)

__all__ = [
    "Change",
    "Crossing",
    "Damage",
    "Delivery",
    "Entry",
    "Fate",
    "FaultPlan",
    "Hysteresis",
    "Outcome",
    "RainWindows",
    "Revision",
    "Sent",
    "SlotRain",
    "Threshold",
    "WindowSum",
    "compare",
    "crc16_modbus",
    "crossings",
    "crossings_naive",
    "disturb",
]
