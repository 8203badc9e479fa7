"""Time zones of FEEL: none, a fixed offset in seconds, or an IANA name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

Zone = int | str | None

MAX_OFFSET = 18 * 3600
# A time of day with a zone name has no date to look the offset up for; any fixed winter day will do.
REFERENCE = datetime(2000, 1, 1)  # noqa: DTZ001

_NAME = re.compile(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)(?::(\d\d))?")


@lru_cache(maxsize=512)
def _zone_info(name: str) -> ZoneInfo | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def parse_zone(text: str) -> tuple[bool, Zone]:
    """(understood, zone) of ``""``, ``Z``, ``+08:00``, ``-01:30:15`` or ``@Asia/Shanghai``."""
    if not text:
        return True, None
    if text in ("Z", "z"):
        return True, 0
    if text.startswith("@"):
        name = text[1:]
        return (True, name) if _zone_info(name) is not None else (False, None)
    match = _OFFSET.fullmatch(text)
    if match is None:
        return False, None
    sign, hours, minutes, seconds = match.groups()
    if int(minutes) > 59 or int(seconds or 0) > 59:
        return False, None
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    if total > MAX_OFFSET:
        return False, None
    return True, -total if sign == "-" else total


def format_zone(zone: Zone) -> str:
    """The suffix that :func:`parse_zone` reads back."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return "@" + zone
    if zone == 0:
        return "Z"
    minutes, seconds = divmod(abs(zone), 60)
    text = f"{'-' if zone < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return text + (f":{seconds:02}" if seconds else "")


def offset_at(zone: Zone, year: int, month: int, day: int, seconds: int) -> int | None:
    """Seconds east of UTC at a local moment; None without zone.

    Years outside those of :mod:`datetime` use the same date of the nearest 400-year cycle.
    """
    if not isinstance(zone, str):
        return zone
    info = _zone_info(zone)
    if info is None:
        return None
    local = datetime(*_ordinary(year, month, day), *_clock(seconds), tzinfo=info)
    offset = local.utcoffset()
    return None if offset is None else int(offset.total_seconds())


def offset_at_utc(zone: Zone, year: int, month: int, day: int, seconds: int) -> int:
    """Seconds east of UTC at a moment given in UTC; never ambiguous."""
    if not isinstance(zone, str):
        return zone or 0
    moment = datetime(*_ordinary(year, month, day), *_clock(seconds), tzinfo=UTC)
    offset = moment.astimezone(_zone_info(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _ordinary(year: int, month: int, day: int) -> tuple[int, int, int]:
    """The same date in a year that the standard library knows: calendars repeat after 400 years."""
    if not 2 <= year <= 9998:
        year = 2000 + year % 400 if year > 9998 else 1200 + year % 400
    return year, month, day


def _clock(seconds: int) -> tuple[int, int, int]:
    return seconds // 3600, seconds // 60 % 60, seconds % 60
