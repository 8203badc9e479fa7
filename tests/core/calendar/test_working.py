"""Holiday table and working calendar: against the `holidays` package and by brute force."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.calendar import (
    CalendarError,
    CalendarFormatError,
    CalendarNotCovered,
    DayKind,
    HolidayTable,
    WorkingCalendar,
)

RESOURCE = Path(__file__).parents[3] / "src/quancheng/kernel/resources/calendar_cn.toml"
TABLE = HolidayTable.from_toml_dict(tomllib.loads(RESOURCE.read_text("utf-8")))
CALENDAR = WorkingCalendar(TABLE)
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
EVERY_DAY = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
MIDDLE = st.dates(date(2024, 6, 1), date(2026, 6, 30))
MOMENTS = st.datetimes(datetime(2024, 6, 1), datetime(2026, 6, 30)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


def test_every_day_agrees_with_the_holidays_package() -> None:
    oracle = holidays.country_holidays("CN", years=range(2024, 2028))
    differing = [day for day in EVERY_DAY if CALENDAR.is_working_day(day) != oracle.is_working_day(day)]
    assert differing == []
    assert len(EVERY_DAY) == 366 + 365 + 365 + 365


def test_make_up_days_agree_with_the_holidays_package() -> None:
    oracle = holidays.country_holidays("CN", years=range(2024, 2028))
    ours = {day for day in EVERY_DAY if (e := TABLE.entry(day)) and e.kind is DayKind.WORKDAY}
    assert ours == {day for day in oracle.weekend_workdays if day.year in TABLE.years}
    assert all(day.weekday() >= 5 for day in ours)


@pytest.mark.parametrize(("year", "off", "make_up"), [(2024, 28, 8), (2025, 28, 5), (2026, 33, 6)])
def test_sums_of_the_notices(year: int, off: int, make_up: int) -> None:
    """The notices give their holidays' lengths in words (2024: 1+8+3+5+1+3+7, and so on)."""
    entries = [e for day in EVERY_DAY if day.year == year and (e := TABLE.entry(day))]
    kinds = [entry.kind for entry in entries]
    assert kinds.count(DayKind.HOLIDAY) == off
    assert kinds.count(DayKind.WORKDAY) == make_up
    assert {entry.citation[:5] for entry in entries} == {"国办发明电"}


def test_known_days() -> None:
    assert not CALENDAR.is_working_day(date(2025, 10, 8))
    assert CALENDAR.is_working_day(date(2025, 10, 11))
    entry = TABLE.entry(date(2025, 10, 11))
    assert entry is not None
    assert entry.name.zh == "国庆节、中秋节"
    assert entry.citation == "国办发明电〔2024〕12号"
    assert TABLE.entry(date(2025, 10, 13)) is None
    assert CALENDAR.add_working_days(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert CALENDAR.add_working_days(date(2025, 10, 9), -1) == date(2025, 9, 30)
    assert CALENDAR.add_working_days(date(2025, 10, 1), 0) == date(2025, 10, 9)
    assert CALENDAR.add_working_days(date(2025, 10, 9), 0) == date(2025, 10, 9)
    assert CALENDAR.next_working_day(date(2025, 9, 28)) == date(2025, 9, 28)


def test_years_without_a_notice_are_refused() -> None:
    for call in (
        lambda: CALENDAR.is_working_day(date(2028, 1, 1)),
        lambda: CALENDAR.is_working_day(date(2023, 12, 31)),
        lambda: CALENDAR.add_working_days(date(2027, 12, 31), 1),
        lambda: CALENDAR.working_days_between(date(2027, 12, 1), date(2028, 1, 1)),
        lambda: CALENDAR.add_working_minutes(datetime(2027, 12, 31, 16, 59), 2),
        lambda: CALENDAR.next_working_day(date(2028, 1, 1)),
    ):
        with pytest.raises(CalendarNotCovered) as caught:
            call()
        assert isinstance(caught.value, CalendarError)
        assert str(caught.value.day.year) in str(caught.value)
        assert "国务院" in caught.value.text.zh


@settings(max_examples=60, deadline=None)
@given(MIDDLE, st.integers(-90, 90))
def test_adding_agrees_with_brute_force(start: date, count: int) -> None:
    end = CALENDAR.add_working_days(start, count)
    if count > 0:
        days = [d for d in EVERY_DAY if d > start and CALENDAR.is_working_day(d)]
        assert end == days[count - 1]
    elif count < 0:
        days = [d for d in EVERY_DAY if d < start and CALENDAR.is_working_day(d)]
        assert end == days[count]
    if count:
        assert CALENDAR.working_days_between(start, end) == count
    assert CALENDAR.is_working_day(end)


def _ticks(start: datetime) -> list[datetime]:
    """Every working minute's end after a start, by the definition."""
    found, moment = [], start
    while len(found) < 1500:
        day = moment.date()
        inside = any(a <= moment.time() < b for a, b in CALENDAR.hours)
        if not CALENDAR.is_working_day(day):
            moment = datetime.combine(day + timedelta(1), time())
            continue
        moment += timedelta(minutes=1)
        if inside:
            found.append(moment)
    return found


@settings(max_examples=15, deadline=None)
@given(MOMENTS, st.integers(1, 1500))
def test_minutes_agree_with_brute_force(start: datetime, minutes: int) -> None:
    end = CALENDAR.add_working_minutes(start, minutes)
    assert end == _ticks(start)[minutes - 1]
    assert CALENDAR.working_minutes_between(start, end) == minutes
    assert CALENDAR.working_minutes_between(end, start) == -minutes


def test_minutes_at_the_edges() -> None:
    friday = datetime(2025, 6, 6, 16, 0)
    assert CALENDAR.add_working_minutes(friday, 0) == friday
    assert CALENDAR.add_working_minutes(friday, 60) == datetime(2025, 6, 6, 17, 0)
    assert CALENDAR.add_working_minutes(friday, 61) == datetime(2025, 6, 9, 9, 1)
    assert CALENDAR.add_working_minutes(datetime(2025, 6, 6, 11, 30), 60) == datetime(2025, 6, 6, 14, 0)
    assert CALENDAR.is_working_moment(datetime(2025, 6, 6, 9))
    assert not CALENDAR.is_working_moment(datetime(2025, 6, 6, 12))
    assert not CALENDAR.is_working_moment(datetime(2025, 6, 7, 9))
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_working_minutes(friday, -1)
    aware = friday.replace(tzinfo=timezone(timedelta(hours=8)))
    for call in (
        lambda: CALENDAR.add_working_minutes(aware, 1),
        lambda: CALENDAR.working_minutes_between(friday, aware),
        lambda: CALENDAR.is_working_moment(aware),
    ):
        with pytest.raises(ValueError, match="naive"):
            call()


def test_patterns() -> None:
    six = WorkingCalendar(TABLE, week=frozenset(range(6)), hours=((time(8), time(20)),))
    assert six.is_working_day(date(2025, 6, 7))
    assert not six.is_working_day(date(2025, 6, 8))
    assert six.working_minutes_between(datetime(2025, 6, 7), datetime(2025, 6, 8)) == 720
    for hours in (
        (),
        ((time(9), time(9)),),
        ((time(9), time(12)), (time(11), time(13))),
        ((time(9, tzinfo=timezone.utc), time(12, tzinfo=timezone.utc)),),  # noqa: UP017
    ):
        with pytest.raises(ValueError, match="hours"):
            WorkingCalendar(TABLE, hours=hours)
    for week in (frozenset(), frozenset({7})):
        with pytest.raises(ValueError, match="week"):
            WorkingCalendar(TABLE, week=week)


NOTICE: dict[str, object] = {
    "year": 2030,
    "published": date(2029, 11, 1),
    "authority": "国务院办公厅",
    "title": "t",
    "citation": "c1",
    "holidays": [{"name": "元旦", "first": date(2030, 1, 1), "last": date(2030, 1, 1)}],
}


def test_a_later_notice_wins_day_by_day() -> None:
    change = {
        **NOTICE,
        "published": date(2030, 1, 2),
        "citation": "c2",
        "holidays": [{"name": "延长", "first": date(2030, 1, 2), "last": date(2030, 1, 3)}],
    }
    table = HolidayTable.from_toml_dict({"notice": [change, NOTICE]})
    assert not WorkingCalendar(table).is_working_day(date(2030, 1, 1))
    assert not WorkingCalendar(table).is_working_day(date(2030, 1, 2))
    before = table.as_known_on(date(2030, 1, 1))
    assert WorkingCalendar(before).is_working_day(date(2030, 1, 2))
    with pytest.raises(CalendarNotCovered):
        table.as_known_on(date(2029, 1, 1)).entry(date(2030, 1, 1))


def _holiday(**changes: object) -> list[dict[str, object]]:
    return [{"name": "元旦", "first": date(2030, 1, 1), "last": date(2030, 1, 1), **changes}]


@pytest.mark.parametrize(
    "changes",
    [
        {"year": "2030"},
        {"year": True},
        {"published": "2029-11-01"},
        {"citation": ""},
        {"title": 1},
        {"holidays": {}},
        {"holidays": [{"name": "元旦"}]},
        {"holidays": _holiday(name=1)},
        {"holidays": _holiday(last=date(2029, 12, 31))},
        {"holidays": _holiday(first=datetime(2030, 1, 1))},
        {"holidays": _holiday(workdays=date(2030, 1, 5))},
        {"holidays": _holiday(workdays=[date(2030, 1, 1)])},
    ],
)
def test_malformed_notices_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CalendarFormatError) as caught:
        HolidayTable.from_toml_dict({"notice": [{**NOTICE, **changes}]})
    assert caught.value.place == "[[notice]] 1"


@pytest.mark.parametrize("document", [{}, {"notice": []}, {"notice": ["x"]}])
def test_malformed_documents_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(CalendarFormatError):
        HolidayTable.from_toml_dict(document)
