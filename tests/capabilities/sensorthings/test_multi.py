"""MultiDatastream: several properties in one observation (OGC 18-088 § 15)."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Sta, place, stream, thing
from .test_datamodel import OM, check

UNITS = [
    {"name": "度", "symbol": "°", "definition": "ucum:deg"},
    {"name": "米每秒", "symbol": "m/s", "definition": "x"},
]
COLUMNS = [
    {"name": "风向", "definition": "http://example.org/d", "description": ""},
    {"name": "风速", "definition": "http://example.org/v", "description": ""},
]


def wind(**more: Any) -> dict[str, Any]:
    return {
        "name": "风", "description": "", "unitOfMeasurements": UNITS,
        "multiObservationDataTypes": [OM + "OM_Measurement"] * 2, "ObservedProperties": COLUMNS,
        "Sensor": stream()["Sensor"], "Thing": thing(Locations=[place()]), **more,
    }  # fmt: skip


def test_properties(sta: Sta) -> None:
    pk = sta.make("MultiDatastreams", wind())
    shown = {name: value for name, value in sta.get(f"MultiDatastreams({pk})").items() if "@" not in name}
    assert shown == {
        "name": "风", "description": "", "observationType": OM + "OM_ComplexObservation",
        "multiObservationDataTypes": [OM + "OM_Measurement"] * 2, "unitOfMeasurements": UNITS,
    }  # fmt: skip


def test_relations(sta: Sta) -> None:
    pk = sta.make("MultiDatastreams", wind())
    given = {"phenomenonTime": "2026-07-18T00:00:00.000Z", "resultTime": None, "result": [270, 3.5]}
    one = sta.make(f"MultiDatastreams({pk})/Observations", given)
    check(sta, f"Observations({one})", given, {"MultiDatastream", "FeatureOfInterest"})
    assert sta.names(f"MultiDatastreams({pk})/ObservedProperties") == ["风向", "风速"], (
        "in the order of columns"
    )
    first = sta.ids("ObservedProperties")[0]
    assert sta.ids(f"ObservedProperties({first})/MultiDatastreams") == [pk]
    assert sta.get("Datastreams") == {"value": []} and sta.get(f"Observations({one})/Datastream", 404)
    assert sta.names("MultiDatastreams?$filter=Observations/result[1] gt 3") == ["风"]
    assert sta.get("Observations?$filter=result[0] eq 270 and MultiDatastream/name eq '风'")["value"]
    assert sta.get("Things?$expand=MultiDatastreams/ObservedProperties")["value"][0]["MultiDatastreams"]
    sta.delete(f"ObservedProperties({first})")
    assert sta.ids("MultiDatastreams") == [] and sta.ids("Observations") == []


@pytest.mark.parametrize(
    "change",
    [{"unitOfMeasurements": UNITS[:1]}, {"multiObservationDataTypes": ["x"]}, {"ObservedProperties": COLUMNS[:1]},
     {"ObservedProperties": []}, {"observationType": OM + "OM_Measurement"}, {"unitOfMeasurements": "x"}],
)  # fmt: skip
def test_constraints(sta: Sta, change: dict[str, Any]) -> None:
    sta.post("MultiDatastreams", wind() | change, 400)
    pk = sta.make("MultiDatastreams", wind())
    for result in (1, [1], [1, 2, 3]):
        answer = sta.post(f"MultiDatastreams({pk})/Observations", {"result": result}, 400)
        assert "list of 2" in answer["message"]
    sta.patch(f"MultiDatastreams({pk})", {"unitOfMeasurements": UNITS[:1]}, 400)
