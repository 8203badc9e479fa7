"""Times of SensorThings: ISO 8601 instants, intervals and durations as integer microseconds, UTC.

OGC 18-088 § 8.2 uses TM_Instant and TM_Period as ISO 8601-1 strings: an instant is
``2026-07-18T09:05:00.000Z``, an interval ``start/end``. Inside the city every time is an ``int``:
microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = EPOCH.replace(tzinfo=None)
_ONE = timedelta(microseconds=1)
MINIMUM = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z, ``mindatetime()``."""
MAXIMUM = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, ``maxdatetime()``."""

_INSTANT = re.compile(
    r"([+-]?\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?\s*(Z|z|[+-]\d\d:?\d\d|[+-]\d\d)?)?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_DAY = 86_400_000_000


class BadTime(ValueError):
    """Text that is no time of ISO 8601, or one outside the years 1 to 9999."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A period of time, both ends in microseconds; ``end`` not before ``start``."""

    start: int
    end: int


def micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return (moment - EPOCH) // _ONE


def moment(time: int) -> datetime:
    """The aware datetime (UTC) of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=time)


def parse_instant(text: str, *, zone_needed: bool = True) -> int:
    """Microseconds of an ISO 8601 instant. Raises BadTime; without a zone too, when one is needed."""
    return _parse(text, zone_needed)[0]


def offset_minutes(text: str) -> int:
    """The offset of an instant from UTC in minutes, ``totaloffsetminutes``. Raises BadTime."""
    return _parse(text, False)[1]


def _parse(text: str, zone_needed: bool) -> tuple[int, int]:
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise BadTime(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if hour is None or zone is None:
        if zone_needed:
            raise BadTime(text)
        zone = "Z"
    minutes = _zone(zone, text)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        base = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError as wrong:
        raise BadTime(text) from wrong
    if int(second or 0) > 60:
        raise BadTime(text)
    leap = 1_000_000 if second == "60" else 0
    time = micros(base) + micro + leap - minutes * 60_000_000
    if not MINIMUM <= time <= MAXIMUM:
        raise BadTime(text)
    return time, minutes


def _zone(zone: str, text: str) -> int:
    if zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 18 * 60 or int(digits[2:]) > 59:
        raise BadTime(text)
    return -minutes if zone[0] == "-" else minutes


def parse_time(text: str) -> tuple[int, int | None]:
    """An instant as ``(time, None)``, an interval as ``(start, end)``. Raises BadTime.

    One end of an interval may be a duration (ISO 8601 § 5.5): ``start/PT1H``, ``PT1H/end``.
    """
    first, slash, last = text.partition("/")
    if not slash:
        return parse_instant(text), None
    if first.strip().startswith("P"):
        end = parse_instant(last)
        start = end - parse_duration(first.strip())
    else:
        start = parse_instant(first)
        end = start + parse_duration(last.strip()) if last.strip().startswith("P") else parse_instant(last)
    if end < start:
        raise BadTime(text)
    return start, end


def parse_interval(text: str) -> Interval:
    """An interval; an instant is one of no length. Raises BadTime."""
    start, end = parse_time(text)
    return Interval(start, start if end is None else end)


def parse_duration(text: str) -> int:
    """Microseconds of an ISO 8601 duration; a year is 365 days, a month 30. Raises BadTime."""
    found = _DURATION.fullmatch(text)
    if found is None or text.rstrip("T").rstrip("-").endswith("P") or text.endswith("T"):
        raise BadTime(text)
    sign, years, months, weeks, days, hours, minutes, seconds = found.groups()
    total = (int(years or 0) * 365 + int(months or 0) * 30 + int(weeks or 0) * 7 + int(days or 0)) * _DAY
    total += int(hours or 0) * 3_600_000_000 + int(minutes or 0) * 60_000_000
    whole, _, part = (seconds or "0").partition(".")
    total += int(whole) * 1_000_000 + int(part.ljust(6, "0")[:6] or 0)
    if total > 2 * MAXIMUM:
        raise BadTime(text)
    return -total if sign else total


def format_duration(micro: int) -> str:
    """``PT3600S``: the duration in seconds, as short as exact."""
    sign = "-" if micro < 0 else ""
    whole, part = divmod(abs(micro), 1_000_000)
    return f"{sign}PT{whole}{f'.{part:06d}'.rstrip('0') if part else ''}S"


def format_instant(time: int) -> str:
    """``2026-07-18T09:05:00.000Z``; microseconds are shown when there are any."""
    # a naive sum and isoformat: this runs for every time of every answer
    moment = _EPOCH + timedelta(microseconds=time)
    return moment.isoformat(timespec="microseconds" if time % 1000 else "milliseconds") + "Z"


def format_time(start: int, end: int | None) -> str:
    """An instant, or ``start/end``."""
    return format_instant(start) if end is None else f"{format_instant(start)}/{format_instant(end)}"


def zone_of(minutes: int) -> timezone:
    """A fixed zone so many minutes east of UTC."""
    return timezone(timedelta(minutes=minutes))
