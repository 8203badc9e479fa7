"""``$ref``: links read and written (OGC 18-088 § 9.2.7; OData 4.0 part 1 § 11.4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sta, place, stream, thing

HOST = "http://testserver/sta/v1.1"


def test_links_are_read(sta: Sta, world: dict[str, int]) -> None:
    t, d = world["thing"], world["stream"]
    assert sta.get(f"Datastreams({d})/Thing/$ref") == {"@iot.selfLink": f"{HOST}/Things({t})"}
    assert sta.get(f"Things({t})/Datastreams({d})/$ref") == {"@iot.selfLink": f"{HOST}/Datastreams({d})"}
    assert sta.get("Things/$ref?$count=true") == {
        "@iot.count": 1, "value": [{"@iot.selfLink": f"{HOST}/Things({t})"}],
    }  # fmt: skip
    page = sta.get("Observations/$ref?$top=2")
    assert len(page["value"]) == 2 and "/Observations/$ref?" in page["@iot.nextLink"]


def test_places_of_a_thing(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    second, third = sta.make("Locations", place("二")), sta.make("Locations", place("三"))
    path = f"Things({t})/Locations"
    first = sta.ids(path)[0]
    sta.send("POST", f"{path}/$ref", {"@odata.id": f"{HOST}/Locations({second})"}, 204)
    sta.send("POST", f"{path}/$ref", {"@odata.id": f"Locations({second})"}, 204)
    assert sta.ids(path) == [first, second]
    sta.send("DELETE", f"{path}({first})/$ref", b"", 204)
    sta.send("DELETE", f"{path}({first})/$ref", b"", 404)
    sta.send("POST", f"Locations({third})/Things/$ref", {"@iot.id": t}, 204)
    assert sta.ids(path) == [second, third]
    sta.send("DELETE", f"{path}/$ref?$id={HOST}/Locations({third})", b"", 204)
    sta.send("DELETE", f"Locations({second})/Things/$ref?$id=../Things({t})", b"", 400)
    sta.send("DELETE", f"Locations({second})/Things({t})/$ref", b"", 204)
    assert sta.ids(path) == [] and sta.ids("Locations") == [first, second, third]
    moves = sta.get(f"Things({t})/HistoricalLocations?$expand=Locations($select=id)&$orderby=id")["value"]
    assert [len(one["Locations"]) for one in moves] == [1, 2, 1, 2, 1]
    sta.send("PUT", f"{path}/$ref", {"value": [{"@iot.id": first}, {"@iot.id": third}]}, 204)
    assert sta.ids(path) == [first, third]


def test_a_relation_to_one(sta: Sta, world: dict[str, int]) -> None:
    d = world["stream"]
    other = sta.make("Things", thing("另", Locations=[place()]))
    sta.send("PUT", f"Datastreams({d})/Thing/$ref", {"@iot.selfLink": f"/v1.1/Things({other})"}, 204)
    assert sta.ids(f"Things({other})/Datastreams") == [d]
    sta.send("DELETE", f"Datastreams({d})/Thing/$ref", b"", 400)
    sta.send("POST", f"Things({world['thing']})/Datastreams/$ref", {"@iot.id": d}, 204)
    assert sta.get(f"Datastreams({d})/Thing")["@iot.id"] == world["thing"]
    history = sta.ids(f"Things({other})/HistoricalLocations")[0]
    sta.send("PUT", f"HistoricalLocations({history})/Thing/$ref", {"@iot.id": world["thing"]}, 204)
    location = sta.ids(f"HistoricalLocations({history})/Locations")[0]
    sta.send("DELETE", f"HistoricalLocations({history})/Locations({location})/$ref", b"", 400)


def test_links_of_observations(sta: Sta, world: dict[str, int]) -> None:
    d, first = world["stream"], sta.ids("Observations")[0]
    second = sta.make("Datastreams", stream("二", Thing={"@iot.id": world["thing"]}))
    sta.send("PUT", f"Observations({first})/Datastream/$ref", {"@iot.id": second}, 204)
    assert sta.ids(f"Datastreams({second})/Observations") == [first]
    sta.send("POST", f"Datastreams({d})/Observations/$ref", {"@odata.id": f"Observations({first})"}, 204)
    assert first in sta.ids(f"Datastreams({d})/Observations")
    sta.send("DELETE", f"Datastreams({d})/Observations({first})/$ref", b"", 400)


def test_columns_of_a_multi_datastream(sta: Sta, world: dict[str, int]) -> None:
    kind = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
    unit = {"name": "a", "symbol": "a", "definition": "a"}
    body = stream("M", unitOfMeasurements=[unit, unit], multiObservationDataTypes=[kind, kind])
    one = body.pop("ObservedProperty")
    for name in ("unitOfMeasurement", "observationType"):
        body.pop(name)
    multi = sta.make(
        "MultiDatastreams", {**body, "Thing": {"@iot.id": world["thing"]}, "ObservedProperties": [one, one]}
    )
    path = f"MultiDatastreams({multi})/ObservedProperties"
    first, second = sta.ids(path)
    sta.send("PUT", f"{path}/$ref", [{"@iot.id": second}, {"@iot.id": first}], 204)
    assert sta.ids(path) == [second, first]
    sta.send("POST", f"{path}/$ref", {"@iot.id": first}, 400)
    sta.send("DELETE", f"{path}({first})/$ref", b"", 400)
    assert sta.ids(path) == [second, first]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [("POST", "Things/$ref", {"@iot.id": 1}, 405), ("POST", "Datastreams({d})/Thing/$ref", {}, 400),
     ("PUT", "Datastreams({d})/Thing/$ref", {"@iot.id": 99}, 400),
     ("PUT", "Datastreams({d})/Thing/$ref", {"@odata.id": "Sensors(1)"}, 400),
     ("PUT", "Datastreams({d})/Thing/$ref", {"@odata.id": "https://[x"}, 400),
     ("POST", "Things({t})/Locations/$ref", [], 400), ("POST", "Things(99)/Locations/$ref", {"@iot.id": 1}, 404),
     ("POST", "Things({t})/Locations(1)/$ref", {"@iot.id": 1}, 405), ("DELETE", "Things({t})/Locations/$ref", b"", 400),
     ("DELETE", "Things({t})/Datastreams({d})/$ref", b"", 400), ("POST", "Things({t})/Nix/$ref", {"@iot.id": 1}, 404)],
)  # fmt: skip
def test_what_makes_no_sense(
    sta: Sta, world: dict[str, int], method: str, path: str, body: Any, status: int
) -> None:
    answer = sta.send(method, path.format(t=world["thing"], d=world["stream"]), body, status)
    assert answer.json()["code"] == status


def test_links_inside_a_batch(sta: Sta, world: dict[str, int]) -> None:
    requests = [
        {"id": "l", "method": "post", "url": "Locations", "body": place("批")},
        {"id": "r", "method": "post", "url": f"Things({world['thing']})/Locations/$ref", "body": {"@odata.id": "$l"}},
    ]  # fmt: skip
    answers = sta.post("$batch", {"requests": requests}, 200)["responses"]
    assert [one["status"] for one in answers] == [201, 204]
    assert sta.names(f"Things({world['thing']})/Locations") == ["黄台桥", "批"]
