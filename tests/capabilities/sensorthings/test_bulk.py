"""$batch (OGC 18-088 § 11) and data arrays (§ 12)."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.sensorthings.models import Thing

from .conftest import Sta, place, stream, thing

LINKS = ("ObservedProperty", "Sensor")


def batch(sta: Sta, *requests: dict[str, Any], status: int = 200) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sta.post("$batch", {"requests": list(requests)}, status)["responses"]
    return found


def test_batch(sta: Sta, world: dict[str, int]) -> None:
    first, second, third, fourth = batch(
        sta,
        {"id": "0", "method": "get", "url": f"Things({world['thing']})?$select=name"},
        {"id": "1", "method": "post", "url": "Things", "body": thing("批", Locations=[place()])},
        {"id": "2", "method": "post", "url": "$1/Datastreams", "body": stream()},
        {"id": "3", "method": "get", "url": "/v1.1/Nothing"},
    )
    assert first == {"id": "0", "status": 200, "body": {"name": "雨量站"}}
    assert second["status"] == third["status"] == 201 and fourth["status"] == 404
    assert sta.names(f"Things?$filter=Datastreams/id gt {world['stream']}") == ["批"]


def test_a_group_is_all_or_nothing(sta: Sta, world: dict[str, int]) -> None:
    link = {"Datastream": {"@iot.id": world["stream"]}}
    group = [
        {"id": "a", "atomicityGroup": "g", "method": "post", "url": "Things", "body": thing("甲")},
        {
            "id": "b",
            "atomicityGroup": "g",
            "method": "post",
            "url": "Observations",
            "body": {"result": 1, **link},
        },
        {"id": "c", "atomicityGroup": "g", "method": "post", "url": "Things", "body": {"name": "坏"}},
    ]
    answers = batch(sta, *group, {"id": "d", "method": "get", "url": "Things?$count=true"})
    assert [one["status"] for one in answers] == [424, 424, 400, 200]
    assert answers[3]["body"]["@iot.count"] == 1 and Thing.objects.count() == 1
    assert len(sta.ids("Observations")) == 4
    known = {
        name: {"@iot.id": sta.get(f"Datastreams({world['stream']})/{name}")["@iot.id"]} for name in LINKS
    }
    group[2]["body"] = thing("丙", Datastreams=[stream(**known)])
    assert [one["status"] for one in batch(sta, *group)] == [201, 201, 201]
    assert Thing.objects.count() == 3


def test_ids_of_earlier_requests_in_bodies(sta: Sta) -> None:
    answers = batch(
        sta,
        {"id": "t1", "atomicityGroup": "g", "method": "post", "url": "Things", "body": thing(Locations=[place()])},
        {"id": "d1", "atomicityGroup": "g", "method": "post", "url": "Datastreams",
         "body": stream(Thing={"@iot.id": "$t1"})},
        {"id": "o1", "atomicityGroup": "g", "method": "post", "url": "Observations",
         "body": {"result": 5, "Datastream": {"@iot.id": "$d1"}}},
    )  # fmt: skip
    assert [one["status"] for one in answers] == [201, 201, 201]
    assert sta.get("Observations")["value"][0]["result"] == 5


def test_a_batch_that_is_none(sta: Sta) -> None:
    for body in ({}, {"requests": 5}, [], {"requests": [5]}):
        sta.post("$batch", body, 400)
    (nested,) = batch(sta, {"id": "0", "method": "post", "url": "$batch", "body": {"requests": []}})
    assert nested["status"] == 400
    sta.send("POST", "$batch", b"--x--", 400, "multipart/mixed; boundary=x")


def test_data_array(sta: Sta, world: dict[str, int]) -> None:
    group = {
        "Datastream": {"@iot.id": world["stream"]},
        "components": ["phenomenonTime", "result", "resultTime"],
        "dataArray@iot.count": 2,
        "dataArray": [
            ["2026-07-19T00:00:00Z", 20, "2026-07-19T00:00:01Z"],
            ["2026-07-19T08:10:00+08:00", 30.5, "2026-07-19T00:10:01Z"],
        ],
    }
    made = sta.post("CreateObservations", [group])
    for link, result in zip(made, (20, 30.5), strict=True):
        assert sta.get(link.partition("/sta/v1.1/")[2] + "/result") == {"result": result}
    shown = sta.get("Observations?$resultFormat=dataArray&$filter=result ge 20&$count=true")
    assert shown["@iot.count"] == 2
    (array,) = shown["value"]
    assert array["Datastream@iot.navigationLink"].endswith(f"Datastreams({world['stream']})")
    place_of = {name: place for place, name in enumerate(array["components"])}
    assert [row[place_of["result"]] for row in array["dataArray"]] == [20, 30.5]
    assert array["dataArray"][1][place_of["phenomenonTime"]] == "2026-07-19T00:10:00.000Z"
    few = sta.get("Observations?$resultFormat=dataArray&$select=result&$top=1")["value"][0]
    assert (few["components"], few["dataArray"]) == (["result"], [[1]])


def test_each_row_is_judged_alone(sta: Sta, world: dict[str, int]) -> None:
    feature = sta.ids("FeaturesOfInterest")[0]
    groups = [
        {"Datastream": {"@iot.id": world["stream"]},
         "components": ["phenomenonTime", "result", "FeatureOfInterest/id", "parameters"],
         "dataArray": [["2026-07-19T00:00:00Z", "文字", feature, {"a": 1}], ["never", 1, feature, None],
                       ["2026-07-19T00:00:00Z", 1, 999, None], [1], ["2026-07-19T01:00:00Z", 2, feature, None]]},
        {"Datastream": {"@iot.id": 999}, "components": ["result"], "dataArray": [[1]]},
        {"Datastream": {"@iot.id": world["stream"]}, "components": ["phenomenonTime"], "dataArray": [["x"]]},
    ]  # fmt: skip
    made = sta.post("CreateObservations", groups)
    assert [one == "error" for one in made] == [False, True, True, True, False, True, True]
    assert len(sta.ids("Observations")) == 6
    for body in ({}, [5], [{"Datastream": {"@iot.id": 1}}]):
        sta.post("CreateObservations", body, 400)


def test_aggregation_over_time(sta: Sta, world: dict[str, int]) -> None:
    path = f"Datastreams({world['stream']})/Observations"
    hours = sta.get(f"{path}?$aggregate=hour&$functions=count,mean")["value"]
    assert [(one["count"], one["mean"]) for one in hours] == [(1, 1), (1, 2.5), (1, 4)]
    (day,) = sta.get(f"{path}?$aggregate=day&$functions=count,min,max,sum,first,last&$filter=result ge 2")[
        "value"
    ]
    assert day["phenomenonTime"] == "2026-07-17T16:00:00.000Z/2026-07-18T16:00:00.000Z", "the city's day"
    assert [day[name] for name in ("count", "min", "max", "sum", "first", "last")] == [2, 2.5, 4, 6.5, 2.5, 4]
    page = sta.get("Observations?$aggregate=PT2H&$top=1")
    assert page["value"][0]["count"] == 2 and "$skip=1" in page["@iot.nextLink"]
    for wrong in (
        "$aggregate=week",
        "$functions=mean",
        "$aggregate=hour&$functions=median",
        "$aggregate=PT0S",
    ):
        sta.get(f"{path}?{wrong}", 400)
    sta.get("Things?$aggregate=hour", 400)
