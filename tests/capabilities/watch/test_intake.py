"""Nothing comes from anybody: one alarm about the way in, none for each stream; and how long alarms take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.watch.conftest import MINUTE, NOW, deep, official

from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.things.models import Alarm
from quancheng.capabilities.watch import actions, delays, indicators
from quancheng.capabilities.watch.models import Episode
from quancheng.capabilities.watch.values import Scope, micros
from quancheng.core.watch import Kind, Spec
from quancheng.kernel.observability.metrics import exposition

pytestmark = pytest.mark.django_db
SILENT = deep(spec=Spec(kind=Kind.ABSENCE, seconds=600), scope=Scope(property="things:ponding_depth"))
PLACES = ("P-1:ponding_depth", "P-2:ponding_depth", "P-3:ponding_depth")


@pytest.fixture
def silent(streams):
    """A rule that misses each of three streams after ten minutes, in force."""
    author, approver = official("甲", "watch.writer"), official("乙", "watch.approver", user_id=2)
    actions.write_rule(author, code="silent", zh="缺数", en="Silent", draft=SILENT)
    actions.simulate(author, code="silent")
    return actions.approve(approver, code="silent")


def speak(now, streams, send, running, minutes: int, *places: str) -> None:
    """So many minutes in which these speak once a minute."""
    for _ in range(minutes):
        now.advance(MINUTE)
        for place in places:
            send(streams[place], now.now(), [0.0])
        running.step()


def test_a_quiet_log_is_one_alarm_not_one_for_every_stream(now, streams, silent, send, runner):
    running = runner()
    speak(now, streams, send, running, 3, *PLACES)
    speak(now, streams, send, running, 15)
    assert not Alarm.objects.exists()  # quiet, but no longer than the parameter allows
    speak(now, streams, send, running, 1)
    alarm = Alarm.objects.get()
    assert (alarm.rule.code, alarm.key, alarm.level, alarm.ended_at) == ("watch.ingest", "ingest", 2, None)
    assert (
        alarm.finding["condition"]["zh"] == "全部数据流超过900秒没有任何读数，发出橙色告警；再有读数即恢复。"
    )
    assert alarm.finding["amount"] == 960
    speak(now, streams, send, running, 120)
    assert (Alarm.objects.count(), Episode.objects.count()) == (1, 0)

    again = runner()  # killed meanwhile: the open alarm is known, not raised again
    speak(now, streams, send, again, 1)
    assert Alarm.objects.get().count == 1
    speak(now, streams, send, again, 1, PLACES[0])
    assert Alarm.objects.get().ended_at is not None
    assert not Episode.objects.exists()  # the others are given time to come back as well


def test_who_does_not_come_back_after_an_interruption_is_missed_then(now, streams, silent, send, runner):
    running = runner()
    speak(now, streams, send, running, 2, *PLACES)
    speak(now, streams, send, running, 40)
    speak(now, streams, send, running, 10, *PLACES[:2])
    assert not Episode.objects.exists()
    speak(now, streams, send, running, 2, *PLACES[:2])
    assert list(Episode.objects.values_list("stream", flat=True)) == [streams[PLACES[2]]]


def test_a_single_silent_stream_among_others_that_speak_is_missed_as_ever(now, streams, silent, send, runner):
    running = runner()
    speak(now, streams, send, running, 1, *PLACES)
    speak(now, streams, send, running, 12, *PLACES[1:])
    assert list(Episode.objects.values_list("stream", flat=True)) == [streams[PLACES[0]]]
    assert not Alarm.objects.filter(rule__code="watch.ingest").exists()


def test_a_city_without_any_reading_misses_none(now, streams, silent, runner):
    running = runner()
    now.advance(timedelta(days=3))
    running.step()
    assert not Alarm.objects.filter(rule__code="watch.ingest").exists()


def test_the_alarm_says_how_long_it_took_from_the_receipt_of_its_reading(now, streams, send, runner):
    author, approver = official("甲", "watch.writer"), official("乙", "watch.approver", user_id=2)
    actions.write_rule(author, code="deep", zh="积水", en="Deep", draft=deep())
    actions.simulate(author, code="deep")
    actions.approve(approver, code="deep")
    running, place = runner(), streams[PLACES[0]]
    now.advance(10 * MINUTE)
    batch = Batch.numbers([place, place], [micros(NOW + MINUTE), micros(NOW + 2 * MINUTE)], [0.3, 0.4])
    batch.result_time[:] = micros(NOW + 10 * MINUTE) - 750_000
    writer().append(batch)
    running.step()
    assert Episode.objects.get().delay_ms == 750
    assert indicators.alarm_delay_p50()["value"] == indicators.alarm_delay_p95()["value"] == 750
    assert b"quancheng_watch_alarm_seconds_p95 0.75" in exposition()[0]


@pytest.mark.parametrize(
    ("rows", "found"), [([], None), ([7], {50: 7, 95: 7}), (list(range(1, 101)), {50: 50, 95: 95})]
)
def test_percentiles_are_those_of_the_nearest_rank(rows, found):
    assert delays.of(rows) == found
