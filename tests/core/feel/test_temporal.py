"""Dates, times and durations: reading, properties, arithmetic, order."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core import feel
from quancheng.core.feel.values.calendar import from_days, to_days

from .helpers import shown, value

CASES = [
    ('date("2026-02-29")', "null"),
    ('date("998-12-31")', "null"),
    ("date(2026, 11, 22)", '@"2026-11-22"'),
    ("date(2026, 13, 1)", "null"),
    ('date(@"2026-01-02T03:04:05")', '@"2026-01-02"'),
    ('date("-999999999-12-31").year', "-999999999"),
    ('time("23:59:60")', "null"),
    ('time("08:30:00@Asia/Shanghai").time offset', '@"PT8H"'),
    ('time("08:30:00@Mars/Olympus")', "null"),
    ('time(8, 30, 1.5, @"PT8H")', '@"08:30:01.5+08:00"'),
    ("time(8, 30, 0)", '@"08:30:00"'),
    ('time(@"2026-01-02")', '@"00:00:00Z"'),
    ('date and time("2026-01-02T24:00:00")', '@"2026-01-03T00:00:00"'),
    ('date and time(@"2026-01-02", @"10:00:00Z")', '@"2026-01-02T10:00:00Z"'),
    ('date and time("2026-01-02T10:00:00+19:00")', "null"),
    ('duration("P1Y2M")', '@"P1Y2M"'),
    ('duration("PT1000M")', '@"PT16H40M"'),
    ('duration("P1Y2D")', "null"),
    ('duration("P")', "null"),
    ('duration("PT")', "null"),
    ('years and months duration(@"2011-12-22", @"2013-08-24")', '@"P1Y8M"'),
    ('years and months duration(@"2013-08-24", @"2011-12-22")', '@"-P1Y8M"'),
    ('@"2026-11-22".weekday', "7"),
    ('@"2026-11-22T10:20:30.25Z".second', "30.25"),
    ('@"2026-01-31" + @"P1M"', '@"2026-02-28"'),
    ('@"2024-02-29" + @"P1Y"', '@"2025-02-28"'),
    ('@"2026-01-01" - @"PT1S"', '@"2025-12-31"'),
    ('@"2026-03-01" - @"2026-02-01"', '@"P28D"'),
    ('@"23:00:00" + @"PT2H"', '@"01:00:00"'),
    ('@"2026-03-29T01:30:00@Europe/Paris" + @"PT1H"', '@"2026-03-29T03:30:00@Europe/Paris"'),
    ('@"2026-01-02T00:00:00" - @"2026-01-01T00:00:00Z"', "null"),
    ('@"2026-01-02T08:00:00+08:00" = @"2026-01-02T00:00:00Z"', "true"),
    ('@"2026-01-02T08:00:00@Asia/Shanghai" < @"2026-01-02T00:00:01Z"', "true"),
    ('@"2026-01-02T08:00:00" < @"2026-01-02T00:00:01Z"', "null"),
    ('@"P1Y" = @"P12M"', "true"),
    ('@"P1Y" = @"P365D"', "null"),
    ('@"P1D" * 1.5', '@"P1DT12H"'),
    ('@"P10D" / @"P4D"', "2.5"),
    ('@"P1D" / 0', "null"),
    ('-@"P1D"', '@"-P1D"'),
    ('@"P1DT2H".hours', "2"),
    ('@"-P14M".months', "-2"),
    ('@"nonsense"', "null"),
    ('day of year(@"2020-12-31")', "366"),
    ('day of week(@"2026-11-22")', '"Sunday"'),
    ('month of year(@"2026-11-22")', '"November"'),
    ('week of year(@"2005-01-01")', "53"),
    ('week of year(@"2005-01-03")', "1"),
    ('week of year(@"2026-12-31")', "53"),
    ("now()", '@"2026-11-22T10:30:00Z"'),
    ("today()", '@"2026-11-22"'),
    ("today(1)", "null"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_temporal(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_the_clock_is_given_never_read() -> None:
    env = feel.Environment()
    assert feel.parse("now()").evaluate({}, env) is None
    assert env.warnings


def test_python_values_and_back() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert str(feel.DateTime.of(moment)) == "2026-01-02T03:04:05.0006@Asia/Shanghai"
    fixed = moment.replace(tzinfo=timezone(timedelta(hours=8)))
    assert str(feel.DateTime.of(fixed)) == "2026-01-02T03:04:05.0006+08:00"
    assert feel.Date(2026, 1, 2).to_python() == date(2026, 1, 2)


@given(st.dates(), st.integers(-10_000, 10_000))
def test_days_agree_with_the_standard_library(day: date, shift: int) -> None:
    ours = feel.Date.of(day)
    assert ours.days == (day - date(1970, 1, 1)).days
    assert ours.weekday == day.isoweekday()
    assert value("week of year(d)", {"d": ours}) == day.isocalendar().week
    try:
        expected = day + timedelta(days=shift)
    except OverflowError:
        return
    duration = feel.DaysTimeDuration(shift * 86_400 * 10**9)
    assert value("d + s", {"d": ours, "s": duration}) == feel.Date.of(expected)


@given(st.integers(-(10**11), 10**11))
def test_day_numbers_round_trip(days: int) -> None:
    assert to_days(*from_days(days)) == days
