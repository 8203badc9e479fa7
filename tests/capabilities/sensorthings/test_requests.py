"""Reading: addresses, query options, their order, pages (OGC 18-088 § 9)."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sta, place, stream, thing


def test_addresses(sta: Sta, world: dict[str, int]) -> None:
    t, d = world["thing"], world["stream"]
    assert sta.get(f"Things({t})/Datastreams({d})/Observations?$top=1")["value"][0]["result"] == 1
    assert sta.get(f"Datastreams({d})/Thing")["@iot.id"] == t
    assert sta.get(f"Things({t})/name") == {"name": "雨量站"}
    assert sta.get(f"Things({t})/name/$value") == "雨量站"
    assert sta.get(f"Things({t})/properties/$value") == {"kind": "rain", "rank": 1}
    assert sta.get(f"Things({t})/properties/rank") == {"rank": 1}
    links = sta.get(f"Things({t})/Datastreams/$ref")
    assert links == {"value": [{"@iot.selfLink": f"http://testserver/sta/v1.1/Datastreams({d})"}]}
    first = sta.ids("Observations")[0]
    assert sta.get(f"Observations({first})/Datastream/Thing/Locations")["value"][0]["name"] == "黄台桥"
    assert sta.get(f"Datastreams({d})/Observations({first})/result") == {"result": 1}


@pytest.mark.parametrize(
    "path",
    ["Nothing", "Things(999)", "Things('x')", "Things(1)/Nothing", "Things(99)/Datastreams", "Observations(9)",
     "Things/name", "Datastreams(99)/Observations", "Things(1)(2)", "Things(-1)", "Things(99999999999999999999)"],
)  # fmt: skip
def test_what_is_not_there_is_404(sta: Sta, path: str) -> None:
    answer = sta.get(path, 404)
    assert answer["code"] == 404 and answer["detail"]["zh"] and answer["message"] == answer["detail"]["en"]


@pytest.mark.parametrize(
    "query",
    ["$nothing=1", "foo=1", "$top=-1", "$top=x", "$skip=1.5", "$count=maybe", "$filter=name", "$filter=name eq",
     "$filter=nothing eq 1", "$filter=Datastreams/nothing eq 1", "$orderby=nothing", "$select=nothing",
     "$expand=Nothing", "$expand=Datastreams($top=x)", "$expand=Datastreams(", "$filter=substringof('a')",
     "$filter=unknown(name)", "$top=1&$top=2", "$resultFormat=xml", "$filter=name eq 'a", "$orderby=name up",
     "$filter=st_relate(1,2,3)", "$asOf=yesterday", "$resultFormat=dataArray"],
)  # fmt: skip
def test_what_makes_no_sense_is_400(sta: Sta, query: str) -> None:
    assert sta.get(f"Things?{query}", 400)["code"] == 400


@pytest.fixture
def many(sta: Sta) -> list[int]:
    """Five things; each with rank, name, a place one degree further east."""
    return [
        sta.make(
            "Things",
            thing(
                f"站{'甲乙丙丁戊'[n]}",
                properties={"rank": n, "owner": {"code": f"jn-{n % 2}"}},
                Locations=[place(f"地{n}", 116.0 + n)],
            ),
        )
        for n in range(5)
    ]


def test_options_apply_in_their_order(sta: Sta, many: list[int]) -> None:
    """Filter, count, order, skip, top; select and expand change only what is shown (§ 9.3.1)."""
    found = sta.get(
        "Things?$top=1&$skip=1&$orderby=properties/rank desc&$count=true&$filter=properties/rank lt 3"
        "&$select=name&$expand=Locations($select=name)"
    )
    assert found["@iot.count"] == 3
    assert found["value"] == [{"name": "站乙", "Locations": [{"name": "地1"}]}]


def test_expand(sta: Sta, world: dict[str, int]) -> None:
    path = (
        "Things?$expand=Locations/HistoricalLocations,Datastreams($select=name;$expand=Thing($select=id),"
        "Observations($filter=result gt 1;$orderby=result desc;$top=1;$select=result;$count=true))"
    )
    one = sta.get(path)["value"][0]
    assert one["Locations"][0]["HistoricalLocations"][0]["@iot.id"]
    inner = one["Datastreams"][0]
    assert inner["Thing"] == {"@iot.id": world["thing"]}
    assert inner["Observations"] == [{"result": 4}] and inner["Observations@iot.count"] == 2
    following = inner["Observations@iot.nextLink"].partition("/sta/v1.1/")[2].replace("%20", " ")
    assert sta.get(following)["value"] == [{"result": 2.5}]


def test_select(sta: Sta, world: dict[str, int]) -> None:
    assert sta.get("Things?$select=name,id")["value"] == [{"@iot.id": world["thing"], "name": "雨量站"}]
    assert set(sta.get("Things?$select=Datastreams")["value"][0]) == {"Datastreams@iot.navigationLink"}


def test_orderby(sta: Sta, many: list[int]) -> None:
    assert sta.ids("Things?$orderby=id desc") == many[::-1]
    assert sta.ids("Things?$orderby=properties/owner/code desc,properties/rank desc") == [
        many[3], many[1], many[4], many[2], many[0],
    ]  # fmt: skip
    assert sta.ids("Things?$orderby=Locations/name desc") == many[::-1]
    assert sta.ids("Locations?$orderby=name desc&$top=2") == sta.ids("Locations")[:2:-1]


def test_orderby_of_observations(sta: Sta, world: dict[str, int]) -> None:
    results = [one["result"] for one in sta.get("Observations?$orderby=result desc")["value"]]
    assert results[:3] == [4, 2.5, 1]
    by_stream = sta.get("Observations?$orderby=Datastream/name,phenomenonTime desc&$top=1")
    assert by_stream["value"][0]["result"] == "坏"


def test_top_skip_and_pages(sta: Sta, many: list[int]) -> None:
    first = sta.get("Things?$top=2&$orderby=name&$filter=properties/rank ge 0")
    assert len(first["value"]) == 2
    link, seen = first["@iot.nextLink"], first["value"]
    assert "$skip=2" in link and "$top=2" in link
    while link:
        answer = sta.client.get(link).json()
        seen += answer["value"]
        link = answer.get("@iot.nextLink")
    assert [one["@iot.id"] for one in seen] == sta.ids("Things?$orderby=name")
    assert sta.get("Things?$top=0") == {"value": []}
    assert sta.get("Things?$skip=100") == {"value": []}


def test_pages_of_their_own_size(sta: Sta, world: dict[str, int]) -> None:
    rows = [[f"2026-07-19T{n // 60:02d}:{n % 60:02d}:00Z", n] for n in range(150)]
    group = {
        "Datastream": {"@iot.id": world["stream"]},
        "components": ["phenomenonTime", "result"],
        "dataArray": rows,
    }
    sta.post("CreateObservations", [group])
    answer = sta.get("Observations?$count=true")
    assert answer["@iot.count"] == 154 and len(answer["value"]) == 100
    assert len(sta.client.get(answer["@iot.nextLink"]).json()["value"]) == 54
    assert len(sta.get("Observations?$top=100000")["value"]) == 154


def test_count(sta: Sta, many: list[int]) -> None:
    assert sta.get("Things?$count=true&$top=1")["@iot.count"] == 5
    assert "@iot.count" not in sta.get("Things?$count=false")
    assert sta.get("Things?$filter=properties/rank gt 2&$count=true")["@iot.count"] == 2


OPERATIONS: list[tuple[str, list[Any]]] = [
    ("result eq 2.5", [2.5]),
    ("result ne 2.5", [1, 4, "坏"]),
    ("result gt 1", [2.5, 4]),
    ("result ge 1", [1, 2.5, 4]),
    ("result lt 4", [1, 2.5]),
    ("result le 4", [1, 2.5, 4]),
    ("result eq '坏'", ["坏"]),
    ("result eq null", []),
    ("result ne null", [1, 2.5, 4, "坏"]),
    ("result gt 1 and result lt 4", [2.5]),
    ("result lt 2 or result gt 3", [1, 4]),
    ("not (result lt 2)", [2.5, 4]),
    ("result add 1 eq 2", [1]),
    ("result sub 1 eq 3", [4]),
    ("result mul 2 eq 5", [2.5]),
    ("result div 2 eq 2", [4]),
    ("result mod 2 eq 0", [4]),
    ("-result lt -3", [4]),
    ("result in (1, 4)", [1, 4]),
    ("(result gt 0 and result lt 3) and not (result eq 1)", [2.5]),
    ("result gt 2 and Datastream/Thing/name eq '雨量站'", [2.5, 4]),
    ("Datastream/Thing/properties/kind eq 'snow'", []),
    ("Datastream/id ge 1 and result eq 1", [1]),
    ("FeatureOfInterest/name eq '黄台桥' and result eq 1", [1]),
    ("not (Datastream/name eq 'x') and result eq 4", [4]),
]


@pytest.mark.parametrize(("filter", "results"), OPERATIONS)
def test_filter_operations_on_observations(
    sta: Sta, world: dict[str, int], filter: str, results: list[Any]
) -> None:
    found = sta.get(f"Observations?$filter={filter}&$count=true")
    assert [one["result"] for one in found["value"]] == results
    assert found["@iot.count"] == len(results)


FUNCTIONS: list[tuple[str, int]] = [
    ("substringof('坏', result)", 1),
    ("endswith(result, '坏')", 1),
    ("startswith(result, '好')", 0),
    ("length(result) eq 1", 1),
    ("indexof(concat('很', result), '坏') eq 1", 1),
    ("substring('abcdef', 2) eq 'cdef'", 4),
    ("substring('abcdef', 1, 2) eq 'bc'", 4),
    ("tolower('ABC') eq 'abc' and toupper('abc') eq 'ABC' and trim(' a ') eq 'a'", 4),
    ("year(phenomenonTime) eq 2026 and month(phenomenonTime) eq 7 and day(phenomenonTime) eq 18", 4),
    ("hour(phenomenonTime) ge 2", 2),
    (
        "minute(phenomenonTime) eq 0 and second(phenomenonTime) eq 0 and fractionalseconds(phenomenonTime) eq 0",
        4,
    ),
    ("date(phenomenonTime) eq 2026-07-18", 4),
    ("time(phenomenonTime) gt 01:30:00", 2),
    ("totaloffsetminutes(2026-07-18T08:00:00+08:00) eq 480", 4),
    ("phenomenonTime lt now()", 4),
    ("phenomenonTime gt mindatetime() and phenomenonTime lt maxdatetime()", 4),
    ("round(result) eq 3", 1),
    ("floor(result) eq 2", 1),
    ("ceiling(result) eq 3", 1),
    ("phenomenonTime ge 2026-07-18T10:00:00+08:00", 2),
    ("phenomenonTime eq 2026-07-18T01:00:00Z", 1),
    ("phenomenonTime add duration'PT2H' gt 2026-07-18T04:00:00Z", 1),
    ("during(phenomenonTime, 2026-07-18T01:00:00Z/2026-07-18T03:00:00Z)", 2),
    ("phenomenonTime before 2026-07-18T01:00:00Z", 1),
    ("after(phenomenonTime, 2026-07-18T01:00:00Z)", 2),
    ("geo.distance(geography'POINT(0 0)', geography'POINT(3 4)') eq 5", 4),
    ("st_within(FeatureOfInterest/feature, geography'POLYGON((117 36,118 36,118 37,117 37,117 36))')", 4),
    ("geo.intersects(FeatureOfInterest/feature, geography'POINT(1 1)')", 0),
    ("resultTime eq null", 4),
]


@pytest.mark.parametrize(("filter", "count"), FUNCTIONS)
def test_filter_functions_on_observations(sta: Sta, world: dict[str, int], filter: str, count: int) -> None:
    assert sta.get(f"Observations?$filter={filter}&$count=true")["@iot.count"] == count


ENTITIES: list[tuple[str, str, int]] = [
    ("Things", "name eq '站甲'", 1),
    ("Things", "id gt 0 and name ne '站甲'", 4),
    ("Things", "startswith(name, '站')", 5),
    ("Things", "substringof('甲', name) or endswith(name, '乙')", 2),
    ("Things", "not startswith(name, '站甲')", 4),
    ("Things", "properties/owner/code eq 'jn-1'", 2),
    ("Things", "properties/rank mod 2 eq 0", 3),
    ("Things", "properties/nothing eq null", 5),
    ("Things", "properties/rank gt 1 and properties/rank le 3", 2),
    ("Things", "Locations/name eq '地3'", 1),
    ("Things", "geo.distance(Locations/location, geography'POINT(116 36.71)') lt 1.5", 2),
    ("Locations", "st_within(location, geography'POLYGON((115.5 36,117.5 36,117.5 37,115.5 37,115.5 36))')", 2),
    ("Locations", "st_intersects(location, geography'LINESTRING(116 36.71, 118 36.71)')", 3),
    ("Locations", "st_equals(location, geography'POINT(116 36.71)')", 1),
    ("Locations", "st_disjoint(location, geography'POINT(116 36.71)')", 4),
    ("Locations", "st_contains(geography'POLYGON((115 36,117 36,117 37,115 37,115 36))', location)", 1),
    ("Locations", "st_touches(location, geography'POLYGON((116 36,117.5 36,117.5 37,116 37,116 36))')", 1),
    ("Locations", "st_relate(location, geography'POINT(116 36.71)', 'T********')", 1),
    ("Locations", "st_crosses(geography'LINESTRING(0 0,1 1)', geography'LINESTRING(0 1,1 0)')", 5),
    ("Locations", "st_overlaps(geography'POLYGON((0 0,2 0,2 2,0 2,0 0))', geography'POLYGON((1 1,3 1,3 3,1 3,1 1))')", 5),
    ("Locations", "geo.length(geography'LINESTRING(0 0,0 2)') eq 2", 5),
    ("Locations", "Things/properties/rank eq 4", 1),
    ("HistoricalLocations", "time lt now() and Thing/name eq '站甲'", 1),
    ("Things", "length(name) eq 2 and tolower(description) eq '站'", 5),
    ("Things", "id in (1,2,3) or true", 5),
]  # fmt: skip


@pytest.mark.parametrize(("set_", "filter", "count"), ENTITIES)
def test_filter_on_entities(sta: Sta, many: list[int], set_: str, filter: str, count: int) -> None:
    found = sta.get(f"{set_}?$filter={filter}&$count=true")
    assert (found["@iot.count"], len(found["value"])) == (count, count)


def test_filter_through_observations(sta: Sta, world: dict[str, int]) -> None:
    sta.make("Things", thing("无数据", Locations=[place()], Datastreams=[stream()]))
    assert sta.ids("Things?$filter=Datastreams/Observations/result gt 3") == [world["thing"]]
    assert sta.ids("Things?$filter=not (Datastreams/Observations/result gt 3)") == [world["thing"]], (
        "one is not"
    )
    both = "Observations/result eq 4 and Observations/phenomenonTime lt 2026-07-18T01:30:00Z"
    assert sta.ids(f"Datastreams?$filter={both}") == [], "one observation must meet both"
    assert sta.ids("Datastreams?$filter=phenomenonTime gt 2026-07-17T00:00:00Z") == [world["stream"]]
    assert sta.ids("FeaturesOfInterest?$filter=Observations/result eq 1") == sta.ids("FeaturesOfInterest")[:1]
    assert sta.names("ObservedProperties?$filter=Datastreams/Thing/name eq '无数据'") == ["雨量"]


def test_latest_value_of_all_things(sta: Sta, world: dict[str, int]) -> None:
    path = "Things?$expand=Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))"
    inner = sta.get(path)["value"][0]["Datastreams"][0]["Observations"]
    assert [one["result"] for one in inner] == ["坏"]


def test_status_codes_and_methods(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    sta.send("POST", f"Things({t})", thing(), 405)
    sta.send("DELETE", "Things", b"", 400)
    sta.send("TRACE", "Things", b"", 405)
    sta.send("POST", "Things", b"{not json", 400)
    sta.send("PATCH", f"Things({t})/name", {}, 405)
    head = sta.client.head("/sta/v1.1/Things")
    assert head.status_code == 200 and head["Content-Type"].startswith("application/json")
    assert sta.client.get("/sta/").status_code == 302
