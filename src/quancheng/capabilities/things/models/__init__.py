"""Tables of devices 设备, their streams 数据流, readings 读数 and alarms 告警."""

from quancheng.capabilities.things.models.alarms import (
    Alarm,
    AlarmMute,
    AlarmOccurrence,
    AlarmRule,
    AlarmStep,
    Level,
    Result,
)
from quancheng.capabilities.things.models.orders import OPEN, RepairOrder, RepairStep
from quancheng.capabilities.things.models.quality import BridgePosition, StreamDay
from quancheng.capabilities.things.models.readings import (
    DeadLetter,
    IngestBatch,
    Latest,
    Quality,
    RecentReading,
)
from quancheng.capabilities.things.models.stations import (
    EXERCISE_LENGTH,
    IN_SERVICE,
    Calibration,
    Datastream,
    DeviceEvent,
    ImportBatch,
    Kind,
    Maintainer,
    MaintainerMember,
    Station,
    Status,
)

__all__ = [
    "EXERCISE_LENGTH",
    "IN_SERVICE",
    "OPEN",
    "Alarm",
    "AlarmMute",
    "AlarmOccurrence",
    "AlarmRule",
    "AlarmStep",
    "BridgePosition",
    "Calibration",
    "Datastream",
    "DeadLetter",
    "DeviceEvent",
    "ImportBatch",
    "IngestBatch",
    "Kind",
    "Latest",
    "Level",
    "Maintainer",
    "MaintainerMember",
    "Quality",
    "RecentReading",
    "RepairOrder",
    "RepairStep",
    "Result",
    "Station",
    "Status",
    "StreamDay",
]
