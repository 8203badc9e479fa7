"""Creating, changing and deleting (OGC 18-088 § 10)."""

from __future__ import annotations

from typing import Any

import pytest

from quancheng.capabilities.sensorthings.models import Location, Sensor, Thing

from .conftest import Sta, place, stream, thing


def test_create(sta: Sta) -> None:
    answer = sta.send("POST", "Things", thing(), 201)
    assert answer["Location"] == f"http://testserver/sta/v1.1/Things({answer.json()['@iot.id']})"
    assert answer.json() == sta.get(f"Things({answer.json()['@iot.id']})")


@pytest.mark.parametrize("missing", ["name", "description", "encodingType", "location"])
def test_what_is_mandatory_must_be_there(sta: Sta, missing: str) -> None:
    given = place()
    del given[missing]
    assert missing in sta.post("Locations", given, 400)["message"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("Things", {"name": 5}),
        ("Things", {"name": None}),
        ("Things", {"properties": [1]}),
        ("Things", {"colour": "red"}),
        ("Things", {"Locations": {"@iot.id": 1}}),
        ("Things", {"Locations": [{"@iot.id": 999}]}),
        ("Things", {"Locations": [{"@iot.id": "x"}]}),
        ("Things", {"Locations": ["x"]}),
        ("Things", {"Datastreams": [{"name": "half"}]}),
    ],
)
def test_nothing_half_written(sta: Sta, path: str, change: dict[str, Any]) -> None:
    body = thing(Locations=[place()]) | change
    sta.post(path, body, 400)
    assert not Thing.objects.exists() and not Location.objects.exists()


def test_a_bad_geometry_is_refused_and_both_encodings_are_taken(sta: Sta) -> None:
    sta.post("Locations", place() | {"location": {"type": "Point", "coordinates": "x"}}, 400)
    for encoding in ("application/geo+json", "application/vnd.geo+json"):
        sta.post("Locations", place() | {"encodingType": encoding})


def test_link_to_existing(sta: Sta, world: dict[str, int]) -> None:
    """Linked by id; other fields beside the id are ignored, as clients send them."""
    full = sta.get(f"Things({world['thing']})")
    body = stream("水位", Thing=full, Sensor={"@iot.id": sta.ids("Sensors")[0], "name": "忽略"})
    pk = sta.make("Datastreams", body)
    assert sta.get(f"Datastreams({pk})/Thing")["@iot.id"] == world["thing"]
    assert sta.get(f"Datastreams({pk})/Sensor")["name"] == "翻斗" and Sensor.objects.count() == 1
    by_address = stream("流速")
    pk = sta.make(f"Things({world['thing']})/Datastreams", by_address)
    assert pk in sta.ids(f"Things({world['thing']})/Datastreams")


def test_deep_insert_at_every_level(sta: Sta) -> None:
    body = thing(
        Locations=[place()],
        Datastreams=[
            stream(
                Observations=[
                    {"phenomenonTime": "2026-07-18T00:00:00Z", "result": 1},
                    {"phenomenonTime": "2026-07-18T01:00:00Z", "result": 2,
                     "FeatureOfInterest": {"name": "河", "description": "", "encodingType": "application/geo+json",
                                           "feature": {"type": "Point", "coordinates": [1, 2]}}},
                ]
            )
        ],
    )  # fmt: skip
    pk = sta.make("Things", body)
    shown = sta.get(f"Things({pk})?$expand=Datastreams($expand=Observations($expand=FeatureOfInterest))")
    inner = shown["Datastreams"][0]["Observations"]
    assert [one["FeatureOfInterest"]["name"] for one in inner] == ["黄台桥", "河"]


def test_an_observation_with_its_stream_inside(sta: Sta) -> None:
    pk = sta.make("Observations", {"result": 3, "Datastream": stream(Thing=thing(Locations=[place()]))})
    assert sta.get(f"Observations({pk})/Datastream/Thing")["name"] == "雨量站"


def test_an_observation_needs_a_place(sta: Sta) -> None:
    pk = sta.make("Things", thing(Datastreams=[stream()]))
    ds = sta.ids(f"Things({pk})/Datastreams")[0]
    answer = sta.post("Observations", {"result": 1, "Datastream": {"@iot.id": ds}}, 400)
    assert "location" in answer["message"]
    for wrong in (
        {"result": 1},
        {"result": 1, "Datastream": {"@iot.id": 999}},
        {"Datastream": {"@iot.id": ds}},
    ):
        sta.post("Observations", wrong, 400)
    for time in ("2026-07-18", "2026-07-18T00:00:00", "x", 5, "2026-07-18T01:00:00Z/2026-07-18T00:00:00Z"):
        body = {"result": 1, "phenomenonTime": time, "Datastream": {"@iot.id": ds}}
        sta.post("Observations", body, 400)


def test_patch(sta: Sta, world: dict[str, int]) -> None:
    path = f"Things({world['thing']})"
    shown = sta.patch(path, {"name": "新名"}).json()
    assert (shown["name"], shown["properties"]) == ("新名", {"kind": "rain", "rank": 1})
    sta.patch(path, {"Datastreams": [stream()]}, 400)
    sta.patch(path, {"name": None}, 400)
    sta.patch("Things(999)", {"name": "x"}, 404)
    other = sta.make("Things", thing("另一站"))
    sta.patch(f"Datastreams({world['stream']})", {"Thing": {"@iot.id": other}})
    assert sta.ids(f"Things({other})/Datastreams") == [world["stream"]]


def test_patch_of_an_observation(sta: Sta, world: dict[str, int]) -> None:
    first = sta.ids("Observations")[0]
    sta.patch(f"Observations({first})", {"result": 7, "parameters": {"a": 1}})
    shown = sta.get(f"Observations({first})")
    assert (shown["result"], shown["parameters"], shown["phenomenonTime"]) == (
        7,
        {"a": 1},
        "2026-07-18T00:00:00.000Z",
    )
    sta.patch(f"Observations({first})", {"Datastream": stream()}, 400)
    sta.patch(f"Observations({first})", {"phenomenonTime": "nonsense"}, 400)
    assert sta.get("Observations?$filter=result eq 7&$count=true")["@iot.count"] == 1


def test_put(sta: Sta, world: dict[str, int]) -> None:
    path = f"Things({world['thing']})"
    sta.send("PUT", path, {"name": "全新", "description": "d"}, 200)
    shown = sta.get(path)
    assert shown["name"] == "全新" and "properties" not in shown
    assert len(sta.ids(f"{path}/Locations")) == len(sta.ids(f"{path}/Datastreams")) == 1, "links stay"
    first = sta.ids("Observations")[0]
    sta.send("PUT", f"Observations({first})", {"result": 8, "phenomenonTime": "2026-01-01T00:00:00Z"}, 200)
    assert sta.get(f"Observations({first})/result") == {"result": 8}


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("Things", "description"), ("Locations", "encodingType"), ("Locations", "location"), ("Sensors", "metadata"),
     ("ObservedProperties", "definition"), ("FeaturesOfInterest", "feature"), ("Datastreams", "unitOfMeasurement"),
     ("Observations", "result"), ("HistoricalLocations", "time")],
)  # fmt: skip
def test_put_needs_what_post_needs(sta: Sta, world: dict[str, int], kind: str, missing: str) -> None:
    pk = sta.ids(kind)[0]
    whole = {name: value for name, value in sta.get(f"{kind}({pk})").items() if "@" not in name}
    sta.send("PUT", f"{kind}({pk})", whole, 200)
    sta.send("PUT", f"{kind}({pk})", {**whole, "nonsense": 1}, 400)
    del whole[missing]
    sta.send("PUT", f"{kind}({pk})", whole, 400)


def test_json_patch(sta: Sta, world: dict[str, int]) -> None:
    kind = "application/json-patch+json"
    path = f"Things({world['thing']})"
    steps = [
        {"op": "test", "path": "/name", "value": "雨量站"},
        {"op": "replace", "path": "/properties/rank", "value": 2},
        {"op": "remove", "path": "/properties/kind"},
        {"op": "add", "path": "/properties/tags", "value": ["a"]},
        {"op": "copy", "from": "/name", "path": "/description"},
    ]
    sta.send("PATCH", path, steps, 200, kind)
    shown = sta.get(path)
    assert shown["properties"] == {"rank": 2, "tags": ["a"]} and shown["description"] == "雨量站"
    sta.send("PATCH", path, [{"op": "test", "path": "/name", "value": "x"}], 400, kind)
    sta.send("PATCH", path, [{"op": "replace", "path": "/no/where", "value": 1}], 400, kind)
    first = sta.ids("Observations")[0]
    sta.send(
        "PATCH", f"Observations({first})", [{"op": "replace", "path": "/result", "value": 11}], 200, kind
    )
    assert sta.get(f"Observations({first})/result") == {"result": 11}


CASCADES = [
    ("Things", {"Things", "HistoricalLocations", "Datastreams", "Observations"}),
    ("Datastreams", {"Datastreams", "Observations"}),
    ("Sensors", {"Sensors", "Datastreams", "Observations"}),
    ("ObservedProperties", {"ObservedProperties", "Datastreams", "Observations"}),
    ("Locations", {"Locations", "HistoricalLocations"}),
    ("FeaturesOfInterest", {"FeaturesOfInterest", "Observations"}),
    ("HistoricalLocations", {"HistoricalLocations"}),
]
SETS = ("Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties",
        "Observations", "FeaturesOfInterest")  # fmt: skip


@pytest.mark.parametrize(("deleted", "gone"), CASCADES)
def test_delete_takes_what_cannot_be_without(
    sta: Sta, world: dict[str, int], deleted: str, gone: set[str]
) -> None:
    sta.delete(f"{deleted}({sta.ids(deleted)[0]})")
    assert {name for name in SETS if not sta.ids(name)} == gone


def test_delete_one_observation(sta: Sta, world: dict[str, int]) -> None:
    first = sta.ids("Observations")[0]
    sta.delete(f"Observations({first})")
    sta.get(f"Observations({first})", 404)
    sta.delete(f"Observations({first})", 404)
    assert sta.get("Observations?$count=true")["@iot.count"] == 3


def test_delete_by_filter(sta: Sta, world: dict[str, int]) -> None:
    answer = sta.send("DELETE", "Observations?$filter=result%20lt%203", b"", 200)
    assert answer.json() == {"@iot.count": 2} and len(sta.ids("Observations")) == 2
    sta.send("DELETE", "Things?$filter=name%20eq%20'x'", b"", 200)
    assert sta.ids("Things")


def test_a_move_is_remembered(sta: Sta, world: dict[str, int]) -> None:
    path = f"Things({world['thing']})"
    second = sta.make(f"{path}/Locations", place("新址", 117.5))
    assert sta.ids(f"{path}/Locations") == [second]
    history = sta.get(f"{path}/HistoricalLocations?$expand=Locations&$orderby=time")["value"]
    assert [one["Locations"][0]["name"] for one in history] == ["黄台桥", "新址"]
    first = sta.ids("Locations")[0]
    sta.patch(path, {"Locations": [{"@iot.id": first}]})
    assert sta.ids(f"{path}/Locations") == [first]
    assert len(sta.ids(f"{path}/HistoricalLocations")) == 3


def test_a_move_written_by_hand(sta: Sta, world: dict[str, int]) -> None:
    path, other = f"Things({world['thing']})", sta.make("Locations", place("他处", 118))
    link = {"Thing": {"@iot.id": world["thing"]}, "Locations": [{"@iot.id": other}]}
    sta.post("HistoricalLocations", {"time": "2001-01-01T00:00:00Z", **link})
    assert sta.ids(f"{path}/Locations") != [other], "an old move changes nothing now"
    sta.post("HistoricalLocations", {"time": "2101-01-01T00:00:00Z", **link})
    assert sta.ids(f"{path}/Locations") == [other]
    sta.post("HistoricalLocations", {"time": "2101-01-01T00:00:00Z", "Thing": link["Thing"]}, 400)


def test_the_same_key_makes_one_thing(sta: Sta) -> None:
    made = [
        sta.send("POST", "Things", thing(), 201, **{"Idempotency-Key": "k1"})["Location"] for _ in range(2)
    ]
    assert made[0] == made[1] and Thing.objects.count() == 1
