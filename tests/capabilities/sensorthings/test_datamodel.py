"""Entities as OGC 18-088 § 8.2 has them: properties, relations, control information."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sta, place, stream, thing

OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/"


def check(sta: Sta, path: str, properties: dict[str, Any], relations: set[str]) -> None:
    """The entity has just these properties, and a link for each of these relations that answers."""
    shown = sta.get(path)
    links = {
        name.partition("@")[0]: value for name, value in shown.items() if name.endswith("navigationLink")
    }
    own = {name: value for name, value in shown.items() if "@" not in name}
    assert own == properties
    assert set(links) == relations
    for link in links.values():
        sta.get(link.partition("/sta/v1.1/")[2])


def test_thing(sta: Sta, world: dict[str, int]) -> None:
    check(
        sta,
        f"Things({world['thing']})",
        thing(),
        {"Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams"},
    )


def test_location(sta: Sta, world: dict[str, int]) -> None:
    pk = sta.ids("Locations")[0]
    check(sta, f"Locations({pk})", place(), {"Things", "HistoricalLocations"})


def test_historical_location(sta: Sta, world: dict[str, int]) -> None:
    pk = sta.ids("HistoricalLocations")[0]
    sta.patch(f"HistoricalLocations({pk})", {"time": "2026-07-18T08:00:00+08:00"})
    check(sta, f"HistoricalLocations({pk})", {"time": "2026-07-18T00:00:00.000Z"}, {"Thing", "Locations"})


def test_datastream(sta: Sta, world: dict[str, int]) -> None:
    given = stream()
    for name in ("Sensor", "ObservedProperty"):
        given.pop(name)
    computed = {
        "observedArea": {"type": "Point", "coordinates": [117.05, 36.71]},
        "phenomenonTime": "2026-07-18T00:00:00.000Z/2026-07-18T03:00:00.000Z",
    }
    relations = {"Thing", "Sensor", "ObservedProperty", "Observations"}
    check(sta, f"Datastreams({world['stream']})", given | computed, relations)


def test_a_streams_times_and_area_follow_its_observations(sta: Sta, world: dict[str, int]) -> None:
    far = {"name": "远", "description": "", "encodingType": "application/geo+json",
           "feature": {"type": "Point", "coordinates": [118.0, 37.0]}}  # fmt: skip
    sta.post(
        f"Datastreams({world['stream']})/Observations",
        {"phenomenonTime": "2026-07-18T05:00:00Z/2026-07-18T06:00:00Z", "resultTime": "2026-07-18T07:00:00Z",
         "result": 9, "FeatureOfInterest": far},
    )  # fmt: skip
    shown = sta.get(f"Datastreams({world['stream']})")
    assert shown["phenomenonTime"].endswith("/2026-07-18T06:00:00.000Z")
    assert shown["resultTime"] == "2026-07-18T07:00:00.000Z/2026-07-18T07:00:00.000Z"
    corners = {tuple(one) for one in shown["observedArea"]["coordinates"][0]}
    assert corners == {(117.05, 36.71), (117.05, 37.0), (118.0, 36.71), (118.0, 37.0)}


def test_sensor(sta: Sta, world: dict[str, int]) -> None:
    pk = sta.ids("Sensors")[0]
    check(sta, f"Sensors({pk})", stream()["Sensor"], {"Datastreams", "MultiDatastreams"})


def test_observed_property(sta: Sta, world: dict[str, int]) -> None:
    pk = sta.ids("ObservedProperties")[0]
    check(sta, f"ObservedProperties({pk})", stream()["ObservedProperty"], {"Datastreams", "MultiDatastreams"})


@pytest.mark.parametrize("result", [1, -2.5, True, False, "文字", [1, "b", None], {"a": {"b": 2}}, 2**60])
def test_observation_of_any_json(sta: Sta, world: dict[str, int], result: Any) -> None:
    given = {
        "phenomenonTime": "2026-07-18T08:00:00.000Z/2026-07-18T09:00:00.000Z",
        "resultTime": "2026-07-18T09:00:01.000Z",
        "result": result,
        "resultQuality": {"flag": 2},
        "validTime": "2026-07-18T00:00:00.000Z/2026-07-19T00:00:00.000Z",
        "parameters": {"depth": 3},
    }
    pk = sta.make(f"Datastreams({world['stream']})/Observations", given)
    check(sta, f"Observations({pk})", given, {"Datastream", "FeatureOfInterest"})


def test_feature_of_interest(sta: Sta, world: dict[str, int]) -> None:
    pk = sta.ids("FeaturesOfInterest")[0]
    given = place()
    given["feature"] = given.pop("location")
    check(sta, f"FeaturesOfInterest({pk})", given, {"Observations"})
    assert len(sta.ids(f"FeaturesOfInterest({pk})/Observations")) == 4


def test_control_information(sta: Sta, world: dict[str, int]) -> None:
    for path in ("Things", "Datastreams", "Observations", "FeaturesOfInterest"):
        for one in sta.get(path)["value"]:
            assert isinstance(one["@iot.id"], int) and one["@iot.id"] < 2**53
            assert one["@iot.selfLink"] == f"http://testserver/sta/v1.1/{path}({one['@iot.id']})"
            assert sta.get(f"{path}({one['@iot.id']})") == one


def test_two_things_of_one_name(sta: Sta) -> None:
    first, second = sta.make("Things", thing()), sta.make("Things", thing())
    assert first != second and sta.names("Things") == ["雨量站", "雨量站"]


def test_the_landing_page_names_every_set_and_class(sta: Sta) -> None:
    shown = sta.get("")
    assert {one["name"] for one in shown["value"]} == {
        "Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Sensors",
        "ObservedProperties", "Observations", "FeaturesOfInterest",
    }  # fmt: skip
    for one in shown["value"]:
        assert sta.get(one["url"].partition("/sta/v1.1/")[2]) == {"value": []}
    declared = [one for one in shown["serverSettings"]["conformance"] if "/req/" in one]
    assert len(declared) == len(set(declared)) == 48
