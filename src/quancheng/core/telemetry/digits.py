"""BCD 数字与电文时间: little-endian BCD as the Chinese meter protocols send it, strictly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from .refusal import FrameRefused, Reason

__all__ = ["BEIJING", "beijing_micros", "text", "unpack"]

BEIJING = timezone(timedelta(hours=8))
"""北京时间: the clock of every meter."""

_FIRST = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def text(raw: bytes) -> str:
    """The digits of a little-endian BCD field, most significant first; anything else is refused."""
    digits = raw[::-1].hex()
    if not digits.isdigit():
        raise FrameRefused(Reason.BCD, raw.hex())
    return digits


def unpack(raw: bytes, decimals: int = 0) -> float:
    """Read a little-endian BCD number with so many decimals, rounded once to the nearest float."""
    digits = raw[::-1].hex()
    if not digits.isdigit():
        raise FrameRefused(Reason.BCD, raw.hex())
    number: float = int(digits) / 10**decimals
    return number


def beijing_micros(parts: tuple[int, int, int, int, int, int]) -> int:
    """µs since 1970-01-01 UTC of a date and time of Beijing; an impossible one is refused.

    So is a year outside 2000–2099: no meter that speaks here is older.
    """
    try:
        if not _FIRST <= parts[0] < _FIRST + 100:
            raise ValueError(parts[0])
        when = datetime(*parts, tzinfo=BEIJING)
    except ValueError as error:
        raise FrameRefused(Reason.TIME, "-".join(map(str, parts))) from error
    return (when - _EPOCH) // _MICROSECOND
