"""报文时间: BCD YYMMDDHHMM[SS] in Beijing time, and BCD station addresses; strict both ways."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from .errors import Fault, FrameError
from .tables import BEIJING

__all__ = ["pack_station", "pack_time", "unpack_station", "unpack_time"]

_CENTURY = 2000
_FORMATS = {5: "%y%m%d%H%M", 6: "%y%m%d%H%M%S"}


@lru_cache(maxsize=4096)
def unpack_time(raw: bytes, size: int) -> datetime:
    """Read five (to the minute) or six (to the second) bytes; an impossible date is refused."""
    digits = raw.hex()
    if len(raw) != size:
        raise FrameError(Fault.LENGTH, f"time {digits}")
    if not digits.isdigit():
        raise FrameError(Fault.BCD, f"time {digits}")
    parts = [int(digits[at : at + 2]) for at in range(0, 2 * size, 2)]
    year, month, day, hour, minute = parts[:5]
    second = parts[5] if size == 6 else 0
    try:
        return datetime(_CENTURY + year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError as error:
        raise FrameError(Fault.TIME, digits) from error


def pack_time(value: datetime, size: int) -> bytes:
    """Write a time; one with no zone, of another century or finer than the field is refused."""
    if value.tzinfo is None:
        raise FrameError(Fault.TIME, f"{value} has no time zone")
    local = value.astimezone(BEIJING)
    if not _CENTURY <= local.year < _CENTURY + 100:
        raise FrameError(Fault.TIME, f"{value}")
    if local.microsecond or (size == 5 and local.second):
        raise FrameError(Fault.TIME, f"{value} is finer than the field")
    return bytes.fromhex(local.strftime(_FORMATS[size]))


def unpack_station(raw: bytes) -> str:
    """Read 遥测站地址: five BCD bytes, or HEX behind a leading zero byte."""
    digits = raw.hex().upper()
    if raw[0] and not digits.isdigit():
        raise FrameError(Fault.STATION, digits)
    return digits


def pack_station(station: str) -> bytes:
    """Write 遥测站地址 from its ten digits."""
    try:
        raw = bytes.fromhex(station)
    except ValueError as error:
        raise FrameError(Fault.STATION, station) from error
    if len(raw) != 5 or unpack_station(raw) != station:
        raise FrameError(Fault.STATION, station)
    return raw
