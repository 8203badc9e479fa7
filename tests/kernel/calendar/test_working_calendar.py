"""The working calendar: national notices, the city's hours, a district's own."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest

from quancheng.core.calendar import STANDARD_HOURS, CalendarFormatError, CalendarNotCovered
from quancheng.kernel import calendar

LOCAL = """
hours = [["08:00", "12:00"], ["14:00", "18:00"]]
[region.370116]
hours = [["08:30", "17:30"]]
[region.370116001]
week = [0, 1, 2, 3, 4, 5]
[[notice]]
year = 2026
published = 2026-06-01
authority = "济南市人民政府"
title = "泉水节放假"
citation = "模拟"
holidays = [{ name = { zh = "泉水节", en = "Spring Day" }, first = 2026-09-02, last = 2026-09-02 }]
"""


@pytest.fixture
def city(tmp_path: Path, settings):
    settings.CITY_FOLDER = tmp_path
    calendar.reload()
    yield tmp_path
    calendar.reload()


def test_the_national_notices_hold(city: Path) -> None:
    working = calendar.working_calendar()
    assert working.hours == STANDARD_HOURS
    assert not working.is_working_day(date(2025, 10, 1))  # National Day, 国办发明电〔2024〕12号
    assert working.is_working_day(date(2025, 10, 11))  # a Saturday of make-up work
    assert working is calendar.working_calendar()
    with pytest.raises(CalendarNotCovered):
        working.is_working_day(date(2199, 1, 1))


def test_the_city_and_its_districts_have_their_own(city: Path) -> None:
    (city / "calendar.toml").write_text(LOCAL, encoding="utf-8")
    working = calendar.working_calendar()
    assert working.hours[0] == (time(8), time(12))
    assert not working.is_working_day(date(2026, 9, 2))
    district = calendar.working_calendar("370116")
    assert district.is_working_moment(datetime(2026, 9, 3, 12, 30))
    assert not working.is_working_moment(datetime(2026, 9, 3, 12, 30))
    assert not district.is_working_day(date(2026, 9, 5))
    street = calendar.working_calendar("370116001")
    assert street.is_working_day(date(2026, 9, 5))
    assert street.hours == district.hours
    assert calendar.working_calendar("370102").hours == working.hours


@pytest.mark.parametrize(
    "content",
    ['hours = [["12:00", "08:00"]]', 'hours = [["8h", "9h"]]', "hours = 3", "week = [9]"],
)
def test_a_wrong_file_is_refused(city: Path, content: str) -> None:
    (city / "calendar.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CalendarFormatError):
        calendar.working_calendar()
