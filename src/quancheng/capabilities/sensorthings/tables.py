"""实体与表: which table, columns and joins stand for each entity type of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.sensorthings import models as m
from quancheng.core.sensorthings.model import BY_NAME, EntityType


@dataclass(frozen=True, slots=True)
class Join:
    """A relation: the lookup from here to the target, and from the target back here."""

    forward: str
    back: str


@dataclass(frozen=True, slots=True)
class Table:
    """One entity type's table: ``where`` narrows it, ``columns`` maps properties to attributes."""

    type: EntityType
    model: Any
    """The Django model."""
    columns: dict[str, str]
    joins: dict[str, Join]
    where: dict[str, Any]


_NAMED = {"name": "name", "description": "description", "properties": "properties"}
_SINGLE, _MULTI = {"multi": False}, {"multi": True}


def _table(
    name: str,
    model: Any,
    columns: dict[str, str],
    joins: dict[str, Join],
    where: dict[str, Any] | None = None,
) -> Table:
    return Table(BY_NAME[name], model, columns, joins, where or {})


_OF_STREAM = {"Thing": Join("thing", "streams"), "Sensor": Join("sensor", "streams")}
_STREAM_COLUMNS = {**_NAMED, "observationType": "observation_type", "observedArea": "area"}

TABLES: dict[str, Table] = {
    one.type.name: one
    for one in (
        _table(
            "Thing",
            m.Thing,
            _NAMED,
            {
                "Locations": Join("locations", "things"),
                "HistoricalLocations": Join("history", "thing"),
                "Datastreams": Join("streams", "thing"),
                "MultiDatastreams": Join("streams", "thing"),
            },
        ),
        _table(
            "Location",
            m.Location,
            {**_NAMED, "encodingType": "encoding_type", "location": "geometry"},
            {
                "Things": Join("things", "locations"),
                "HistoricalLocations": Join("historical_locations", "locations"),
            },
        ),
        _table(
            "HistoricalLocation",
            m.HistoricalLocation,
            {"time": "time"},
            {
                "Thing": Join("thing", "history"),
                "Locations": Join("locations", "historical_locations"),
            },
        ),
        _table(
            "Datastream",
            m.Stream,
            {**_STREAM_COLUMNS, "unitOfMeasurement": "unit"},
            {**_OF_STREAM, "ObservedProperty": Join("observed_property", "streams")},
            _SINGLE,
        ),
        _table(
            "MultiDatastream",
            m.Stream,
            {**_STREAM_COLUMNS, "unitOfMeasurements": "unit", "multiObservationDataTypes": "data_types"},
            {**_OF_STREAM, "ObservedProperties": Join("observed_properties", "multi_streams")},
            _MULTI,
        ),
        _table(
            "Sensor",
            m.Sensor,
            {**_NAMED, "encodingType": "encoding_type", "metadata": "metadata"},
            {"Datastreams": Join("streams", "sensor"), "MultiDatastreams": Join("streams", "sensor")},
        ),
        _table(
            "ObservedProperty",
            m.ObservedProperty,
            {**_NAMED, "definition": "definition"},
            {
                "Datastreams": Join("streams", "observed_property"),
                "MultiDatastreams": Join("multi_streams", "observed_properties"),
            },
        ),
        _table(
            "FeatureOfInterest",
            m.FeatureOfInterest,
            {**_NAMED, "encodingType": "encoding_type", "feature": "geometry"},
            {},
        ),
    )
}
OBSERVATION = "Observation"
STREAMS = ("Datastream", "MultiDatastream")
