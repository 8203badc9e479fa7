"""Frames in: what is accepted, what is refused and what it does to windows and alarms."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capabilities.things.conftest import NOON, SLOT, SYSTEM, Rain, address, facts, rule

from quancheng.capabilities.things import actions, queries
from quancheng.capabilities.things.models import (
    Alarm,
    DeadLetter,
    IngestBatch,
    Latest,
    RecentReading,
    Station,
)
from quancheng.capabilities.things.sl651_client import level_report, rain_report, report
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.capabilities.things.window_cache import cache
from quancheng.core.telemetry import sl651
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotSignedIn, TooLarge
from quancheng.kernel.events.models import OutboxEvent

pytestmark = pytest.mark.django_db
HOUR_OF_RAIN = ["1.0"] * 9 + ["1.5", "0.2", "0.1"]


def _send(*frames: bytes, exercise: str = "", received=NOON):
    return actions.ingest_frames(
        SYSTEM, frames=[ReceivedFrame(raw, received) for raw in frames], channel="test", exercise=exercise
    )


def test_a_reading_becomes_latest_recent_and_ledger(gauges, rain: Rain) -> None:
    made = rain({1: ["0.5", "0.7"], 2: ["0.0"]})
    assert (made.received, made.accepted, made.readings) == (3, 3, 6)
    values = {(row.code, row.prop): row.value for row in queries.latest(SYSTEM.actor)}
    assert values[("T-001", "rain_5min")] == Decimal("0.7")
    assert values[("T-002", "voltage")] == Decimal("12.6")
    station = Station.objects.get(code="T-001")
    assert (station.status, station.last_seen) == ("online", NOON + SLOT)
    row = IngestBatch.objects.get(run=made.run)
    assert (row.received, row.accepted, row.rejected) == (3, 3, 0)


def test_sending_again_changes_nothing(gauges, rain: Rain) -> None:
    rain({1: ["0.5", "0.7"]})
    before = list(RecentReading.objects.order_by("pk").values_list("pk", "value"))
    again = rain({1: ["0.5", "0.7"]})
    assert (again.duplicate, again.accepted, again.readings) == (2, 0, 0)
    assert list(RecentReading.objects.order_by("pk").values_list("pk", "value")) == before
    assert all(outcome.acknowledge is not None for outcome in again.outcomes)


def test_a_corrected_value_replaces_and_says_so(gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    made = rain({1: ["0.9"]})
    assert (made.accepted, made.corrected) == (1, 1)
    reading = RecentReading.objects.get(datastream__prop="rain_5min")
    assert (reading.value, reading.quality) == (Decimal("0.9"), "corrected")
    assert Latest.objects.get(datastream__prop="rain_5min").value == Decimal("0.9")


def test_an_older_reading_does_not_become_latest(gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    rain({1: ["0.9"]}, NOON - 3 * SLOT, received=NOON)
    assert Latest.objects.get(datastream__prop="rain_5min").value == Decimal("0.5")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (rain_report("0099999999", NOON, Decimal("1.0")), "unknown-station"),
        (rain_report(address(1), NOON, Decimal("1.0"))[:-1] + b"\x00", "crc"),
        (rain_report(address(1), NOON, Decimal("1.0"))[:20], "truncated"),
        (b"\x00\x01\x02", "start"),
        (b"", "start"),
        (rain_report(address(1), NOON + timedelta(hours=1), Decimal("1.0")), "sent-ahead"),
        (rain_report(address(1), NOON + 2 * SLOT, Decimal("1.0"), sent_at=NOON), "observed-ahead"),
        (rain_report(address(1), NOON - timedelta(days=3), Decimal("1.0")), "too-old"),
        (rain_report(address(1), NOON, Decimal("99.0"), voltage=None), "impossible-value"),
        (rain_report(address(1), NOON + timedelta(minutes=1), Decimal("1.0"), voltage=None), "off-slot"),
        (level_report(address(4), NOON, Decimal("9000"), voltage=None), "impossible-value"),
    ],
)
def test_what_cannot_be_believed_is_a_dead_letter(gauges, frame: bytes, reason: str) -> None:
    made = _send(frame)
    assert made.rejected == {reason: 1}
    assert made.accepted == 0
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.raw_hex) == (reason, frame.hex().upper())
    assert letter.zh and letter.en and letter.zh != letter.en
    assert not RecentReading.objects.exists()


def test_one_impossible_value_does_not_lose_the_rest_of_its_frame(gauges) -> None:
    made = _send(rain_report(address(1), NOON, Decimal("99.0")))
    assert (made.accepted, made.readings, made.refused) == (1, 1, {"impossible-value": 1})
    assert list(RecentReading.objects.values_list("datastream__prop", flat=True)) == ["voltage"]
    assert DeadLetter.objects.get().reason == "impossible-value"


def test_header_and_body_of_different_stations(gauges) -> None:
    frame = sl651.decode(rain_report(address(1), NOON, Decimal("1.0")))
    body = sl651.Report(address(2), 0x50, NOON.astimezone(sl651.BEIJING), frame.readings)
    from dataclasses import replace

    assert _send(sl651.encode(replace(frame, report=body))).rejected == {"other-station": 1}


def test_a_retired_station_is_refused(gauges) -> None:
    actions.retire(SYSTEM, code="T-001", note="拆除")
    assert _send(rain_report(address(1), NOON, Decimal("1.0"))).rejected == {"retired-station": 1}


def test_test_reports_and_keepalives_are_heard_but_not_kept(gauges) -> None:
    made = _send(report(address(1), NOON, [(0x22, Decimal("5.0"))], function=sl651.Function.TEST))
    assert (made.accepted, made.readings) == (1, 0)
    assert Station.objects.get(code="T-001").status == "online"
    assert not RecentReading.objects.exists()


def test_an_alarm_says_what_it_was_based_on(gauges, hour_rule, rain: Rain) -> None:
    made = rain({1: HOUR_OF_RAIN, 2: ["0.1"] * 12})
    assert len(made.alarms) == 1
    alarm = Alarm.objects.select_related("rule", "station").get()
    assert alarm.station.code == "T-001"
    assert alarm.raised_at == NOON + 9 * SLOT
    assert (alarm.amount, alarm.threshold) == (Decimal("10.5"), Decimal(10))
    assert alarm.coverage == round(10 / 12, 4)
    assert [row["value"] for row in alarm.evidence] == ["1"] * 9 + ["1.5"]
    assert alarm.finding["rule"]["citation"]
    event = OutboxEvent.objects.get(type="things.alarm.raised")
    assert event.subject == "T-001"
    assert event.data["amount"] == "10.5"
    assert event.data["station"]["region"] == "370102"
    assert event.data["evidence"] == f"/work/things/alarms/{alarm.pk}/"


def test_once_an_episode_and_again_after_it_ended(gauges, hour_rule, rain: Rain) -> None:
    rain({1: ["2.0"] * 6})
    assert Alarm.objects.count() == 1
    rain({1: ["2.0"] * 6}, NOON + 6 * SLOT)
    assert Alarm.objects.count() == 1
    rain({1: ["0.0"] * 14}, NOON + 12 * SLOT)
    rain({1: ["2.0"] * 6}, NOON + 26 * SLOT)
    assert Alarm.objects.count() == 2


def test_step_by_step_equals_all_at_once(gauges, hour_rule, rain: Rain) -> None:
    amounts = ["0.4", "1.1", "2.5", "3.0", "2.2", "1.9", "0.3", "0.0"]
    for step, mm in enumerate(amounts):
        rain({1: [mm]}, NOON + step * SLOT)
    rain({2: amounts})
    assert (
        list(Alarm.objects.order_by("station__code").values_list("raised_at", "amount"))
        == [(NOON + 5 * SLOT, Decimal("11.1"))] * 2
    )


def test_late_rain_re_enters_the_windows(gauges, hour_rule, rain: Rain) -> None:
    rain({1: ["2.0", "2.0"]})
    rain({1: ["2.0", "2.0"]}, NOON + 3 * SLOT)
    assert not Alarm.objects.exists()
    made = rain({1: ["2.5"]}, NOON + 2 * SLOT, received=NOON + 20 * SLOT)
    assert (made.late, len(made.alarms)) == (1, 1)
    assert Alarm.objects.get().raised_at == NOON + 4 * SLOT
    assert OutboxEvent.objects.get(type="things.alarm.raised").data["late"] is True


def test_late_rain_that_moves_a_crossing_earlier_raises_no_second_alarm(
    gauges, hour_rule, rain: Rain
) -> None:
    rain({1: ["3.0", "3.0"]})
    rain({1: ["3.0", "3.0"]}, NOON + 3 * SLOT)
    assert Alarm.objects.count() == 1
    rain({1: ["5.0"]}, NOON + 2 * SLOT, received=NOON + 20 * SLOT)
    assert Alarm.objects.count() == 1


def test_a_level_rule_and_its_mirror(gauges, rain: Rain) -> None:
    rows = [
        rule(id="things.test_high", property="water_level", station_kind="river", window_minutes=0),
        rule(id="things.test_low", property="water_level", station_kind="river", window_minutes=0, direction="below"),
    ]  # fmt: skip
    actions.sync_rules(SYSTEM, rows=rows)
    for step, metres in enumerate(["10.50", "9.97", "10.20", "9.90", "10.50"]):
        _send(level_report(address(4), NOON + step * SLOT, Decimal(metres)), received=NOON + step * SLOT)
    found = Alarm.objects.order_by("raised_at").values_list("rule__code", "raised_at")
    assert list(found) == [
        ("things.test_high", NOON),
        ("things.test_low", NOON + SLOT),
        ("things.test_low", NOON + 3 * SLOT),
        ("things.test_high", NOON + 4 * SLOT),
    ]


def test_an_exercise_never_touches_the_real_city(gauges, hour_rule, rain: Rain) -> None:
    rain({1: ["0.2"]})
    seen = Station.objects.get(code="T-001").last_seen
    made = rain({1: HOUR_OF_RAIN}, exercise="718")
    assert len(made.alarms) == 1
    assert Alarm.objects.get().exercise == "718"
    assert [row.value for row in queries.latest(SYSTEM.actor, prop="rain_5min")] == [Decimal("0.2")]
    drill = queries.latest(SYSTEM.actor, prop="rain_5min", exercise="718")
    assert [row.value for row in drill] == [Decimal("0.1")]
    assert Station.objects.get(code="T-001").last_seen == seen
    assert queries.alarms(SYSTEM.actor).count() == 0
    assert queries.alarms(SYSTEM.actor, exercise="718").count() == 1
    assert rain({1: HOUR_OF_RAIN[1:]}, NOON + SLOT, exercise="718").duplicate == 11
    removed = actions.clear_exercise(SYSTEM, exercise="718")
    assert removed["alarm"] == 1
    assert RecentReading.objects.filter(exercise="").count() == 2
    assert not RecentReading.objects.exclude(exercise="").exists()


def test_a_failed_batch_leaves_nothing_and_the_cache_right(
    gauges, hour_rule, rain: Rain, monkeypatch
) -> None:
    rain({1: ["2.0", "2.0"]})
    from quancheng.capabilities.things import ingest

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(ingest.events, "emit", broken)
        with pytest.raises(OSError, match="disk full"):
            rain({1: ["9.0"]}, NOON + 2 * SLOT)
    assert RecentReading.objects.filter(datastream__prop="rain_5min").count() == 2
    assert not rain({1: ["2.0"]}, NOON + 3 * SLOT).alarms


def test_the_cache_sees_what_another_process_wrote(gauges, hour_rule, rain: Rain) -> None:
    rain({1: ["2.0"]})
    mark = (cache._batch, cache._reading, {key: dict(value) for key, value in cache._readings.items()})
    rain({1: ["7.0"]}, NOON + SLOT)
    cache._batch, cache._reading = mark[0], mark[1]
    cache._readings.clear()
    cache._readings.update(mark[2])
    rebuilds = cache.rebuilds
    assert len(rain({1: ["1.5"]}, NOON + 2 * SLOT).alarms) == 1
    assert cache.rebuilds == rebuilds


def test_a_changed_rule_is_a_new_version(gauges, hour_rule, rain: Rain) -> None:
    rain({1: HOUR_OF_RAIN})
    assert actions.sync_rules(SYSTEM, rows=[rule(level=1)]) == {"things.test_hour": "changed"}
    assert actions.sync_rules(SYSTEM, rows=[rule(level=1)]) == {"things.test_hour": "unchanged"}
    rain({1: ["1.0"], 2: HOUR_OF_RAIN}, NOON + 12 * SLOT)
    assert list(Alarm.objects.order_by("pk").values_list("rule__version", "level")) == [(1, 2), (2, 1)]
    actions.sync_rules(SYSTEM, rows=[])
    assert not rain({3: HOUR_OF_RAIN}).alarms


def test_a_rule_without_an_amount_raises_nothing_and_is_named(gauges, rain: Rain) -> None:
    from quancheng.capabilities.things import rules

    actions.sync_rules(SYSTEM, rows=[rule(parameter="things.nowhere")])
    assert not rain({1: HOUR_OF_RAIN}).alarms
    assert [one.code for one in rules.not_working()] == ["things.test_hour"]


def test_a_rule_for_one_station_says_nothing_at_others(gauges, rain: Rain) -> None:
    actions.sync_rules(SYSTEM, rows=[rule(station="T-002")])
    rain({1: HOUR_OF_RAIN, 2: HOUR_OF_RAIN})
    assert [one.station.code for one in Alarm.objects.select_related("station")] == ["T-002"]


def test_summary_event_and_delivery(gauges, rain: Rain) -> None:
    made = rain({1: ["0.5"], 2: ["0.7"]})
    data = OutboxEvent.objects.get(type="things.observations.ingested").data
    assert data["stations"] == ["T-001", "T-002"]
    assert data["properties"] == {"rain_5min": 2, "voltage": 2}
    assert data["run"] == made.run
    events.drain(strict=True)


def test_rights_and_limits(gauges) -> None:
    frame = ReceivedFrame(rain_report(address(1), NOON, Decimal("1.0")), NOON)
    with pytest.raises(NotSignedIn):
        actions.ingest_frames(Call(Actor.anonymous()), frames=[frame], channel="test")
    with pytest.raises(TooLarge):
        actions.ingest_frames(SYSTEM, frames=[frame] * 5001, channel="test")
    assert _send().received == 0


def test_queries_do_not_grow_with_the_batch(noon, django_assert_max_num_queries, hour_rule) -> None:
    actions.register_stations(SYSTEM, rows=[facts(n) for n in range(1, 41)])
    from django.db import connection

    def count(number: int, at) -> int:
        frames = [
            ReceivedFrame(rain_report(address(n), at, Decimal("0.1")), at) for n in range(1, number + 1)
        ]
        with CaptureQueriesContext(
            connection,
        ) as caught:
            actions.ingest_frames(SYSTEM, frames=frames, channel="test")
        return len(caught)

    count(40, NOON)
    assert count(2, NOON + SLOT) == count(40, NOON + 2 * SLOT) <= 25


@given(st.binary(max_size=80))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered_not_believed(gauges, raw: bytes) -> None:
    made = _send(raw)
    assert sum(made.rejected.values()) == 1


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 40)), min_size=1, max_size=25), st.randoms())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_alarms_do_not_depend_on_the_order_of_arrival(gauges, hour_rule, readings, random) -> None:
    """One value a slot, any order, any grouping: as many episodes alarmed as when all came at once or fewer."""
    slots = dict(readings)
    order = list(slots.items())
    random.shuffle(order)
    thirds = [order[at::3] for at in range(3) if order[at::3]]
    for exercise, chunks in (("once", [sorted(order)]), ("mixed", thirds)):
        for chunk in chunks:
            _send(
                *(rain_report(address(1), NOON + slot * SLOT, Decimal(mm) / 10) for slot, mm in chunk),
                exercise=exercise, received=NOON + 15 * SLOT,
            )  # fmt: skip
    once, mixed = (Alarm.objects.filter(exercise=one).count() for one in ("once", "mixed"))
    assert (once > 0) == (mixed > 0)
    actions.clear_exercise(SYSTEM, exercise="once")
    actions.clear_exercise(SYSTEM, exercise="mixed")
