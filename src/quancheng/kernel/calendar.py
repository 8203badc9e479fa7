"""工作日历: the working calendar of the city, from dated notices and the city's own hours.

The national notices stand in ``kernel/resources/calendar_cn.toml``. A city profile may have a
``calendar.toml``, all of it optional::

    hours = [["09:00", "12:00"], ["13:30", "17:00"]]
    week = [0, 1, 2, 3, 4]            # Monday is 0
    [[notice]]                        # a local arrangement, as in calendar_cn.toml
    [region.370116]                   # another rhythm for a district and what lies below it
    hours = [["08:30", "12:00"], ["14:00", "17:30"]]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.calendar import (
    STANDARD_HOURS,
    STANDARD_WEEK,
    CalendarFormatError,
    HolidayTable,
    WorkingCalendar,
)
from quancheng.core.rules import region_prefix

NATIONAL_NOTICES = Path(__file__).with_name("resources") / "calendar_cn.toml"


def working_calendar(region: str | None = None) -> WorkingCalendar:
    """The working calendar of a region (administrative code), the city's without one.

    Raises CalendarFormatError for a wrong ``calendar.toml``; the calendar itself raises
    CalendarNotCovered for days of a year whose notice is not known yet.
    """
    return _calendar(region)


def reload() -> None:
    """Forget what was read."""
    _calendar.cache_clear()


@cache
def _calendar(region: str | None) -> WorkingCalendar:
    national = tomllib.loads(NATIONAL_NOTICES.read_text(encoding="utf-8"))
    local = _local()
    notices = [*national["notice"], *local.get("notice", [])]
    table = HolidayTable.from_toml_dict({"notice": notices})
    rhythm: dict[str, Any] = {key: local[key] for key in ("hours", "week") if key in local}
    for own in _regional(local, region):
        rhythm |= own
    try:
        return WorkingCalendar(table, _week(rhythm), _hours(rhythm))
    except (TypeError, ValueError, AttributeError) as error:
        raise CalendarFormatError("calendar.toml", str(error)) from error


def _local() -> dict[str, Any]:
    path = Path(settings.CITY_FOLDER) / "calendar.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _regional(local: Mapping[str, Any], region: str | None) -> list[dict[str, Any]]:
    """Tables of the regions that contain this one, the most specific last."""
    if region is None:
        return []
    prefix = region_prefix(region)
    found = [
        (region_prefix(code), dict(own))
        for code, own in local.get("region", {}).items()
        if prefix.startswith(region_prefix(code))
    ]
    return [own for _, own in sorted(found, key=lambda pair: len(pair[0]))]


def _week(rhythm: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(rhythm["week"]) if "week" in rhythm else STANDARD_WEEK


def _hours(rhythm: Mapping[str, Any]) -> tuple[tuple[time, time], ...]:
    if "hours" not in rhythm:
        return STANDARD_HOURS
    return tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in rhythm["hours"])
