"""What the conformance suites of OGC (ets-sta10) and of FROST-Server ask, class by class, on one small world.

Written from the suites' checks: every property and relation of every set under every option, changes of
every kind of entity, refusals, JSON Patch, results of any type.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Sta, place, stream, thing

SETS = ("Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Sensors",
        "ObservedProperties", "Observations", "FeaturesOfInterest")  # fmt: skip
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
UNIT = {"name": "a", "symbol": "a", "definition": "a"}
PATCH = "application/json-patch+json"


@pytest.fixture
def whole(sta: Sta, world: dict[str, int]) -> dict[str, int]:
    """An id of each set; the observation has every property."""
    sensor, column = sta.ids("Sensors")[0], {"@iot.id": sta.ids("ObservedProperties")[0]}
    multi = sta.make("MultiDatastreams", {
        "name": "M", "description": "", "unitOfMeasurements": [UNIT, UNIT], "multiObservationDataTypes": [OM, OM],
        "Thing": {"@iot.id": world["thing"]}, "Sensor": {"@iot.id": sensor}, "ObservedProperties": [column, column],
    })  # fmt: skip
    full = sta.make(f"Datastreams({world['stream']})/Observations", {
        "result": 5, "phenomenonTime": "2026-07-19T00:00:00Z", "resultTime": "2026-07-19T00:00:01Z",
        "validTime": "2026-07-19T00:00:00Z/2026-07-20T00:00:00Z", "parameters": {"a": 1}, "resultQuality": "gut",
    })  # fmt: skip
    return {**{name: sta.ids(name)[0] for name in SETS}, "Observations": full, "MultiDatastreams": multi}


@pytest.mark.parametrize("name", SETS)
def test_every_property_under_every_option(sta: Sta, whole: dict[str, int], name: str) -> None:
    entity = sta.get(f"{name}({whole[name]})")
    assert entity["@iot.selfLink"].endswith(f"/sta/v1.1/{name}({whole[name]})")
    own = {key: value for key, value in entity.items() if "@" not in key}
    assert own
    for key, value in own.items():
        assert sta.get(f"{name}({whole[name]})/{key}") == {key: value}
        bare = sta.get(f"{name}({whole[name]})/{key}/$value")
        assert bare == value or bare == json.dumps(value)
        assert set(sta.get(f"{name}?$select={key}")["value"][-1]) == {key}
        for way in ("", " asc", " desc"):
            order = f"{name}?$orderby={key}{way}"
            seen, page = [], sta.get(f"{order}&$top=1")
            while link := page.get("@iot.nextLink"):
                seen += page["value"]
                page = sta.client.get(link).json()
            assert [one["@iot.id"] for one in [*seen, *page["value"]]] == sta.ids(order)
        if isinstance(value, str | int):
            timed = key.lower().endswith("time")
            word = value if timed or isinstance(value, int) else f"'{value}'"
            word = str(word).replace("+", "%2B")
            for sign in ("eq", "ne", "lt", "le", "gt", "ge"):
                path = f"{name}?$filter={key} {sign} {word}&$top=1000"
                met = whole[name] in sta.ids(path)
                assert met is (sign in ("eq", "le", "ge")) or (timed and "/" in str(value)), path


@pytest.mark.parametrize("name", SETS)
def test_every_relation_under_every_option(sta: Sta, whole: dict[str, int], name: str) -> None:
    path = f"{name}({whole[name]})"
    links = [key.partition("@")[0] for key in sta.get(path) if key.endswith("@iot.navigationLink")]
    assert links
    for link in links:
        mark = f"{link}@iot.navigationLink"
        assert sta.get(path)[mark].endswith(f"{path}/{link}")
        related = sta.get(f"{path}/{link}")
        refs = sta.get(f"{path}/{link}/$ref")
        shown = sta.get(f"{path}?$expand={link}")[link]
        many = "value" in related
        expected = [one["@iot.selfLink"] for one in (related["value"] if many else [related])]
        assert [one["@iot.selfLink"] for one in (shown if many else [shown])] == expected
        assert [one["@iot.selfLink"] for one in (refs["value"] if many else [refs])] == expected
        assert set(sta.get(f"{path}?$select={link}")) == {mark}
        if many:
            one = sta.get(f"{path}?$expand={link}($count=true;$top=1)")
            assert one[f"{link}@iot.count"] == len(expected) and len(one[link]) == min(1, len(expected))


@pytest.mark.parametrize("name", SETS)
def test_refusals(sta: Sta, whole: dict[str, int], name: str) -> None:
    for pk in ("9223372036854775807", "99999999", "0"):
        sta.get(f"{name}({pk})", 404)
        for method, body in (("PATCH", {}), ("PUT", {}), ("DELETE", b"")):
            sta.send(method, f"{name}({pk})", body, 404)
    for body in ({}, b"{bad", [], b"", {"nonsense": 1}):
        sta.send("POST", name, body, 400)
    sta.send("POST", f"{name}({whole[name]})", {}, 405)
    sta.send("PATCH", name, {}, 405)
    sta.send("DELETE", name, b"", 400)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("Things", {"name": "Updated", "description": "Updated"}),
    ("Locations", {"name": "U", "description": "U", "encodingType": "UPDATED ENCODING",
                   "location": {"type": "Point", "coordinates": [-114.05, 50]}}),
    ("HistoricalLocations", {"time": "2015-08-01T00:00:00.000Z"}),
    ("Sensors", {"name": "U", "description": "U", "metadata": "U",
                 "encodingType": "http://www.opengis.net/doc/IS/SensorML/2.0"}),
    ("ObservedProperties", {"name": "QWERTY", "definition": "ZXCVB", "description": "POIUYTREW"}),
    ("FeaturesOfInterest", {"name": "P", "description": "P", "encodingType": "SQUARE",
                            "feature": {"type": "Point", "coordinates": [-114.05, 51.05]}}),
    ("Datastreams", {"name": "ISS", "description": "ISS", "observationType": OM, "unitOfMeasurement": UNIT}),
    ("MultiDatastreams", {"name": "ISS", "description": "ISS", "unitOfMeasurements": [UNIT, UNIT],
                          "multiObservationDataTypes": ["x", "y"]}),
    ("Observations", {"result": "99", "phenomenonTime": "2015-08-01T00:40:00.000Z"}),
]  # fmt: skip


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(("name", "body"), CHANGES)
def test_changes(sta: Sta, whole: dict[str, int], method: str, name: str, body: dict[str, Any]) -> None:
    path = f"{name}({whole[name]})"
    links = {key for key in sta.get(path) if key.endswith("@iot.navigationLink")}
    before = {key: sta.get(f"{path}/{key.partition('@')[0]}/$ref") for key in links}
    shown = sta.send(method, path, body, 200).json()
    assert {**shown, **body} == shown == sta.get(path)
    assert before == {key: sta.get(f"{path}/{key.partition('@')[0]}/$ref") for key in links}


@pytest.mark.parametrize(
    ("name", "body"),
    [("Things", {"Locations": [place()]}), ("Things", {"Datastreams": [stream()]}), ("Things", {"name": None}),
     ("Things", {"name": 5}), ("Sensors", {"Datastreams": [{"name": "x"}]}),
     ("ObservedProperties", {"Datastreams": [{"name": "x"}]}), ("Datastreams", {"Thing": thing()}),
     ("Datastreams", {"Sensor": stream()["Sensor"]}), ("Datastreams", {"Observations": [{"result": 1}]}),
     ("Datastreams", {"ObservedProperty": stream()["ObservedProperty"]}),
     ("MultiDatastreams", {"unitOfMeasurements": [UNIT]})],
)  # fmt: skip
def test_an_update_with_something_inside_is_refused(
    sta: Sta, whole: dict[str, int], name: str, body: dict[str, Any]
) -> None:
    before = {one: sta.get(f"{one}?$count=true&$top=0") for one in SETS}
    sta.patch(f"{name}({whole[name]})", body, 400)
    assert before == {one: sta.get(f"{one}?$count=true&$top=0") for one in SETS}


def test_json_patches(sta: Sta, whole: dict[str, int]) -> None:
    path = f"Things({whole['Things']})"
    for steps in (
        [{"op": "add", "path": "/properties", "value": {"key1": 1}}, {"op": "add", "path": "/properties/key2", "value": 2}],
        [{"op": "copy", "from": "/properties/key1", "path": "/properties/keyCopy1"}],
        [{"op": "move", "from": "/properties/key2", "path": "/properties/key3"}, {"op": "test", "path": "/properties/key1", "value": 1}],
    ):  # fmt: skip
        sta.send("PATCH", path, steps, 200, PATCH)
    assert sta.get(path)["properties"] == {"key1": 1, "keyCopy1": 1, "key3": 2}
    step = {"op": "replace", "path": "/unitOfMeasurement/name", "value": "z"}
    sta.send("PATCH", f"Datastreams({whole['Datastreams']})", [step], 200, PATCH)
    sta.send("PATCH", path, [{"op": "remove", "path": "/name"}], 400, PATCH)


@pytest.mark.parametrize(
    "value",
    [True, False, None, {"a": 1}, ["x"], "word", "5", "", 0, -1.5, 1e300, 2**53, 0.1, "2026-01-01T00:00:00Z"],
)
def test_a_result_comes_back_as_it_went(sta: Sta, world: dict[str, int], value: Any) -> None:
    made = sta.make("Observations", {"result": value, "Datastream": {"@iot.id": world["stream"]}})
    found = sta.get(f"Observations({made})")["result"]
    assert found == value and (type(found) is type(value) or isinstance(found, int | float))


def test_an_unrelated_entity_is_not_reached(sta: Sta, whole: dict[str, int]) -> None:
    other = sta.make("Things", thing("另"))
    for name in ("Locations", "Datastreams", "MultiDatastreams", "HistoricalLocations"):
        sta.get(f"Things({other})/{name}({whole[name]})", 404)
        assert sta.get(f"Things({other})/{name}") == {"value": []}


def test_everything_is_selected_by_a_star(sta: Sta, whole: dict[str, int]) -> None:
    assert sta.get("Things?$select=*") == sta.get("Things")
