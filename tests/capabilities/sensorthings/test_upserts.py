"""Other modules keep their things and streams here by their own keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from quancheng.capabilities.sensorthings import actions, queries
from quancheng.capabilities.sensorthings.models import (
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    Stream,
    Thing,
    Version,
)
from quancheng.capabilities.sensorthings.values import StreamRow, ThingRow
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotSignedIn

pytestmark = pytest.mark.django_db


def thing(call: Call, **changes: object) -> int:
    facts = {
        "key": "things:JN-R-017", "name": "黄台桥雨量站", "description": "雨量", "properties": {"region": "370105"},
        "lon": 117.05, "lat": 36.71,
    }  # fmt: skip
    return actions.upsert_thing(call, **{**facts, **changes})  # type: ignore[arg-type]


def stream(call: Call, of: int, **changes: object) -> int:
    rain = actions.upsert_observed_property(
        call, key="rain", name="降雨量", definition="http://example.org/rain"
    )
    gauge = actions.upsert_sensor(call, key="tipping", name="翻斗式雨量计")
    facts = {
        "key": "things:JN-R-017:rain", "thing": of, "name": "降雨量", "description": "5分钟", "unit_name": "毫米",
        "unit_symbol": "mm", "unit_definition": "ucum:mm", "observed_property": rain, "sensor": gauge,
    }  # fmt: skip
    return actions.upsert_stream(call, **{**facts, **changes})  # type: ignore[arg-type]


def test_the_same_key_is_the_same_thing(system_call: Call) -> None:
    first = thing(system_call)
    assert thing(system_call) == first
    assert Thing.objects.count() == 1 and Location.objects.count() == 1
    assert Version.objects.filter(kind="Thing").count() == 2, "made, then placed; nothing for the repetition"
    assert thing(system_call, name="黄台桥") == first
    assert Thing.objects.get().name == "黄台桥"


def test_a_moved_thing_remembers_where_it_was(system_call: Call) -> None:
    pk = thing(system_call)
    thing(system_call, lon=117.06)
    assert HistoricalLocation.objects.filter(thing=pk).count() == 2
    assert [one.west for one in Location.objects.filter(things=pk)] == [117.06]
    assert FeatureOfInterest.objects.count() == 2


def test_streams_are_found_by_thing_and_property(system_call: Call, anonymous: Actor) -> None:
    pk = stream(system_call, thing(system_call))
    assert queries.stream_ids(anonymous, thing_key="things:JN-R-017", property="rain") == [pk]
    assert queries.stream_ids(anonymous, property="降雨量") == [pk]
    fact = queries.stream(pk)
    assert (fact.key, fact.thing_key, fact.unit, fact.property) == (
        "things:JN-R-017:rain", "things:JN-R-017", "mm", "降雨量",
    )  # fmt: skip
    stream(system_call, fact.thing, public=False)
    assert queries.stream_ids(anonymous) == [], "no longer public"


def test_what_does_not_exist_or_is_nowhere_is_refused(system_call: Call, anonymous: Actor) -> None:
    with pytest.raises(InvalidInput):
        stream(system_call, 9999)
    with pytest.raises(InvalidInput):
        thing(system_call, lon=400.0)
    assert not Thing.objects.exists(), "nothing half-written"
    with pytest.raises(NotSignedIn):
        thing(Call(anonymous))


def registry(call: Call, count: int, **changes: Any) -> list[ThingRow]:
    rain = actions.upsert_observed_property(
        call, key="rain", name="降雨量", definition="http://example.org/rain"
    )
    gauge = actions.upsert_sensor(call, key="tipping", name="翻斗式雨量计")
    return [
        ThingRow(
            **{
                "key": f"s:{n}", "name": f"站{n}", "description": "", "properties": {"n": n},
                "lon": 117 + n / 1000, "lat": 36.6, "location_name": f"地{n}",
                "streams": (StreamRow(f"s:{n}:rain", "降雨量", "", "毫米", "mm", "ucum:mm", rain, gauge),),
                **changes,
            }
        )
        for n in range(count)
    ]  # fmt: skip


def test_a_registry_comes_at_once_and_is_what_single_upserts_make(system_call: Call) -> None:
    rows = registry(system_call, 3)
    made = actions.upsert_things(system_call, rows=rows)
    one = rows[1]
    assert thing(
        system_call, key=one.key, name=one.name, description="", properties={"n": 1}, lon=one.lon, lat=one.lat,
        location_name=one.location_name,
    ) == made["things"]["s:1"]  # fmt: skip
    assert (
        stream(system_call, made["things"]["s:1"], key="s:1:rain", description="")
        == made["streams"]["s:1:rain"]
    )
    assert Version.objects.filter(kind="Thing").count() == 6, (
        "made and placed; the single upserts changed nothing"
    )
    assert Version.objects.filter(kind="Stream").count() == 3
    assert Location.objects.exclude(feature=None).count() == FeatureOfInterest.objects.count() == 3
    assert HistoricalLocation.objects.count() == 3
    before = Version.objects.count()
    assert actions.upsert_things(system_call, rows=rows) == made and Version.objects.count() == before


def test_of_a_registry_only_what_changed_is_written(system_call: Call) -> None:
    rows = registry(system_call, 3)
    made = actions.upsert_things(system_call, rows=rows)
    before = Version.objects.count()
    later = [replace(rows[0], lon=118.0), replace(rows[1], name="新名"), rows[2]]
    later[2] = replace(rows[2], streams=(replace(rows[2].streams[0], unit_symbol="cm"),))
    assert actions.upsert_things(system_call, rows=later) == made
    assert [one.west for one in Location.objects.filter(things=made["things"]["s:0"])] == [118.0]
    assert HistoricalLocation.objects.filter(thing=made["things"]["s:0"]).count() == 2
    assert (
        Thing.objects.get(key="s:1").name == "新名"
        and Stream.objects.get(key="s:2:rain").unit["symbol"] == "cm"
    )
    renamed = Version.objects.get(kind="Thing", entity=made["things"]["s:1"], until=None)
    assert renamed.data["locations"] and renamed.data["name"] == "新名"
    assert Version.objects.count() == before + 6, "four for the move, one each for name and unit"


@pytest.mark.parametrize(
    "wrong",
    [{"key": "same"}, {"lon": 200.0}, {"streams": (StreamRow("x", "", "", "", "", "", 99_999, 1),)}],
)
def test_a_registry_with_a_fault_is_refused_whole(system_call: Call, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        actions.upsert_things(system_call, rows=registry(system_call, 2, **wrong))
    assert not Thing.objects.exists()
