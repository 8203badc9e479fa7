"""Every station is a thing of SensorThings and every accepted reading is in the observation store, once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.capabilities.things.conftest import NOON, SLOT, SYSTEM, Rain, facts

from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.sensorthings import queries as sta
from quancheng.capabilities.things import actions, bridge, pumping
from quancheng.capabilities.things.models import Datastream, Station
from quancheng.core.telemetry.reading import Quality
from quancheng.kernel import clock

pytestmark = pytest.mark.django_db


def number(code: str, prop: str = "rain_5min") -> int:
    return Datastream.objects.get(station__code=code, prop=prop).number


def test_readings_go_on_once_with_their_marks(gauges, rain: Rain) -> None:
    rain({1: ["0.5", "0.7"], 2: ["0.1"]})
    rain({3: ["2.0"]}, NOON - SLOT, received=NOON + 4 * SLOT)
    assert pumping.pump() == 8, "four rain values and their voltages"
    assert pumping.pump() == 0
    found = kept.find(streams=[number("T-001")], limit=10, descending=False)
    assert [(row.time, row.result) for row in found] == [
        (bridge.micros(NOON), 0.5), (bridge.micros(NOON + SLOT), 0.7)
    ]  # fmt: skip
    assert found[0].quality == Quality.SIMULATED
    assert kept.latest([number("T-003")])[number("T-003")].quality == Quality.SIMULATED | Quality.LATE
    assert sta.stream_ids(SYSTEM.actor, thing_key="things:T-001") == sorted(
        [number("T-001"), number("T-001", "voltage")]
    )


def test_a_crash_between_append_and_position_doubles_nothing(gauges, rain: Rain, monkeypatch) -> None:
    rain({1: ["0.5", "0.7"]})
    pumping.enrol_missing()

    def crash(call, *, position: int) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pumping, "note_bridge", crash)
        with pytest.raises(KeyboardInterrupt):
            pumping.pump()
    assert bridge.position() == 0
    pumping.pump()
    assert kept.count(streams=[number("T-001")]) == 2
    assert pumping.pump() == 0


def test_a_corrected_reading_replaces_the_old_one(gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    pumping.pump()
    rain({1: ["0.9"]})
    pumping.pump()
    assert [row.result for row in kept.find(streams=[number("T-001")], limit=9)] == [0.9]


def test_exercises_stay_out_of_the_store(gauges, rain: Rain) -> None:
    rain({1: ["9.5"]}, exercise="718")
    pumping.pump()
    pumping.enrol_missing()
    assert kept.count(streams=[number("T-001")]) == 0


def test_two_pumps_at_once_are_one(gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    with bridge.alone() as mine:
        assert mine
        assert pumping.pump() == 0
    assert pumping.pump() == 2


def test_enrolment_follows_the_register(gauges) -> None:
    assert pumping.enrol_missing() == 4
    assert pumping.enrol_missing() == 0
    thing = Station.objects.get(code="T-001").thing
    assert thing == sta.thing_id("things:T-001")
    actions.register_station(SYSTEM, **facts(9, code="T-009"))
    assert pumping.enrol_missing() == 1
    actions.edit_device(SYSTEM, code="T-009", facts={"lon": 117.5, "zh": "改名站"})
    actions.enrol(SYSTEM, codes=["T-009"])
    assert sta.stream_by_key("things:T-009:rain_5min").name.startswith("改名站")


def test_readings_taken_by_hand(gauges) -> None:
    rows = [("T-RIVER", "water_level", NOON - timedelta(hours=h), Decimal("20.9")) for h in range(3)]
    assert actions.record_readings(SYSTEM, rows=rows) == 3
    assert actions.record_readings(SYSTEM, rows=rows) == 0
    pumping.pump()
    assert kept.count(streams=[number("T-RIVER", "water_level")]) == 3
    assert Station.objects.get(code="T-RIVER").status == "online"
    with clock.at(NOON), pytest.raises(Exception, match=r"."):
        actions.record_readings(SYSTEM, rows=[("T-RIVER", "water_level", NOON, Decimal("9e9"))])
