"""What black-box suites written against other servers look at (OGC 18-088)."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sta, place, stream, thing


@pytest.mark.parametrize("name", ["Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams",
                                  "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest"])  # fmt: skip
def test_an_empty_set_is_an_empty_list(sta: Sta, name: str) -> None:
    assert sta.get(name) == {"value": []}
    assert sta.get(f"{name}?$count=true&$top=0") == {"@iot.count": 0, "value": []}


def test_a_count_does_not_depend_on_the_page(sta: Sta, world: dict[str, int]) -> None:
    assert sta.get("Observations?$count=true&$top=0") == {"@iot.count": 4, "value": []}
    page = sta.get("Observations?$count=true&$top=2&$skip=3")
    assert page["@iot.count"] == 4 and len(page["value"]) == 1 and "@iot.nextLink" not in page
    assert "@iot.nextLink" not in sta.get("Observations?$top=2&$skip=2"), (
        "the last page is full and has no next"
    )


def test_ids_in_paths_under_both_names(sta: Sta, world: dict[str, int]) -> None:
    d, t = world["stream"], world["thing"]
    for name in ("id", "@iot.id"):
        assert len(sta.get(f"Observations?$filter=Datastream/{name} eq {d}")["value"]) == 4
        assert sta.ids(f"Things?$filter=Datastreams/{name} eq {d} and {name} eq {t}") == [t]
        assert len(sta.get(f"Observations?$filter={name} gt 0&$orderby={name} desc")["value"]) == 4
        assert sta.ids(f"Datastreams?$orderby=Thing/{name} desc") == [d]


def test_a_geometry_that_is_none_is_400(sta: Sta) -> None:
    for wrong in (
        {"type": "Nix"},
        {"type": "Point"},
        {"type": "Polygon", "coordinates": [[1]]},
        {},
        "x",
        1,
        [],
    ):
        sta.post("Locations", {**place(), "location": wrong}, 400)


def test_the_answer_of_a_new_observation_is_complete(sta: Sta, world: dict[str, int]) -> None:
    made = sta.post(f"Datastreams({world['stream']})/Observations", {"result": 7})
    assert sta.get(f"Observations({made['@iot.id']})")["phenomenonTime"] == made["phenomenonTime"]
    assert "Datastream@iot.navigationLink" in made


def test_a_column_observation_links_its_multi_datastream(sta: Sta, world: dict[str, int]) -> None:
    unit = {"name": "a", "symbol": "a", "definition": "a"}
    kind = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
    body = stream("M", unitOfMeasurements=[unit, unit], multiObservationDataTypes=[kind, kind])
    one = body.pop("ObservedProperty")
    for name in ("unitOfMeasurement", "observationType"):
        body.pop(name)
    multi = sta.make(
        "MultiDatastreams", {**body, "Thing": {"@iot.id": world["thing"]}, "ObservedProperties": [one, one]}
    )
    made = sta.post(f"MultiDatastreams({multi})/Observations", {"result": [1, 2]})
    assert f"Observations({made['@iot.id']})/MultiDatastream" in made["MultiDatastream@iot.navigationLink"]
    assert "Datastream@iot.navigationLink" not in made
    seen = sta.get(f"Observations?$resultFormat=dataArray&$filter=MultiDatastream/@iot.id eq {multi}")[
        "value"
    ]
    assert seen[0]["dataArray@iot.count"] == 1 and seen[0]["dataArray"][0][3] == [1, 2]


def test_what_is_expanded_is_a_component_of_a_data_array(sta: Sta, world: dict[str, int]) -> None:
    path = (
        "Observations?$resultFormat=dataArray&$expand=FeatureOfInterest($select=name)&$select=result&$top=1"
    )
    group = sta.get(path)["value"][0]
    assert group["components"] == ["result", "FeatureOfInterest"]
    assert group["dataArray"] == [[1, {"name": "黄台桥"}]]


def test_a_move_is_a_historical_location(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    second = sta.make("Locations", place("新", 117, 36))
    sta.patch(f"Things({t})", {"Locations": [{"@iot.id": second}]})
    found = sta.get(f"Things({t})/HistoricalLocations?$expand=Locations($select=name)&$orderby=time")["value"]
    assert [one["Locations"] for one in found] == [[{"name": "黄台桥"}], [{"name": "新"}]]
    sta.post(f"Things({t})/Locations", place("三"))
    assert sta.get(f"Things({t})/HistoricalLocations?$count=true&$top=0")["@iot.count"] == 3


@pytest.mark.parametrize("body", [{"Datastreams": [stream()]}, {"Locations": [place()]}])
def test_an_update_makes_nothing_new(sta: Sta, world: dict[str, int], body: dict[str, Any]) -> None:
    sta.patch(f"Things({world['thing']})", body, 400)
    assert len(sta.ids("Datastreams")) == len(sta.ids("Locations")) == 1


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [("Things", "name"), ("Things", "description"), ("Locations", "encodingType"), ("Locations", "location"),
     ("Sensors", "metadata"), ("ObservedProperties", "definition"), ("FeaturesOfInterest", "feature"),
     ("Datastreams", "unitOfMeasurement"), ("Datastreams", "observationType"), ("Datastreams", "Sensor")],
)  # fmt: skip
def test_what_is_mandatory_must_be_there(sta: Sta, world: dict[str, int], kind: str, lacking: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "Things": thing(), "Locations": place(), "Sensors": stream()["Sensor"],
        "ObservedProperties": stream()["ObservedProperty"],
        "FeaturesOfInterest": {"name": "f", "description": "", "encodingType": "application/geo+json",
                               "feature": {"type": "Point", "coordinates": [1, 2]}},
        "Datastreams": stream(Thing={"@iot.id": world["thing"]}),
    }  # fmt: skip
    sta.post(kind, bodies[kind])
    sta.post(kind, {name: value for name, value in bodies[kind].items() if name != lacking}, 400)


def test_deleting_a_feature_takes_its_observations(sta: Sta, world: dict[str, int]) -> None:
    feature = sta.ids("FeaturesOfInterest")[0]
    sta.delete(f"FeaturesOfInterest({feature})")
    assert sta.get("Observations?$count=true&$top=0")["@iot.count"] == 0
    sta.post(f"Datastreams({world['stream']})/Observations", {"result": 1})
    assert sta.ids("FeaturesOfInterest") != [feature], "made anew from the place"


def test_properties_of_any_name(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    odd = {"a b": 1, "Ü": {"x": "ß"}, "o'c": None, "水": [1, {"z": 2}]}
    sta.patch(f"Things({t})", {"properties": odd})
    assert sta.get(f"Things({t})")["properties"] == odd
    assert sta.get(f"Things({t})/properties/a b") == {"a b": 1}
    assert sta.ids("Things?$filter=properties/Ü/x eq 'ß' and properties/水/1/z eq 2") == [t]
    sta.patch(f"Things({t})", {"properties": {}})
    assert sta.get(f"Things({t})?$select=properties") == {"properties": {}}
