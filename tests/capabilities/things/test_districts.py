"""区县小时均值: streams have their place by the register, so a month's hourly means of districts can be asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.capabilities.things.conftest import NOON, SYSTEM, Rain, facts
from tests.capabilities.things.test_web import signed_in  # noqa: F401  the fixture

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations import lake, mapping, rollups, upkeep
from quancheng.capabilities.observations.keeper import Keeper
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.things import actions, bridge, places, pumping
from quancheng.capabilities.things.models import Datastream, Station
from quancheng.kernel import clock
from quancheng.kernel.store import snapshot

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ADDRESS = "/api/v1/things/district-hours"
PLACES = (("T-A", "370102"), ("T-B", "370102"), ("T-C", "370103001"))


@pytest.fixture
def air(noon: Any) -> dict[str, int]:
    """Air stations in two districts: code → stream of PM2.5."""
    rows = [
        facts(50 + at, code=code, kind="air", region=region, protocol="HJ212", status="online")
        for at, (code, region) in enumerate(PLACES)
    ]
    actions.register_stations(SYSTEM, rows=rows)
    pumping.enrol_missing()
    found = Datastream.objects.filter(prop="pm25").values_list("station__code", "number")
    return {code: int(number or 0) for code, number in found}


def ask(client: Any, **other: str) -> list[dict[str, Any]]:
    wanted = {"property": "pm25", "since": (NOON - 3 * HOUR).isoformat(), "until": (NOON + HOUR).isoformat()}
    answer = client.get(ADDRESS, wanted | other)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["items"])


def test_hourly_means_of_districts_come_from_the_register_and_follow_it(
    air: dict[str, int], signed_in: Any, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """What is told by hand, asked at once, then from the districts' own files, then after a station moved."""
    for code, value in (("T-A", 10), ("T-B", 30), ("T-C", 50)):
        rows = [(code, "pm25", NOON - back * HOUR, Decimal(value + back)) for back in range(3)]
        assert actions.record_readings(SYSTEM, rows=rows) == 3
    pumping.pump()
    official = signed_in("things.viewer")
    told = ask(official)
    assert [(one["region"], one["streams"], one["mean"]) for one in told] == [
        ("370102", 2, 22.0), ("370102", 2, 21.0), ("370102", 2, 20.0),
        ("370103", 1, 52.0), ("370103", 1, 51.0), ("370103", 1, 50.0),
    ]  # fmt: skip
    assert ask(official, property="so2") == []
    assert [one["region"] for one in ask(official, region="370103")] == ["370103"] * 3

    with clock.at(NOON + 5 * HOUR):
        Keeper().step(force=True)
        upkeep.run()
        assert snapshot(lake.DISTRICTS).entries, "kept in files"
        with monkeypatch.context() as patch:
            patch.setattr(rollups, "define", _never)
            assert ask(official) == told

        actions.edit_device(SYSTEM, code="T-B", facts={"region": "370103"})
        moved = ask(official, region="370103")
        assert [(one["streams"], one["mean"]) for one in moved] == [(2, 42.0), (2, 41.0), (2, 40.0)]


def _never(*_: object, **__: object) -> None:
    raise AssertionError("hours of sensors were read")


def test_a_month_of_hours(air: dict[str, int], signed_in: Any) -> None:  # noqa: F811
    begin = NOON - timedelta(days=30)
    for stream in air.values():
        at = np.array([bridge.micros(begin + number * HOUR) for number in range(30 * 24)], np.int64)
        store.append(Batch.numbers(np.full(len(at), stream), at, np.full(len(at), float(stream % 7))))
    official = signed_in("things.viewer")
    found = ask(official, since=begin.isoformat(), until=NOON.isoformat())
    assert len(found) == 2 * 30 * 24
    answer = official.get(ADDRESS, {"property": "pm25", "since": (NOON - timedelta(days=40)).isoformat()})
    assert answer.status_code in {400, 422}


def test_only_who_may_see_the_quality_of_data(air: dict[str, int], signed_in: Any, client: Any) -> None:  # noqa: F811
    assert client.get(ADDRESS, {"property": "pm25"}).status_code == 401
    assert signed_in("ingest.viewer").get(ADDRESS, {"property": "pm25"}).status_code == 403


def test_places_say_district_property_and_class_of_retention(gauges: list[Station], rain: Rain) -> None:
    before = places.places_version()
    pumping.enrol_missing()
    assert places.places_version() > before, "new streams: rollups without them count no more"
    rows = Datastream.objects.filter(station__code="T-001").values_list("prop", "number")
    numbers = {prop: int(number or 0) for prop, number in rows}
    found = mapping.places([*numbers.values(), 10**12])
    assert found == {
        numbers["rain_5min"]: mapping.Place("370102", "rain_5min", ""),
        numbers["voltage"]: mapping.Place("370102", "voltage", "device"),
    }
    version = places.places_version()
    rain({1: ["0.5"]})
    pumping.pump()
    pumping.enrol_missing()
    actions.edit_device(SYSTEM, code="T-001", facts={"zh": "改名站"})
    assert places.places_version() == version, "nothing moved"
