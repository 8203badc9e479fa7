"""By which channels and when: a function of values."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.messages.gateways import mail_gateway, sms_gateway
from quancheng.capabilities.messages.routing import Out, Preferences, after_quiet, is_phone, masked, ways
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

NIGHT = Preferences("13800138000", "li@example.org", quiet_from=time(22), quiet_until=time(7))
BOTH = frozenset(Out)
WAIT = timedelta(minutes=10)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, 15, hour, minute, tzinfo=clock.LOCAL)


def test_an_ordinary_message_waits_and_then_for_the_morning() -> None:
    assert [one.due for one in ways("progress", NIGHT, at(12), WAIT, BOTH)] == [at(12, 10)] * 2
    assert {one.due for one in ways("progress", NIGHT, at(21, 55), WAIT, BOTH)} == {at(7) + timedelta(days=1)}
    assert {one.due for one in ways("progress", NIGHT, at(3), WAIT, BOTH)} == {at(7)}


def test_an_alert_goes_at_once_at_any_hour() -> None:
    assert [one.due for one in ways("alert", NIGHT, at(3), WAIT, BOTH)] == [at(3)] * 2


def test_only_what_is_open_on_and_known() -> None:
    assert [one.out for one in ways("notice", NIGHT, at(12), WAIT, {Out.EMAIL})] == [Out.EMAIL]
    assert ways("notice", Preferences(), at(12), WAIT, BOTH) == ()
    assert ways("alert", Preferences("13800138000", sms_on=False), at(12), WAIT, BOTH) == ()


@given(st.times(), st.times(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_what_is_put_off_is_never_in_quiet_hours_and_at_most_a_day_later(
    begin: time, end: time, moment: datetime
) -> None:
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    quiet = Preferences(quiet_from=begin, quiet_until=end)
    later = after_quiet(moment.replace(tzinfo=clock.LOCAL), quiet)
    assert timedelta(0) <= later - moment.replace(tzinfo=clock.LOCAL) <= timedelta(days=1)
    assert after_quiet(later, quiet) == later


@pytest.mark.parametrize(
    ("text", "good"),
    [("13800138000", True), ("12800138000", False), ("1380013800", False), ("１３８００１３８０００", False)],
)
def test_phones(text: str, good: bool) -> None:
    assert is_phone(text) is good


def test_masks_hide_most_of_an_address() -> None:
    assert masked("13800138000") == "138****8000"
    assert masked("li@example.org") == "l***@example.org"


def test_gateways_are_read_from_addresses_and_bad_ones_say_what_to_write() -> None:
    found = sms_gateway("cmpp://901234:s%40cret@10.0.0.1:7891?number=10690000&sign=泉城")
    assert found is not None
    assert (found.secret, found.port, found.sign) == ("s@cret", 7891, "泉城")
    assert "s@cret" not in repr(found)
    mail = mail_gateway("smtps://u:p@mail.example.org?from=notice@example.org")
    assert mail is not None
    assert (mail.port, mail.tls) == (465, "tls")
    assert sms_gateway("") is None
    for bad in ("http://x", "cmpp://host", "cmpp://a:b@h"):
        with pytest.raises(InvalidInput):
            sms_gateway(bad)
    with pytest.raises(InvalidInput):
        mail_gateway("smtp://mail.example.org")
