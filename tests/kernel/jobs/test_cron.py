"""定时表达式: what comes next, by the calendar and across changes to summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.kernel.jobs import Cron

JINAN = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def following(expression: str, after: str, zone: ZoneInfo = JINAN) -> str:
    moment = datetime.fromisoformat(after).replace(tzinfo=zone)
    return f"{Cron.parse(expression).next_after(moment, zone).astimezone(zone):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("* * * * *", "2026-06-01 09:30:00", "2026-06-01 09:31"),
        ("* * * * *", "2026-06-01 09:30:59", "2026-06-01 09:31"),
        ("*/5 * * * *", "2026-06-01 09:56:00", "2026-06-01 10:00"),
        ("0 8 * * *", "2026-06-01 08:00:00", "2026-06-02 08:00"),
        ("0 8 * * *", "2026-06-01 07:59:59", "2026-06-01 08:00"),
        ("30 23 31 12 *", "2026-12-31 23:30", "2027-12-31 23:30"),
        ("0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"),
        ("0 9 * * 1-5", "2026-06-05 09:00", "2026-06-08 09:00"),
        ("0 9 * * mon,wed", "2026-06-01 09:00", "2026-06-03 09:00"),
        ("0 9 * * 7", "2026-06-01 00:00", "2026-06-07 09:00"),
        ("0 9 * * 5-7", "2026-06-06 10:00", "2026-06-07 09:00"),
        ("0 0 13 * 5", "2026-06-01 00:00", "2026-06-05 00:00"),
        ("0 0 13 * 5", "2026-06-12 00:00", "2026-06-13 00:00"),
        ("0 0 */10 * 5", "2026-06-01 00:00", "2026-07-31 00:00"),
        ("10-20/5,50 6 * jan,JUL *", "2026-06-01 00:00", "2026-07-01 06:10"),
        ("15/20 * * * *", "2026-06-01 09:16", "2026-06-01 09:35"),
        ("@hourly", "2026-06-01 09:16", "2026-06-01 10:00"),
        ("@daily", "2026-06-01 09:16", "2026-06-02 00:00"),
        ("@weekly", "2026-06-01 09:16", "2026-06-07 00:00"),
        ("@monthly", "2026-06-01 09:16", "2026-07-01 00:00"),
        ("@yearly", "2026-06-01 09:16", "2027-01-01 00:00"),
    ],
)
def test_the_next_occurrence(expression: str, after: str, expected: str) -> None:
    assert following(expression, after) == expected


def test_a_skipped_hour_does_not_occur_and_a_doubled_one_occurs_once() -> None:
    assert following("30 2 * * *", "2026-03-28 03:00", BERLIN) == "2026-03-30 02:30"
    cron = Cron.parse("30 2 * * *")
    first = cron.next_after(datetime(2026, 10, 24, 22, tzinfo=UTC), BERLIN)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert cron.next_after(first, BERLIN) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "1/ * * * *",
        "a * * * *",
        "-1 * * * *",
        "1, * * * *",
        "0 0 31 2 *",
        "0 0 * foo *",
        "@sometimes",
    ],
)
def test_nonsense_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        Cron.parse(expression)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        Cron.parse("* * * * *").next_after(datetime(2026, 1, 1), JINAN)


field = st.sampled_from(["*", "*/7", "0", "3,9", "5-9"])


@given(
    st.tuples(field, field).map(" ".join),
    st.sampled_from(["* * *", "1 * *", "* 2 *", "* * 1", "9 * 3"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_nothing_lies_between_a_moment_and_its_next_occurrence(
    clock: str, days: str, moment: datetime
) -> None:
    """The fast search agrees with asking each minute of the next two days."""
    cron = Cron.parse(f"{clock} {days}")
    found = cron.next_after(moment, JINAN)
    assert found > moment
    minute = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    until = min(found, moment + timedelta(days=2))
    while minute < until:
        assert not _matches(cron, minute.astimezone(JINAN))
        minute += timedelta(minutes=1)
    assert _matches(cron, found.astimezone(JINAN))


def _matches(cron: Cron, local: datetime) -> bool:
    day, weekday = local.day in cron.days, local.isoweekday() % 7 in cron.weekdays
    right_day = (day or weekday) if cron.either_day else (day and weekday)
    return (
        local.minute in cron.minutes and local.hour in cron.hours and local.month in cron.months and right_day
    )
