"""Times: ISO 8601 in, microseconds, ISO 8601 out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.sensorthings import times


@given(st.integers(times.MINIMUM, times.MAXIMUM))
def test_text_of_a_moment_is_the_moment(time: int) -> None:
    assert times.parse_instant(times.format_instant(time)) == time


@given(st.integers(-(10**16), 10**16))
def test_text_of_a_duration_is_the_duration(length: int) -> None:
    text = times.format_duration(length)
    assert (times.parse_duration(text.lstrip("-")) * (-1 if length < 0 else 1)) == length


@pytest.mark.parametrize(
    "text",
    ["2026-07-18T01:02:03Z", "2026-07-18T09:02:03+08:00", "2026-07-18T09:02:03.000+0800", "2026-07-17T21:32:03-03:30",
     "2026-07-18t01:02:03z", "2026-07-18T09:02:03+08"],
)  # fmt: skip
def test_forms_of_one_moment(text: str) -> None:
    assert times.moment(times.parse_instant(text)) == datetime(2026, 7, 18, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-07-18", "2026-07-18T01:02:03", "2026-02-30T00:00:00Z", "2026-07-18T25:00:00Z",
     "2026-07-18T00:00:00+99:00", "2026-07-18T00:00:61Z", "0000-01-01T00:00:00Z", "now", "٢٠٢٦-07-18T00:00:00Z"],
)  # fmt: skip
def test_no_moments(text: str) -> None:
    with pytest.raises(times.BadTime):
        times.parse_instant(text)


def test_intervals() -> None:
    start = times.parse_instant("2026-07-18T00:00:00Z")
    hour = 3_600_000_000
    for text in (
        "2026-07-18T00:00:00Z/2026-07-18T01:00:00Z",
        "2026-07-18T00:00:00Z/PT1H",
        "PT1H/2026-07-18T01:00:00Z",
    ):
        assert times.parse_time(text) == (start, start + hour)
    assert times.parse_time("2026-07-18T00:00:00Z") == (start, None)
    for wrong in ("2026-07-18T01:00:00Z/2026-07-18T00:00:00Z", "PT1H/PT1H", "/", "x/y"):
        with pytest.raises(times.BadTime):
            times.parse_time(wrong)
