"""报文的值: a frame, the report inside it and its readings, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

from .tables import Element, Function

__all__ = [
    "Direction",
    "End",
    "Frame",
    "Packet",
    "Quality",
    "Reading",
    "Report",
    "Start",
    "acknowledge",
]


class Direction(IntEnum):
    """上下行标识 (§6.4 表16): the high four bits before the body's length."""

    UP = 0x0
    DOWN = 0x8


class Start(IntEnum):
    """正文起始符: one packet, or one of several."""

    STX = 0x02
    SYN = 0x16


class End(IntEnum):
    """报文结束符: what the sender expects next."""

    ETX = 0x03
    EOT = 0x04
    ENQ = 0x05
    ACK = 0x06
    NAK = 0x15
    ETB = 0x17
    ESC = 0x1B


class Quality(StrEnum):
    """数据质量: a value, or the sender's own mark that it has none (FF… or AA…)."""

    GOOD = "good"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Packet:
    """包总数及序列号: twelve bits each, counted from one."""

    total: int
    index: int


@dataclass(frozen=True, slots=True)
class Reading:
    """要素读数: one value of one element at one time; rain slots carry the time they end."""

    element: Element
    value: Decimal | None
    observed_at: datetime
    quality: Quality
    definition: int


@dataclass(frozen=True, slots=True)
class Report:
    """自报正文 (表28–表33): station, class, observation time, readings; a step for 均匀时段报."""

    station: str
    station_class: int
    observed_at: datetime
    readings: tuple[Reading, ...]
    step: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """报文 (§6.5.2 表11、表12). ``payload`` holds what no report here explains, byte for byte.

    ``serial`` and ``sent_at`` are ``None`` only in the second and later packets of a series.
    """

    direction: Direction
    centre: int
    station: str
    password: int
    function: int
    serial: int | None
    sent_at: datetime | None
    report: Report | None = None
    payload: bytes = b""
    start: Start = Start.STX
    end: End = End.ETX
    packet: Packet | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings of the report, none where there is no report."""
        return self.report.readings if self.report else ()

    @property
    def wants_answer(self) -> bool:
        """Whether the centre answers: up, last packet, not a keepalive (M2/M3 方式)."""
        last = self.end is not End.ETB
        return self.direction is Direction.UP and last and self.function != Function.KEEPALIVE


def acknowledge(frame: Frame, sent_at: datetime, end: End = End.ESC) -> Frame:
    """确认下行报文: the centre's answer, repeating the serial; ESC keeps the link, EOT ends it."""
    return Frame(
        direction=Direction.DOWN,
        centre=frame.centre,
        station=frame.station,
        password=frame.password,
        function=frame.function,
        serial=frame.serial or 0,
        sent_at=sent_at,
        end=end,
    )
