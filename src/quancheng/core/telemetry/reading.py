"""读数: one value of one device as every codec gives it, and the marks on its quality.

All codecs of :mod:`quancheng.core.telemetry` end here: whatever a device speaks, the gateway gets a
list of :class:`Reading`. A reading is a value: frozen, compared by content. It is a
:class:`msgspec.Struct` and not a frozen dataclass because a city makes 16,700 of them a second and
a frozen dataclass takes about fourteen times as long to make (2.6 against 0.19 µs here); to change
a field use :func:`msgspec.structs.replace`.
"""

from __future__ import annotations

from enum import IntFlag

import msgspec

__all__ = ["Quality", "Reading"]


class Quality(IntFlag):
    """质量标志: bits that travel with a value (16 of them); 0 is a value without any doubt.

    The device's own marks (HJ 212 Flag, DL/T 645 and CJ/T 188 status words) and what the platform
    finds are told apart only by the bit, so that a rule can leave out what it does not trust.
    """

    GOOD = 0
    MISSING = 1 << 0
    """缺测: the field was there and said "no value"; ``Reading.value`` is ``None``."""
    SUSPECT = 1 << 1
    """存疑: in form, but doubted by the device or by a plausibility check."""
    FAULT = 1 << 2
    """设备故障: the device says its instrument is broken."""
    CALIBRATION = 1 << 3
    """校准: measured while the instrument was being calibrated."""
    MAINTENANCE = 1 << 4
    """维护: measured while the instrument was being maintained."""
    OVER_RANGE = 1 << 5
    """超上限: beyond the upper end of the instrument."""
    UNDER_RANGE = 1 << 6
    """超下限: below the lower end of the instrument or its detection limit."""
    MANUAL = 1 << 7
    """人工置数: typed in or set by hand."""
    ESTIMATED = 1 << 8
    """估算: filled in by the device or the platform, not measured."""
    CLOCK = 1 << 9
    """时钟可疑: the device's time could not be right; the time of receipt stands in."""
    COMMUNICATION = 1 << 10
    """通信异常: the instrument did not answer its data logger."""
    STOPPED = 1 << 11
    """停运: the plant or the instrument was out of service."""
    STALE = 1 << 12
    """陈旧: an old value sent again, or a metric of a node that is offline."""
    LATE = 1 << 13
    """迟到: came after the window it belongs to was closed."""
    TAMPER = 1 << 14
    """防拆: the device reports that it was opened, turned or held by a magnet."""
    SIMULATED = 1 << 15
    """模拟: made by a simulation, never measured."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """读数: what ``element`` of a device was, in ``unit``, at ``time``.

    ``element`` is the codec's name of the quantity (each codec's table lists them), by which the
    gateway finds the stream. ``time`` is microseconds since 1970-01-01 UTC, ``None`` where the
    protocol sends none (the time of receipt is meant). ``quality`` holds :class:`Quality` bits.
    """

    element: str
    value: float | str | bool | None
    unit: str = ""
    time: int | None = None
    quality: int = 0
