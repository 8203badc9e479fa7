"""One clock; virtual time stands still until moved and never runs backwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from quancheng.kernel import clock


def test_real_time_is_aware_utc() -> None:
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert not clock.is_virtual()


def test_everything_inside_happens_at_the_given_moment() -> None:
    moment = datetime(2007, 7, 18, 10, 25, tzinfo=UTC)
    with clock.at(moment) as virtual:
        assert clock.is_virtual()
        assert clock.now() == moment
        virtual.advance(timedelta(minutes=5))
        assert clock.now() == moment + timedelta(minutes=5)
    assert not clock.is_virtual()


def test_law_counts_local_days() -> None:
    with clock.at(datetime(2026, 1, 1, 16, 30, tzinfo=UTC)):
        assert clock.today() == date(2026, 1, 2)


def test_time_cannot_run_backwards() -> None:
    virtual = clock.VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="backwards"):
        virtual.advance(timedelta(seconds=-1))


def test_naive_datetimes_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        clock.VirtualClock(datetime(2026, 1, 1))
