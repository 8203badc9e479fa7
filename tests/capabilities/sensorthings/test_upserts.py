"""Other modules keep their things and streams here by their own keys."""

from __future__ import annotations

import pytest

from quancheng.capabilities.sensorthings import actions, queries
from quancheng.capabilities.sensorthings.models import (
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    Thing,
    Version,
)
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
