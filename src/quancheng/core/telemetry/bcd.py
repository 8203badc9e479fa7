"""BCD 码与北京时间: digits in half bytes, and the field protocols' local times as microseconds UTC.

Meters (CJ/T 188, DL/T 645) send a number's lowest byte first: ``digits_reversed``, ``number_reversed``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from .refusal import FrameRefused, Reason

__all__ = [
    "BEIJING", "digits_reversed", "meter_micros", "micros", "number_reversed", "of_micros", "pack_bcd", "unpack_bcd",
]  # fmt: skip

BEIJING = timezone(timedelta(hours=8))
"""北京时间: the field protocols send local time without a zone; China has one zone, no summer time."""
_METERS_SINCE = 2000
"""No meter that speaks here is older; they send two digits of the year."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(year: int, month: int, day: int, hour: int, minute: int, second: int, milli: int = 0) -> int:
    """Beijing time as microseconds since 1970-01-01 UTC; an impossible time is refused (TIME)."""
    try:
        local = datetime(year, month, day, hour, minute, second, milli * 1000, tzinfo=BEIJING)
    except ValueError as error:
        detail = f"{year}-{month}-{day} {hour}:{minute}:{second}"
        raise FrameRefused(Reason.TIME, detail) from error
    return (local - _EPOCH) // _MICROSECOND


def meter_micros(parts: tuple[int, int, int, int, int, int]) -> int:
    """:func:`micros` of a meter's clock: a year outside 2000–2099 is refused too (TIME)."""
    if not _METERS_SINCE <= parts[0] < _METERS_SINCE + 100:
        raise FrameRefused(Reason.TIME, "-".join(map(str, parts)))
    return micros(*parts)


def of_micros(value: int) -> datetime:
    """The Beijing time of microseconds since 1970-01-01 UTC; beyond the calendar is refused (TIME)."""
    try:
        return (_EPOCH + value * _MICROSECOND).astimezone(BEIJING)
    except OverflowError as error:
        raise FrameRefused(Reason.TIME, f"{value}") from error


def unpack_bcd(raw: bytes) -> str:
    """The digits of BCD bytes; a half byte beyond 9 is refused (BCD)."""
    digits = raw.hex()
    if not digits.isdigit():
        raise FrameRefused(Reason.BCD, digits)
    return digits


def digits_reversed(raw: bytes) -> str:
    """The digits of a field sent lowest byte first, most significant first; half bytes beyond 9 are refused (BCD)."""
    return unpack_bcd(raw[::-1])


def number_reversed(raw: bytes, decimals: int = 0) -> float:
    """A number sent lowest byte first with so many decimals, rounded once to the nearest float."""
    number: float = int(unpack_bcd(raw[::-1])) / 10**decimals
    return number


def pack_bcd(digits: str, size: int) -> bytes:
    """Digits as ``size`` BCD bytes with leading zeros; anything else is refused (BCD)."""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 2 * size:
        raise FrameRefused(Reason.BCD, digits)
    return bytes.fromhex(digits.zfill(2 * size))
