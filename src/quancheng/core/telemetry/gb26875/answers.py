"""GB/T 26875.3 应答与下行 (§6.2–§6.5): confirm, deny, set the clock, ask who is on duty."""

from __future__ import annotations

from dataclasses import replace

from .frame import Body, Frame
from .objects import pack
from .tables import Command, TypeFlag

__all__ = ["confirm", "deny", "inspect", "set_clock"]

_SECOND = 1_000_000


def _answer(frame: Frame, command: Command, at: int) -> Frame:
    """Same serial number, addresses changed over, no data."""
    return replace(
        frame, command=command, source=frame.destination, destination=frame.source,
        sent_at=at // _SECOND * _SECOND, payload=b"",
    )  # fmt: skip


def confirm(frame: Frame, at: int) -> Frame:
    """确认: what was sent is kept. ``at`` is µs UTC."""
    return _answer(frame, Command.CONFIRM, at)


def deny(frame: Frame, at: int) -> Frame:
    """否认: what was sent is not kept; the device sends again up to three times (§6.5)."""
    return _answer(frame, Command.DENY, at)


def set_clock(frame: Frame, serial: int, at: int) -> Frame:
    """同步用户信息传输装置时钟 (type 90) to the sender of ``frame``."""
    whole = at // _SECOND * _SECOND
    payload = pack([Body(TypeFlag.SET_TIME, at=whole)])
    return replace(_answer(frame, Command.CONTROL, at), serial=serial & 0xFFFF, payload=payload)


def inspect(frame: Frame, serial: int, minutes: int, at: int) -> Frame:
    """查岗 (type 91): somebody on duty must press a button within so many minutes."""
    payload = pack([Body(TypeFlag.INSPECT, minutes=minutes)])
    return replace(_answer(frame, Command.CONTROL, at), serial=serial & 0xFFFF, payload=payload)
